#!/usr/bin/env bash
# A job that dies at an exact moment (tests/support/preload/faulty.c) and is resumed ends with the weights of one that
# was left alone, bit for bit; so does one that was stopped. A full disk and a closed folder cost the newest checkpoint
# and nothing else.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
compare=$build/programs/compare_ckpt
tiny_data 20
EPOCHS=3

job() { # DIR MORE...
	local dir=$1
	shift
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=2 \
		save_dir="$work/$dir" --eval "$@" >"$work/$dir.log" 2>&1
}
# DIR FAULT STATUS [RANK]: the job ends by the fault with this status
dies() {
	local status=0
	LD_PRELOAD="$build/programs/faulty.so" FAULTY="$2" FAULTY_RANK="${4:-0}" \
		"$fleetrun" --max_restart 0 --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" \
		TrainReader.batch_size=2 save_dir="$work/$1" --eval >"$work/$1.log" 2>&1 || status=$?
	[ "$status" -eq "$3" ] || { echo "status $status"; tail -n 20 "$work/$1.log"; return 1; }
}
run=ppyoloe_demo
final=$run/model_final.safetensors
# Steps and evaluations of metrics.jsonl, without what depends on the clock.
curve() {
	sed -E 's/"(images_per_s|batch_s|data_s|comm_s|comm_wait_s|sync_bn_s|eval_s)": [^,}]*(, )?//g' "$work/$1/$run/metrics.jsonl"
}
same_curve() { diff <(curve whole) <(curve "$1"); }
ends_alike() { # DIR NAME
	check "resumes $2" job "$1" -r "$work/$1/$run"
	for part in model. velocity. ema.; do
		check "same bits $2: $part" "$compare" "$work/whole/$final" "$work/$1/$final" $part 0
	done
	check "same metrics $2" same_curve "$1"
	check "same best score $2" same_best "$1"
}
best() { sed -n 's/.*"best_ap": //p' "$work/$1/$run/summary.json"; }
same_best() { [ -n "$(best whole)" ] && [ "$(best whole)" = "$(best "$1")" ]; }

check "a run that is left alone" job whole
check "it is scored" grep -q '"ap": [0-9]' "$work/whole/$run/summary.json"

# Each rank reads two pictures a step and three an evaluation; the loader is at most three batches ahead of the step, so
# the 26th picture of training is read in the second epoch or the third.
n=0
while IFS='|' read -r name fault status rank; do
	n=$((n + 1))
	check "killed $name" dies "k$n" "$fault" "$status" "$rank"
	check "not at its end $name" test ! -s "$work/k$n/$run/summary.json"
	ends_alike "k$n" "after SIGKILL $name"
done <<'MOMENTS'
within an epoch|open:images/train:26:KILL|137|0
in the other rank|open:images/train:26:KILL|137|1
within a checkpoint|write:/1.safetensors.tmp:40:KILL|137|0
before a checkpoint has its name|rename:/1.safetensors:1:KILL|137|0
within an evaluation|open:images/val:5:KILL|137|0
within the last checkpoint|write:model_final.safetensors.tmp:9:KILL|137|0
within the last evaluation|open:images/val:8:KILL|137|0
together with fleetrun|open:images/train:26:KILL-JOB|137|0
MOMENTS

for signal in TERM INT; do
	status=143
	[ $signal = INT ] && status=130
	check "SIG$signal ends with $status" dies "s$signal" "open:images/train:16:$signal" $status
	check "a checkpoint of the step is there after SIG$signal" sh -c "ls $work/s$signal/$run/step_*.safetensors"
	ends_alike "s$signal" "after SIG$signal"
done

# The third argument is what the error says.
while IFS='|' read -r dir fault text; do
	check "$dir ends with 4" dies "$dir" "$fault" 4
	check "$dir: said in words" grep -q "$text" "$work/$dir.log"
	check "$dir: the older checkpoint is whole" "$flotilla" ckpt show "$work/$dir/$run/0.safetensors" --digest
	check "$dir: no half file stays" sh -c "! ls $work/$dir/$run/*.tmp.* 2>/dev/null"
	ends_alike "$dir" "after $dir"
done <<'FAULTS'
full-disk|write:/1.safetensors.tmp:20:ENOSPC|cannot write '.*1.safetensors': No space left on device
full-disk-when-synced|fsync:/1.safetensors.tmp:1:ENOSPC|cannot sync '.*1.safetensors': No space left on device
closed-folder|open:/1.safetensors.tmp:1:EACCES|cannot write '.*1.safetensors': Permission denied
FAULTS

nothing_runs() { ! pgrep -af "^[^ ]*flotilla .*save_dir=$work/"; }
check "nothing is left running" nothing_runs
