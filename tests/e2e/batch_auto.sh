#!/usr/bin/env bash
# --batch_size auto: as many pictures a step as the memory holds, the same on all ranks, kept by a run that goes on.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tiny_data 240
train() { # DIR MORE...
	local dir=$1
	shift
	"$flotilla" train $(tiny) "$sizes" save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
batch() { sed -n 's/.*batch_size auto: \([0-9]*\)[ ,].*/\1/p' "$1" | head -n 1; } # LOG
EPOCHS=1

check "a run with memory_limit" train small memory_limit=20 --batch_size auto
check "names the limit" grep -q 'batch_size auto: [0-9]*, which takes [0-9]* MiB at 128x128; memory_limit is 20 MiB' "$work/small.log"
check "a run with twice of it" train large memory_limit=40 --batch_size auto
small=$(batch "$work/small.log") large=$(batch "$work/large.log")
check "takes about twice the batch" test "$large" -ge $((2 * small - 1)) -a "$large" -le $((2 * small + 3))
activations() { sed -n 's/.*state, \([0-9]*\) MiB of activations, \([0-9]*\) MiB of workspace.*/\1 \2/p' "$1"; }
check "whose plans stay below it" bash -c '[ $(($1 + $2)) -le 40 ] && [ $(($1 + $2)) -ge 30 ]' - $(activations "$work/large.log")
check "config.yml has the number" grep -q "batch_size: $large\$" "$work/large/ppyoloe_demo/config.yml"
check "the rate's line too" grep -q "this job has $large (1 rank of $large)" "$work/large.log"
check "as a key of the recipe" train key memory_limit=20 TrainReader.batch_size=auto
check "it is the same" test "$(batch "$work/key.log")" = "$small"
check "free memory bounds it otherwise, or the data set" train free --batch_size=auto
check "which is said" grep -Eq 'batch_size auto: [0-9]+, which takes .*(free memory|keep 1[0-9] steps an epoch)' "$work/free.log"
check "an epoch keeps ten steps" test "$(batch "$work/free.log")" -le 24
check "a run that goes on keeps its batch" train small memory_limit=40 --batch_size auto -r "$work/small/ppyoloe_demo" -o epoch=2
check "and says so" grep -q "batch_size auto: $small, that of the run that goes on" "$work/small.log"
says "not one image fits" 3 "batch_size auto: not one image of 128x128 fits" "$flotilla" train $(tiny) "$sizes" save_dir="$work/none" memory_limit=1 --batch_size auto
check "nothing was begun" test ! -e "$work/none"
says "a word that it does not know" 3 "'TrainReader.batch_size' must be a whole number" "$flotilla" train $(tiny) --batch_size most
says "in evaluation there is none" 3 "EvalReader.batch_size" "$flotilla" train $(tiny) EvalReader.batch_size=auto
check "two ranks agree" "$fleetrun" --nproc_per_node 2 --log_dir "$work/logs" "$flotilla" train $(tiny) "$sizes" \
	save_dir="$work/two" memory_limit=20 --batch_size auto
check "on the same batch" grep -rq "this job has $((2 * small)) (2 ranks of $small)" "$work/logs"
