#!/usr/bin/env bash
# A run that ends before its last epoch: --patience, --max_time, SIGUSR1. Each leaves a checkpoint, its score and a summary
# that says why, and the run goes on from there.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
patience=300 # of says(), for a busy machine
tiny_data 12
of() { sed -n "s/^ *\"$2\": \"*\([^\",]*\)\"*,*\$/\1/p" "$work/$1/ppyoloe_demo/summary.json"; }
is() { [ "$(of "$1" "$2")" = "$3" ] || { echo "$2 is '$(of "$1" "$2")', not '$3'"; return 1; }; }
kept() { test -s "$work/$1/ppyoloe_demo/$2.safetensors"; }
# The last evaluation is of the very step of the last checkpoint.
scored() {
	local steps at
	steps=$(of "$1" steps)
	at=$(grep '"ap"' "$work/$1/ppyoloe_demo/metrics.jsonl" | tail -n 1 | sed 's/.*"step": *\([0-9]*\).*/\1/')
	[ "$at" = "$steps" ] && kept "$1" "step_$steps" || { echo "scored at ${at:-none}, ended at $steps"; return 1; }
}
ends() { # NAME STATUS TEXT RUN OPTIONS...
	says "$1" "$2" "$3" "$flotilla" train $(tiny) save_dir="$work/$4" TrainReader.batch_size=4 "${@:5}"
}

# A rate of nothing: the AP stands still from the first epoch on.
still="LearningRate.base_lr=1e-30"
EPOCHS=9 ends "patience ends a run" 0 "2 epochs ago: the run ends here (patience: 2)" still $still --eval --patience 2
check "after the epochs it waits for" is still epochs 3
check "the run is done" is still status done
check "by patience" is still ended_by patience
check "its end is model_final" kept still model_final
EPOCHS=9 ends "going on with the same patience ends at once" 0 "the run ends here" still $still --eval --patience 2 \
	-r "$work/still/ppyoloe_demo/model_final"
check "no step later" is still epochs 3
EPOCHS=9 ends "with more of it the run goes on" 0 "4 epochs ago" still $still --eval --patience 4 \
	-r "$work/still/ppyoloe_demo/model_final"
check "and its count too" is still epochs 5
EPOCHS=2 ends "the last epoch goes before patience" 0 "Save checkpoint" short $still patience=1 --eval
check "which was done" is short ended_by epochs
ends "patience without evaluations" 2 "add --eval" none --patience 3
check "nothing was begun" test ! -e "$work/none"
ends "patience that is no number" 2 "--patience" none --eval --patience soon

begin=$SECONDS
EPOCHS=1000 ends "a run ends in time" 0 "ended in time, as --max_time asks; go on with -r" timed snapshot_epoch=400 --eval \
	--max_time 15s
check "no more than five times as late" test $((SECONDS - begin)) -le 75
check "it says so" is timed ended_by max_time
check "there is more to train" is timed status stopped
check "it is scored where it stands" scored timed
steps=$(of timed steps)
EPOCHS=1000 ends "the next piece" 0 "resumed from $work/timed/ppyoloe_demo/step_$steps.safetensors" timed \
	snapshot_epoch=400 --eval --max_time 10s -r "$work/timed/ppyoloe_demo"
check "makes further steps" test "$(of timed steps)" -gt "$steps"
check "keeps the score of the first" grep -q "\"step\": *$steps,.*\"ap\"" "$work/timed/ppyoloe_demo/metrics.jsonl"
EPOCHS=1000 ends "no time at all is one step" 0 "ended in time" brief --max_time 1s
check "with its checkpoint" kept brief step_1
check "which nobody asked to score" is brief ap null
for time in 10 -1h 10x 1h1h 0s; do
	ends "max_time $time" 2 "as 10h, 90m, 1h30m or 1:30:00" none --max_time=$time
done

# Slurm's --signal=USR1@600: notice that the end is near.
notice() { # NAME COMMAND...: at work, then signalled; the status into $ended
	local name=$1 pid
	shift
	"$@" >"$work/$name.log" 2>&1 &
	pid=$!
	within 120 test -s "$work/$name/ppyoloe_demo/0.safetensors"
	kill -USR1 $pid
	wait $pid
	ended=$?
}
EPOCHS=1000 notice warned "$flotilla" train $(EPOCHS=1000 tiny) save_dir="$work/warned" TrainReader.batch_size=4 --eval
check "SIGUSR1 ends a run with 143" test $ended -eq 143
check "by the signal" is warned ended_by signal
check "with a checkpoint and its score" scored warned
notice pair "$fleetrun" --nproc_per_node 2 --log_dir "$work/log" --stop_timeout 300 flotilla train \
	$(EPOCHS=1000 tiny) save_dir="$work/pair" TrainReader.batch_size=2 --eval
check "so does fleetrun's" test $ended -eq 143
check "with the score of all ranks" scored pair
says "and --max_time of two ranks" 0 "ended in time" "$fleetrun" --nproc_per_node 2 --log_dir "$work/log" flotilla train \
	$(EPOCHS=1000 tiny) save_dir="$work/two" TrainReader.batch_size=2 --eval --max_time 20s
check "is scored too" scored two
