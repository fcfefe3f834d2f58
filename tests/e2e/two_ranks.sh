#!/usr/bin/env bash
# Several ranks are one rank with a larger batch; a killed run resumes bit for bit; a stopped run leaves a checkpoint.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
compare=$build/programs/compare_ckpt
tiny_data 24

# One step from the same start: after it velocity is the gradient (plus decay), the running statistics are the
# batch's, and the logged loss is the batch's. 12 images a step in every case. Limits: 1e-4 of a gradient's norm.
one_step() { # NAME RANKS BATCH
	EPOCHS=1
	"$fleetrun" --nproc_per_node "$2" --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainDataset.sample_num=12 \
		TrainReader.batch_size="$3" save_dir="$work/$1" --device ref >"$work/$1.log" 2>&1
}
final=ppyoloe_demo/model_final.safetensors
check "one rank of 12" one_step r1 1 12
for ranks in 2 3 4; do
	check "$ranks ranks of $((12 / ranks))" one_step r$ranks $ranks $((12 / ranks))
	check "gradients of $ranks ranks are those of one" "$compare" "$work/r1/$final" "$work/r$ranks/$final" velocity. 1e-4
	check "statistics of $ranks ranks are those of one" "$compare" "$work/r1/$final" "$work/r$ranks/$final" model. 1e-5
	check "loss of $ranks ranks is that of one" awk '
		{ match($0, /"loss": [0-9.e+-]+/); v = substr($0, RSTART + 8, RLENGTH - 8) }
		NR == 1 { a = v } NR == 2 { d = (v - a) / a; if (d < 0) d = -d; print a, v; exit !(d < 1e-5) }' \
		"$work/r1/ppyoloe_demo/metrics.jsonl" "$work/r$ranks/ppyoloe_demo/metrics.jsonl"
done

# A run of 3 epochs; the same, killed with SIGKILL once its first checkpoint is there, then resumed. Two epochs
# are left then, so that the signal arrives well before the end on the fastest machine too.
EPOCHS=3
job() { # DIR MORE...
	local dir=$1
	shift
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=2 \
		save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
check "a run of 3 epochs" job whole --eval
job killed --eval &
pid=$!
for _ in $(seq 3000); do
	grep -q 'Epoch: \[1\] \[1/' "$work/killed.log" 2>/dev/null && break
	sleep 0.01
done
pkill -KILL -f "save_dir=$work/killed" || true
wait "$pid"
check "killed before its end" test ! -e "$work/killed/ppyoloe_demo/model_final.safetensors"
check "resumes" job killed --eval -r "$work/killed/ppyoloe_demo"
for part in model. velocity. ema.; do
	check "same bits after SIGKILL and resume: $part" "$compare" "$work/whole/$final" "$work/killed/$final" $part 0
done

# SIGTERM: a checkpoint within the epoch, exit status 143, and the same end.
job stopped --eval &
pid=$!
for _ in $(seq 3000); do
	grep -q 'Epoch: \[1\] \[1/' "$work/stopped.log" 2>/dev/null && break
	sleep 0.01
done
pkill -TERM -f "^$fleetrun .*save_dir=$work/stopped" || true
status=0
wait "$pid" || status=$?
check "SIGTERM ends with 143" test "$status" -eq 143
check "a checkpoint of the step is there" sh -c "ls $work/stopped/ppyoloe_demo/step_*.safetensors"
check "resumes within the epoch" job stopped --eval -r "$work/stopped/ppyoloe_demo"
check "same bits after a stop within an epoch" "$compare" "$work/whole/$final" "$work/stopped/$final" model. 0
nothing_runs() { ! pgrep -af "^[^ ]*flotilla .*save_dir=$work/"; }
check "nothing is left running" nothing_runs

# Under mpirun, and alone.
check "under mpirun" mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$flotilla" train $(EPOCHS=1 tiny) "$sizes" \
	TrainReader.batch_size=2 save_dir="$work/mpirun"
check "two ranks under mpirun" grep -q '"world_size": 2' "$work/mpirun/ppyoloe_demo/summary.json"

# What a run leaves, and what it does with an older one.
for f in log.txt metrics.jsonl config.yml summary.json best_model.safetensors; do
	check "a run leaves $f" test -s "$work/whole/ppyoloe_demo/$f"
done
check "the older run is moved aside" job whole
check "it is in .1" test -s "$work/whole/ppyoloe_demo.1/model_final.safetensors"

# Another number of images a step is refused.
says "another global batch is refused" 3 "was trained with 4 images a step" "$flotilla" train $(EPOCHS=4 tiny) "$sizes" \
	TrainReader.batch_size=3 save_dir="$work/other" -r "$work/whole/ppyoloe_demo"

# A full disk: a clear error, the older checkpoint whole. (A file size limit plays the disk.)
mkdir -p "$work/full"
(
	ulimit -f 200
	trap '' XFSZ
	"$flotilla" train $(EPOCHS=1 tiny) "$sizes" TrainReader.batch_size=4 save_dir="$work/full"
) >"$work/full.log" 2>&1
status=$?
check "a full disk ends with 4" test "$status" -eq 4
check "and says so" grep -q "cannot write .*model_final.safetensors" "$work/full.log"
check "and leaves no half file" sh -c "! ls $work/full/ppyoloe_demo/*.safetensors* 2>/dev/null"
