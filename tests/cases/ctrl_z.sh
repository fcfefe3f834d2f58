#!/usr/bin/env bash
# Ctrl-Z stops the process group in front, which is the launcher's alone: trainers went on without it. The whole job stands
# still, is not taken for stalled, and goes on with fg.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
state() { sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null; }
in_state() { # STATES PID...
	local states=$1 p
	shift
	for p in "$@"; do case $(state "$p") in [$states]) ;; *) return 1 ;; esac; done
}
steps() { wc -l <log/workerlog.0; }

set -m # as in a shell that a person types in
env --default-signal=TSTP "$fleetrun" --stall 1 --nproc_per_node 2 flotilla train -c recipe.yml -o epoch=400 >out.txt 2>&1 </dev/null &
job=$!
within 30 grep -q 'Epoch: ' out.txt
trainers=$(pgrep -P $job flotilla)
kill -TSTP $job
within 5 in_state T $job $trainers
check "fleetrun and both trainers stand still" in_state T $job $trainers
check "a line says how to go on" grep -q "paused: 'fg' in this shell or kill -CONT $job goes on" out.txt
before=$(steps)
sleep 2.5
check "nothing is trained meanwhile" test "$(steps)" -eq "$before"
kill -CONT $job
within 5 in_state RSD $job $trainers
check "all go on" in_state RSD $job $trainers
within 20 sh -c "test \$(wc -l <log/workerlog.0) -gt $before"
check "and train" test "$(steps)" -gt "$before"
sleep 1.5
check "nobody calls it stalled" sh -c '! grep -q "nothing has moved\|is stopped\|starting again" out.txt'
kill -TSTP $job
within 5 in_state T $job $trainers
kill -TERM $job
kill -CONT $job
status=148 # bash may tell of the stop before the end
while [ "$status" -eq 148 ]; do
	status=0
	wait $job || status=$?
done
check "a stop after a pause ends with 143" test "$status" -eq 143
check "and with a checkpoint" sh -c 'ls output/recipe/step_*.safetensors output/recipe/[0-9]*.safetensors 2>/dev/null | grep -q .'

# Where it is ignored, or no shell could wake the job, it has no effect.
env --ignore-signal=TSTP "$fleetrun" sh -c 'touch up; until test -e go; do sleep 0.05; done' >ignored.txt 2>&1 </dev/null &
job=$!
within 20 test -e up
kill -TSTP $job
sleep 0.3
check "ignored it stays ignored" in_state RSD $job
touch go
wait $job
