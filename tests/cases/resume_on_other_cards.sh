#!/usr/bin/env bash
# A run goes on with more or fewer cards: open-mmlab/mmdetection issues 3800 and 6568, PaddlePaddle/PaddleDetection
# issue 5148. The ranks share out the old batch; --new_batch takes a new one and goes on by epochs.
. "$(dirname "$0")/lib.sh"
case_job
cd "$work/job" || exit 1
sed -i 's/^epoch: .*/epoch: 2/; s/^snapshot_epoch: .*/snapshot_epoch: 1/; s/  batch_size: 4/  batch_size: 2/;
	s/max_epochs: .*}/max_epochs: 4}/; s/anno_path: train.json/&, allow_empty: true/' recipe.yml # 8 pictures
patience=120
run() { # NAME STATUS TEXT RANKS OPTIONS...
	says "$1" "$2" "$3" "$fleetrun" --nproc_per_node "$4" flotilla train -c recipe.yml "${@:5}"
}
fresh() { rm -rf output && cp -r kept output; } # as two ranks left it
last() { tail -n 1 output/recipe/metrics.jsonl; }
has() { last | grep -qE "$1"; }
steps() { grep -c '"step"' output/recipe/metrics.jsonl; }

run "two ranks of two" 0 "2 ranks of batch 2, 2 steps an epoch" 2
cp -r output kept
run "three ranks share out its images" 0 "the 3 ranks here share out the same 4 images a step" 3 -r output/recipe -o epoch=3
check "the third epoch has two steps too" has '"step": *5, *"epoch": *2'
fresh
run "one rank takes them all" 0 "the 1 rank here shares out the same 4 images a step" 1 -r output/recipe -o epoch=3
check "in two steps" has '"step": *5, *"epoch": *2'
fresh
run "batch_size auto keeps its batch" 0 "the 3 ranks here share out the same 4 images a step" 3 --batch_size auto \
	-r output/recipe -o epoch=3
fresh
sed 's/  batch_size: 2/  batch_size: 4/' recipe.yml >four.yml # as where the first run had -o TrainReader.batch_size=2
says "the recipe's own batch_size gives way" 0 "TrainReader.batch_size: 2, that of the run that goes on" "$fleetrun" \
	--nproc_per_node 3 flotilla train -c four.yml -r output/recipe -o epoch=3 save_dir=second
four() { grep -qF "the 3 ranks here share out the same 4 images a step" "$work/says.log"; }
check "and the ranks share out the old images" four
fresh
run "more ranks than images" 3 "too few for 5 ranks: start at most 4" 5 -r output/recipe -o epoch=3
run "the same product" 0 "resumed from" 1 -r output/recipe -o epoch=3 TrainReader.batch_size=4
fresh
run "another product" 3 "to keep its steps set TrainReader.batch_size=2" 3 -r output/recipe -o epoch=3 TrainReader.batch_size=1
says_both() { grep -qF "use --new_batch" "$work/says.log"; }
check "which names the other way too" says_both
untouched() { diff -r kept output; }
check "a refusal touches nothing" untouched
run "a new batch" 0 "its schedule goes on by epochs" 1 --new_batch -r output/recipe -o epoch=3
rate() { grep -qF "an epoch had 2 steps and has 4 now: going on with step 0 of epoch 2; the learning rate there is" "$work/says.log"; }
check "what becomes of place and rate" rate
# 4 steps were done, 4 more make the third epoch of 8 pictures two at a time
check "the third epoch has four steps" has '"step": *7, *"epoch": *2'
# four steps of warm-up, 16 in all: at 11 the cosine of 7/12 of pi; by steps done it were that of 3/12
by_epochs() {
	last | sed 's/.*"lr": *\([0-9.e-]*\).*/\1/' | awk '{ exit !($1 > 0.0011 && $1 < 0.00112) }'
}
check "the rate is that of the epoch" by_epochs
fresh
run "a new batch with the linear rule" 3 "batch_rule keep" 1 --new_batch -r output/recipe -o epoch=3 LearningRate.batch_rule=linear
run "shared_size" 3 "only with shared_size: true" 3 -r output/recipe -o epoch=3 shared_size=false
run "the reference's order" 3 "'sampler: paddle'" 3 -r output/recipe -o epoch=3 sampler=paddle

# Other things that change between a run and its continuation.
says "a finished run" 0 "the run is finished: output/recipe/model_final.safetensors has done all 2 epochs" \
	"$flotilla" train -c recipe.yml -r output/recipe -o TrainReader.batch_size=4
check "is not touched" untouched
says "fewer epochs than it has done" 0 "has done 2 epochs, and the recipe has 1" \
	"$flotilla" train -c recipe.yml -r output/recipe -o epoch=1 TrainReader.batch_size=4
says "another width" 3 "'recipe', is no checkpoint of this model" \
	"$flotilla" train -c recipe.yml -r output/recipe -o epoch=3 TrainReader.batch_size=4 width_mult=0.25
cp recipe.yml other.yml
says "another recipe of the same model" 0 "was made by the recipe 'recipe', this is 'other'" \
	"$flotilla" train -c other.yml -r output/recipe -o epoch=3 TrainReader.batch_size=4
fresh
says "a stop within an epoch" 0 "resumed from" "$flotilla" train -c recipe.yml -r output/recipe --new_batch -o epoch=4 \
	TrainReader.batch_size=1 snapshot_steps=3 keep_checkpoints=9
mid=$(ls output/recipe/step_*.safetensors | head -n 1)
check "was recorded" test -n "$mid"
# the same data set cut to half: the place would lie behind the last step
"$flotilla" data synth few --images 3 --val 2 --width 96 --height 96 >few.log
says "fewer pictures than the place" 0 "an epoch had 8 steps and has 3 now" "$flotilla" train -c recipe.yml -r "$mid" -o epoch=4 \
	TrainReader.batch_size=1 TrainDataset.dataset_dir=few TrainDataset.image_dir=images/train \
	TrainDataset.anno_path=annotations/train.json
