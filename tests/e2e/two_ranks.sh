#!/usr/bin/env bash
# Several ranks are one rank with a larger batch; what a run of several leaves.
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

# A run of two trainers, and what it does when it is resumed at its end: the evaluation that it can no longer be sure
# of, and no step. (Runs that die or are stopped on the way: crash.sh.)
EPOCHS=2
job() { # DIR MORE...
	local dir=$1
	shift
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=2 \
		save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
check "a run of two trainers" job whole --eval
cp "$work/whole/$final" "$work/first.safetensors"
check "resumed at its end" job whole --eval -r "$work/whole/ppyoloe_demo"
check "it is still scored" grep -q '"ap": [0-9]' "$work/whole/ppyoloe_demo/summary.json"
check "and has the same weights" "$compare" "$work/first.safetensors" "$work/whole/$final" model. 0
check "metrics show the hidden part of the communication" awk '
	/"comm_s"/ { n++; match($0, /"comm_s": [0-9.e-]+/); c += substr($0, RSTART + 10, RLENGTH - 10)
		match($0, /"comm_wait_s": [0-9.e-]+/); w += substr($0, RSTART + 15, RLENGTH - 15) }
	END { print n, c, w; exit !(n > 0 && c > 0 && w >= 0) }' "$work/whole/ppyoloe_demo/metrics.jsonl"

# Under mpirun, and alone.
check "under mpirun" mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$flotilla" train $(EPOCHS=1 tiny) "$sizes" \
	TrainReader.batch_size=2 save_dir="$work/mpirun"
check "two ranks under mpirun" grep -q '"world_size": 2' "$work/mpirun/ppyoloe_demo/summary.json"
# Under srun, where a Slurm runs; by hand two tasks that it started without PMIx look so.
if srun --mpi=list 2>&1 | grep -q pmix && srun -n 2 --mpi=pmix true 2>/dev/null; then
	check "under srun" srun --mpi=pmix -n 2 "$flotilla" train $(EPOCHS=1 tiny) "$sizes" TrainReader.batch_size=2 \
		save_dir="$work/srun"
	check "its weights are mpirun's" "$compare" "$work/mpirun/$final" "$work/srun/$final" model. 0
else
	echo "skip under srun: no Slurm with PMIx runs here"
fi
says "srun without PMIx" 2 "srun --mpi=pmix" env SLURM_NTASKS=2 SLURM_STEP_ID=0 SLURM_PROCID=0 \
	"$flotilla" train $(EPOCHS=1 tiny) "$sizes" save_dir="$work/srun"

# What a run leaves, and what it does with an older one.
for f in log.txt metrics.jsonl config.yml summary.json best_model.safetensors; do
	check "a run leaves $f" test -s "$work/whole/ppyoloe_demo/$f"
done
check "the older run is moved aside" job whole
check "it is in .1" test -s "$work/whole/ppyoloe_demo.1/model_final.safetensors"

# Another number of images a step is refused.
says "another global batch is refused" 3 "was trained with 4 images a step" "$flotilla" train $(EPOCHS=4 tiny) "$sizes" \
	TrainReader.batch_size=3 save_dir="$work/other" -r "$work/whole/ppyoloe_demo"
