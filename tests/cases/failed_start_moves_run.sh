#!/usr/bin/env bash
# A start that fails before its first step leaves the run that was there: PaddleDetection writes first at a snapshot
# (ppdet/engine/trainer.py at 666f597); on archiving old runs open-mmlab/mmagic issue 235.
. "$(dirname "$0")/lib.sh"
case_job
cd "$work/job" || exit 1
sed -i 's/^epoch: .*/epoch: 1/' recipe.yml
train=("$flotilla" train -c recipe.yml)
says "a start in an empty place that fails" 3 "cannot open" "${train[@]}" -o TrainDataset.anno_path=typo.json
check "leaves no folder" test ! -e output
"${train[@]}" -o save_dir=deep/below/it TrainDataset.anno_path=typo.json >slip.log 2>&1
check "nor those above it" test ! -e deep
mkdir -p empty/recipe
"${train[@]}" -o save_dir=empty TrainDataset.anno_path=typo.json >slip.log 2>&1
check "but one that was there" test -d empty/recipe

says "a run" 0 "Save checkpoint" "${train[@]}" --eval --record_draws draws.jsonl
cp -r output kept
cp draws.jsonl kept.jsonl
untouched() { diff -r output kept && cmp draws.jsonl kept.jsonl; }
slip() { # NAME STATUS TEXT OPTIONS...
	says "$1" "$2" "$3" "${train[@]}" --record_draws draws.jsonl "${@:4}"
	check "$1: the run is as it was" untouched
}
slip "a typing error" 3 "cannot open" -o TrainDataset.anno_path=typo.json
slip "another number of classes" 3 "set -o num_classes=6" -o num_classes=5
slip "a batch larger than the data" 3 "images are fewer than" -o TrainReader.batch_size=64
slip "weights that are not there" 3 "gone" -o pretrain_weights=gone
slip "a checkpoint that is not there" 3 "gone" -r gone
slip "an evaluation set that is not there" 3 "cannot open" --eval -o EvalDataset.anno_path=typo.json
slip "no picture to be found" 3 "" -o TrainDataset.image_dir=nowhere
slip "ranks that are too many" 3 "images are fewer than" -o TrainReader.batch_size=9
says "fleetrun: a typing error" 3 "cannot open" "$fleetrun" --nproc_per_node 2 flotilla train -c recipe.yml \
	-o TrainDataset.anno_path=typo.json
check "fleetrun: the run is as it was" untouched
says "evaluation of the run" 0 "Average Precision" "$flotilla" eval -c recipe.yml
says "going on with it" 0 "resumed from output/recipe/" "${train[@]}" -r output/recipe -o epoch=2
says "a start that succeeds" 0 "the run that was in output/recipe is now in output/recipe.1" "${train[@]}"
moved() { [ -s output/recipe.1/model_final.safetensors ] && [ -s output/recipe/model_final.safetensors ] && [ ! -e output/recipe.2 ]; }
check "moves it, once" moved
whole_log() { grep -q "batch_rule keep" output/recipe/log.txt && grep -q "Save checkpoint" output/recipe/log.txt; }
check "its log has the lines from before the first step" whole_log
no_lock() { [ -z "$(find output -name owner)" ]; }
check "no lock is left" no_lock

# -r of a checkpoint that lies elsewhere: the folder's run is another one.
says "going on from the moved run" 0 "is now in output/recipe.2" "${train[@]}" -r output/recipe.1 -o epoch=3
alone() { [ "$(grep -c '"step": *0[,}]' output/recipe/metrics.jsonl)" -eq 0 ] && [ -s output/recipe.2/model_final.safetensors ]; }
check "which does not mix with the run in the folder" alone
