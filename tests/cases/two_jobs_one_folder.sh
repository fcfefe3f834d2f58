#!/usr/bin/env bash
# Two runs of one recipe at the same time: PaddlePaddle/PaddleDetection issue 6814 (2022; two trainings in one checkout
# mix their results). The run that is at work keeps its folder, the second one is told whose it is.
. "$(dirname "$0")/lib.sh"
case_job
cd "$work/job" || exit 1
patience=120
"$fleetrun" --nproc_per_node 1 flotilla train -c recipe.yml >first.log 2>&1 &
first=$!
at_work() { grep -q '"step"' output/recipe/metrics.jsonl; }
within 60 at_work
check "the first run is at work" at_work

refused() { # NAME COMMAND...
	says "$1" 2 "'output/recipe' is the folder of a run at work: process" "${@:2}"
	names() { grep -qE "process [0-9]+ on $(hostname) \(.*flotilla train" "$work/says.log"; }
	check "$1: host and process are named" names
}
refused "a second job" "$fleetrun" --nproc_per_node 2 flotilla train -c recipe.yml -o LearningRate.base_lr=0.001 TrainReader.batch_size=2
refused "a trainer without fleetrun" "$flotilla" train -c recipe.yml
refused "going on with a run at work" "$flotilla" train -c recipe.yml -r output/recipe
ln -s output link
says "the folder under another name" 2 "'link/recipe' is the folder of a run at work: process" "$flotilla" train -c recipe.yml \
	-o save_dir=link
says "another place" 0 "Save checkpoint" "$flotilla" train -c recipe.yml -o save_dir=elsewhere epoch=1
nothing_moved() { [ ! -e output/recipe.1 ] && kill -0 "$first"; }
check "nothing was moved" nothing_moved

# Reading does not disturb.
says "eval beside it" 0 "Average Precision" "$flotilla" eval -c recipe.yml -o weights=elsewhere/recipe/model_final
says "infer beside it, into its save_dir" 0 "pictures with" "$flotilla" infer -c recipe.yml \
	-o weights=elsewhere/recipe/model_final --infer_dir images --save_results
says "infer into the run's folder" 2 "'output/recipe' belongs to process" "$flotilla" infer -c recipe.yml \
	-o weights=elsewhere/recipe/model_final --infer_dir images --save_results --output_dir output/recipe

kill -TERM "$first"
wait "$first"
check "the first run kept its folder" test -n "$(ls output/recipe/step_*.safetensors)"
one_run() { # every step once, in order
	sed -n 's/.*"step": *\([0-9]*\).*/\1/p' output/recipe/metrics.jsonl | awk '$1 != NR - 1 { exit 1 }'
}
check "and its numbers are its own" one_run

# Killed, a run leaves no lock that lasts.
"$flotilla" train -c recipe.yml -o save_dir=killed >killed.log 2>&1 &
second=$!
at_work() { grep -q '"step"' killed/recipe/metrics.jsonl; }
within 60 at_work
kill -KILL "$second"
wait "$second" 2>/dev/null
says "after SIGKILL" 0 "the run that was in killed/recipe is now in killed/recipe.1" "$flotilla" train -c recipe.yml \
	-o save_dir=killed epoch=1

# The record of draws belongs to one run too, and the picture of a person to nobody.
"$flotilla" train -c recipe.yml -o save_dir=third --record_draws draws.jsonl >third.log 2>&1 &
third=$!
at_work() { grep -q '"step"' draws.jsonl; }
within 60 at_work
says "a record of draws that is being written" 2 "being written by another process" "$flotilla" train -c recipe.yml \
	-o save_dir=fourth epoch=1 --record_draws draws.jsonl
kill -TERM "$third"
wait "$third"
says "pictures drawn over themselves" 2 "would be drawn over itself" "$flotilla" infer -c recipe.yml \
	-o weights=elsewhere/recipe/model_final --infer_dir images --output_dir images
