#!/usr/bin/env bash
# A folder belongs to one job, by whatever path it is named and whatever people remove in it; what flotilla convert writes
# does not fall to a run's rotation (PaddlePaddle/PaddleDetection issue 6814: several trainings in one checkout).
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
patience=120
says "weights to begin with" 0 "Save checkpoint" "$flotilla" train -c recipe.yml -o epoch=1 save_dir=before
says "as Paddle's" 0 "tensors" "$flotilla" convert before/recipe/model_final w.pdparams

"$flotilla" train -c recipe.yml -o epoch=4000 >first.log 2>&1 &
first=$!
within 60 grep -q 'Epoch: ' first.log
ln -s output link
for at in output/ ./output output/../output "$PWD/output" output/recipe link; do
	says "save_dir=$at" 2 "is the folder of a run at work: process $first on" "$flotilla" train -c recipe.yml -o save_dir="$at"
done
for to in output/recipe/5.safetensors link/recipe/mine.safetensors; do
	says "convert to $to" 2 "belongs to process $first on" "$flotilla" convert w.pdparams "$to"
	check "nothing is written there" test ! -e "$to"
done
says "convert its weights to a place beside it" 0 "a checkpoint" "$flotilla" convert w.pdparams elsewhere.safetensors
rm output/recipe/owner
says "its file is removed, it is not" 2 "a process that is at work there, though its file 'owner' was removed" "$flotilla" train -c recipe.yml
check "no file of the second one stays" test ! -e output/recipe/owner
check "nothing was moved" test ! -e output/recipe.1
kill -TERM $first
wait $first
check "the first ended well" sh -c 'ls output/recipe/step_*.safetensors'

# Two conversions at once, into one folder.
mkdir both
"$flotilla" convert w.pdparams both/a.safetensors >a.log 2>&1 &
"$flotilla" convert w.pdparams both/b.safetensors >b.log 2>&1
wait
check "two conversions side by side" test -e both/a.safetensors -a -e both/b.safetensors
check "nothing of it is left" test ! -e both/owner

# Rotation keeps two of the run's own; what was converted stays.
says "converted into a folder at rest" 0 "" "$flotilla" convert w.pdparams output/recipe/3.safetensors
says "and as a step" 0 "" "$flotilla" convert w.pdparams output/recipe/step_7.safetensors
touch -d 2020-01-01 output/recipe/3.safetensors output/recipe/step_7.safetensors
at=$(ls output/recipe/step_*.safetensors | grep -v '/step_7\.')
done_epochs=$("$flotilla" ckpt show "$at" | sed -n 's/.*"epoch": *\([0-9]*\).*/\1/p')
says "the run goes on" 0 "Save checkpoint" "$flotilla" train -c recipe.yml -r "$at" \
	-o epoch=$((done_epochs + 6)) snapshot_epoch=1 keep_checkpoints=2
check "what was converted stays" test -e output/recipe/3.safetensors -a -e output/recipe/step_7.safetensors
check "the run's own rotate" test "$(ls output/recipe | grep -c '^[0-9]*.safetensors$')" -le 3

# A checkpoint names the ranks that made it, and those whose images its steps have.
sed -i 's/  batch_size: 4/  batch_size: 2/' recipe.yml
says "two ranks" 0 "" "$fleetrun" --nproc_per_node 2 flotilla train -c recipe.yml -o epoch=1 save_dir=ranks
says "three go on" 0 "the 3 ranks here share out the same 4 images" "$fleetrun" --nproc_per_node 3 flotilla train -c recipe.yml \
	-o epoch=2 save_dir=ranks -r ranks/recipe
names() { "$flotilla" ckpt show ranks/recipe/model_final | grep -q "\"world_size\": *$1.*\"batch_ranks\": *$2"; }
check "made by three, with the images of two" names 3 2
says "three once more" 0 "share out the same 4 images" "$fleetrun" --nproc_per_node 3 flotilla train -c recipe.yml \
	-o epoch=3 save_dir=ranks -r ranks/recipe
not() { ! "$@"; }
check "nothing is said of other ranks" not grep -q "the checkpoint was made by" "$work/says.log"
says "back on two" 0 "the checkpoint was made by 3 ranks" "$fleetrun" --nproc_per_node 2 flotilla train -c recipe.yml \
	-o epoch=4 save_dir=ranks -r ranks/recipe
check "which are again those of its images" names 2 2
