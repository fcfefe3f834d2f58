#!/usr/bin/env bash
# recompute: true trains with the same bits in less memory: one rank, two ranks, a resume with and without, a memory limit.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tiny_data 24
final=ppyoloe_demo/model_final.safetensors
alone() { # DIR MORE...
	local dir=$1
	shift
	"$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=4 save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
two() { # DIR MORE...
	local dir=$1
	shift
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=2 \
		norm_type=sync_bn save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
digest() { "$flotilla" ckpt show "$work/$1/$final" --digest | tail -1; }
same() { [ -n "$(digest "$1")" ] && [ "$(digest "$1")" = "$(digest "$2")" ]; }
mib() { sed -n 's/^.* \([0-9]*\) MiB of activations.*$/\1/p' "$work/$1.log" | head -1; }
half() { awk -v a="$(mib "$1")" -v b="$(mib "$2")" 'BEGIN { print a, b; exit !(a > 0 && a < 0.6 * b) }'; }

check "as ever" alone plain
check "recomputing" alone again recompute=true
check "has the same weights" same plain again
check "in little more than half of the activations" half again plain
check "two ranks with common statistics" two plain2
check "two ranks, recomputing" two again2 recompute=true
check "have the same weights" same plain2 again2
check "a run that recomputed goes on without" alone other -r "$work/again/ppyoloe_demo/0.safetensors"
check "to the weights of one that was not stopped" same plain other
check "and says nothing of other bits" bash -c "! grep -q 'the checkpoint was made with' '$work/other.log'"
says "a word that is neither" 3 "recompute" "$flotilla" train $(tiny) recompute=perhaps

# A limit between the two: who recomputes takes the batch at once, with the statistics of all of it.
limit=$(awk -v a="$(mib again)" -v b="$(mib plain)" 'BEGIN { print int((a + b) / 2) + 1 }')
check "under a limit" alone tight epoch=1 memory_limit="$limit"
check "a batch takes passes" grep -q 'each step takes 2 passes' "$work/tight.log"
check "recomputing, under that limit" alone loose recompute=true memory_limit="$limit"
check "takes it at once" bash -c "! grep -q 'each step takes' '$work/loose.log'"
check "with the same weights" same plain loose
