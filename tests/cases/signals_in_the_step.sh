#!/usr/bin/env bash
# A request to stop, and the question where a training stands, change no bit of it. oneDNN's small matrix products use the
# stack register for data, and a signal that was handled on the thread that computes wrote into the heap or the weights:
# "corrupted size vs. prev_size" in one of twenty stops, and the checkpoint lost.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
patience=120
digest() { "$flotilla" ckpt show "$1" --digest; }
same() { [ -n "$1" ] && [ "$1" = "$2" ] || { echo "$1 and $2"; return 1; }; }
signals() { # PID NUMBER SECONDS TIMES
	local i
	for i in $(seq "$4"); do kill -s "$2" "$1" 2>/dev/null || return 0; sleep "$3"; done
}

says "undisturbed" 0 "Save checkpoint" "$flotilla" train -c recipe.yml -o epoch=30 save_dir=calm
calm=$(digest calm/recipe/model_final)

"$flotilla" train -c recipe.yml -o epoch=30 save_dir=asked >asked.log 2>&1 &
asked=$!
within 60 grep -q 'Epoch: \[0\]' asked.log
signals $asked USR2 0.003 4000
rc=0
wait $asked || rc=$?
check "asked where it stands all the time, it ends well ($rc)" test $rc -eq 0
stacks=$(grep -c '^[^ ]*flotilla(+0x' asked.log)
check "many times ($stacks lines of stacks)" test "$stacks" -ge 20
check "its weights are those of the undisturbed one" same "$calm" "$(digest asked/recipe/model_final)"

"$flotilla" train -c recipe.yml -o epoch=30 save_dir=stopped >stopped.log 2>&1 &
stopped=$!
within 60 grep -q 'Epoch: \[3\]' stopped.log
signals $stopped TERM 0.002 200
rc=0
wait $stopped || rc=$?
check "the same request a hundred times within a moment counts once" test $rc -eq 143
at=$(ls stopped/recipe/step_*.safetensors)
says "it goes on" 0 "Save checkpoint" "$flotilla" train -c recipe.yml -r "$at" -o epoch=30 save_dir=stopped
check "to the weights of the undisturbed one" same "$calm" "$(digest stopped/recipe/model_final)"

