#!/usr/bin/env bash
# Option lines from PaddleDetection's tutorials: tools/train.py, eval.py and infer.py at 666f597 (2024-10-18), and lines
# as typed in PaddlePaddle/PaddleDetection issues 5984 and 6923. What means nothing here is passed over with a line
# that says so, what is missing is refused with what to do instead.
. "$(dirname "$0")/lib.sh"
case_job
cd "$work/job" || exit 1
sed -i 's/^epoch: .*/epoch: 1/' recipe.yml
runs() { # NAME TEXT COMMAND OPTIONS...: ends with 0 and says the text
	says "$1" 0 "$2" "$flotilla" "$3" -c recipe.yml "${@:4}"
}
refuses() { # NAME TEXT COMMAND OPTIONS...
	says "$1" 2 "$2" "$flotilla" "$3" -c recipe.yml "${@:4}"
}

runs "use_vdl and its folder" "tensorboard --logdir vdl_dir/scalar" train --eval --use_vdl=true \
	--vdl_log_dir=vdl_dir/scalar
events() { [ "$(find "$1" -name 'events.out.tfevents.*' -size +0 | wc -l)" -eq "$2" ]; }
check "an event file is there" events vdl_dir/scalar 1
runs "words behind them" "tensorboard --logdir vdl_dir/scalar" train --eval --amp --use_vdl True --vdl_log_dir vdl_dir/scalar
check "each run has one of its own" events vdl_dir/scalar 2
runs "the folder without use_vdl" "Save checkpoint" train --vdl_log_dir none
check "writes none, as PaddleDetection" test ! -e none
once() { [ "$(grep -c "'--fleet' is accepted" "$work/says.log")" -eq 1 ]; }
runs "fleet, enable_ce, to_static, wandb" "'--fleet' is accepted" train --fleet --eval --enable_ce True --to_static \
	--use_wandb=False --save_prediction_only
all_said() {
	for o in enable_ce to_static use_wandb save_prediction_only; do
		grep -qF "'--$o' is accepted" "$work/says.log" || return 1
	done
}
check "each has its line" all_said
check "and one alone" once
runs "profiler and proposals" "'--profiler_options' is accepted" train --profiler_options "batch_range=[1,2];state=GPU" \
	--proposals_path p.json --eval True
runs "the same words as keys" "Save checkpoint" train -o use_gpu=true use_vdl=True vdl_log_dir=x fleet=True enable_ce=True \
	to_static=True use_wandb=False save_prediction_only=False profiler_options=x amp=1 use_ema=0 --eval False
not_scored() { ! grep -q "Average Precision" "$work/says.log"; }
check "--eval False does not score" not_scored
runs "-o twice, and once with nothing" "2 epochs" train -o epoch=2 -o -o log_iter=1
refuses "slim" "option '--slim_config' of PaddleDetection is not there: pruning" train --slim_config configs/slim/x.yml
refuses "proposals" "SNIPER" train --save_proposals
refuses "an option of another tool" "unknown option '--json_eval'" train --json_eval
refuses "a beginning of an option" "did you mean '--replay_draws'" train --repl x
refuses "a truth value that is none" "takes true or false, not 'maybe'" train --use_vdl=maybe
refuses "an option without its word" "option '--vdl_log_dir' needs DIR" train --vdl_log_dir

runs "eval with amp" "INFO: amp: " eval --classwise --amp
runs "predictions alone" "bbox result is saved to ./bbox.json" eval --save_prediction_only
no_score() { ! grep -q "Average Precision" "$work/says.log"; }
check "without a score" no_score
says "which can be scored later" 0 "Average Precision" "$flotilla" eval --gt val.json --dt bbox.json
runs "predictions to a folder" "saved to found/bbox.json" eval --save_prediction_only --output_eval found
refuses "json_eval" "--gt TRUTH.json --dt bbox.json" eval --json_eval
runs "json_eval that is not wanted" "'--json_eval' is accepted" eval --json_eval=False
refuses "slices in eval" "'--slice_infer' of PaddleDetection is not there" eval --slice_infer
refuses "bias" "xmax - xmin" eval --bias
runs "sizes of slices without slices" "means nothing without --slice_infer" eval --slice_size 640 640 \
	--overlap_ratio 0.25 0.25 --match_threshold 0.6 --match_metric ios

runs "infer with words behind flags" "pictures with" infer --infer_dir images --visualize True --save_results True
written() { [ -s output/bbox.json ] && [ -s "output/$(ls images | head -n 1)" ]; }
check "pictures and bbox.json" written
runs "infer without VisualDL" "'--use_vdl' is accepted" infer --infer_dir images --use_vdl=False
runs "results alone, above a score" "0 detections of score 1 and more in alone/bbox.json" infer --infer_dir images \
	--visualize False --save_results True --save_threshold 1 --output_dir alone
alone() { [ "$(ls alone)" = bbox.json ] && [ "$(tr -d ' \n' <alone/bbox.json)" = "[]" ]; }
check "no picture beside them" alone
refuses "neither results nor pictures" "nothing would be written" infer --infer_dir images --visualize False
runs "one picture goes before a folder" "1 picture with" infer --infer_dir images \
	--infer_img "images/$(ls images | head -n 1)"
refuses "a list of pictures" "'--infer_list' of PaddleDetection is not there" infer --infer_list list.txt --infer_dir images
refuses "slices in infer" "'--slice_infer' of PaddleDetection is not there" infer --infer_dir images --slice_infer \
	--slice_size 640 640 --overlap_ratio 0.25 0.25 --combine_method nms
refuses "evaluation after infer" "'flotilla eval' scores a model" infer --infer_dir images --do_eval True
runs "no evaluation after infer" "'--do_eval' is accepted" infer --infer_dir images --do_eval=False --rtn_im_file=True

says "export" 3 "no weights given" "$flotilla" export_model -c recipe.yml -o weights=
says "export's own options" 3 "'--for_fd' is accepted" "$flotilla" export_model -c recipe.yml --for_fd -o weights=
says "a path of the checkout" 2 "option '--nonsense'" "$flotilla" tools/train.py -c recipe.yml --nonsense
says "a script that is not ours" 2 "unknown command 'tools/anchor_cluster.py'" "$flotilla" tools/anchor_cluster.py -c recipe.yml
cp recipe.yml truth.yml && sed -i 's/^use_ema: false/use_ema: 2/' truth.yml
says "2 is no truth value" 3 "'use_ema' must be true or false" "$flotilla" train -c truth.yml

# One line from N ranks.
says "two ranks" 0 "'--fleet' is accepted" "$fleetrun" --nproc_per_node 2 flotilla train -c recipe.yml --fleet --use_vdl True \
	-o TrainReader.batch_size=2
check "one line of two ranks" once
check "and one event file" events output/recipe 1
