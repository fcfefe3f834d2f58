#!/usr/bin/env bash
# N ranks are one rank with the whole batch: of data sets whose size no rank count divides, with images that have no
# box and batches that have none at all, on 2, 3, 4 and 7 ranks. And shared_size: false weighs ranks as the reference
# does.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
compare=$build/programs/compare_ckpt
tiny_data 29

for ranks in 2 3 4 5 9; do
	check "sums over $ranks ranks" "$fleetrun" --nproc_per_node $ranks --log_dir "$work/log" "$build/programs/check_sums"
done

# The same pictures, every second one without its boxes; and all of them without.
awk '
	/"annotations": \[/ { inside = 1; print; next }
	!inside || done { print; next }
	/^  \]/ { printf "%s%s%s\n", kept, kept == "" ? "" : "\n", $0; done = 1; next }
	{ block = block $0 "\n"; if ($0 ~ /"image_id":/) id = $2 + 0 }
	/^    }/ { sub(/,?\n$/, "", block); if (id % 2 == 0) kept = kept (kept == "" ? "" : ",\n") block; block = "" }
' "$work/data/annotations/train.json" >"$work/data/annotations/half.json"
awk '/"annotations": \[/ { print; skip = 1; next } skip && /^  \]/ { skip = 0 } !skip' \
	"$work/data/annotations/train.json" >"$work/data/annotations/none.json"

one_epoch() { # NAME RANKS BATCH ANNOTATIONS: the 29 images make two steps of 12 or 14
	EPOCHS=1
	"$fleetrun" --nproc_per_node "$2" --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" \
		TrainDataset.anno_path="annotations/$4.json" TrainDataset.allow_empty=true \
		TrainReader.batch_size="$3" save_dir="$work/$1" --device ref >"$work/$1.log" 2>&1
}
not() { ! "$@"; }
losses() { sed -n 's/.*"loss": \([-0-9.e+]*\),.*/\1/p' "$work/$1/ppyoloe_demo/metrics.jsonl"; }
same_losses() { # NAME NAME: two steps, to 1e-5
	paste -d' ' <(losses "$1") <(losses "$2") | awk '
		{ d = ($1 - $2) / $1; if (d < 0) d = -d; print; if (!(d < 1e-5)) bad = 1 } END { exit bad || NR != 2 }'
}
final=ppyoloe_demo/model_final.safetensors
check_ranks() { # NAME RANKS BATCH ANNOTATIONS ONE
	check "$1" one_epoch "r$2$4" "$2" "$3" "$4"
	# seen: 1.5e-7 and 1.2e-7
	check "$1: gradients of one rank" "$compare" "$work/$5/$final" "$work/r$2$4/$final" velocity. 1e-5
	check "$1: weights and statistics" "$compare" "$work/$5/$final" "$work/r$2$4/$final" model. 1e-6
	check "$1: average" "$compare" "$work/$5/$final" "$work/r$2$4/$final" ema. 1e-6
	check "$1: losses" same_losses "$5" "r$2$4"
}
check "one rank, 12 a step" one_epoch one12 1 12 half
check "one rank, 14 a step" one_epoch one14 1 14 half
check "29 images give two steps" test "$(losses one12 | wc -l)" -eq 2
for ranks in 2 3 4; do
	check_ranks "$ranks ranks of $((12 / ranks)), 29 images, half without a box" $ranks $((12 / ranks)) half one12
done
check_ranks "7 ranks of 2, 29 images, half without a box" 7 2 half one14
check "one rank, no box at all" one_epoch none14 1 14 none
check_ranks "7 ranks of 2, no box at all" 7 2 none none14

# Ranks with images of different size, as shared_size: false draws them: given batches through the probe.
batch() { "$build/programs/make_batch" "$work/$1" "${@:2}"; }
probe() { # OUT RANKS SHARED BATCH...
	local out=$1 ranks=$2 shared=$3 start=
	shift 3
	[ "$ranks" -gt 1 ] && start="mpirun --allow-run-as-root --oversubscribe --bind-to none -n $ranks"
	$start "$flotilla" probe -c configs/demo/ppyoloe_demo.yml -o width_mult=0.125 num_classes=3 shared_size="$shared" \
		--batch "$@" --out "$work/$out" --device ref >"$work/$out.log" 2>&1
}
loss() { "$build/programs/show_scalar" "$work/$1" "$2"; }
near() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; print a, b; exit !(d <= 2e-6 * (b < 0 ? -b : b)) }'; }
sync_bn=$build/programs/check_sync_bn
check "a batch of 96x128" batch a 5 2 96 128 0 2 3 0
check "a batch of 160x96" batch b 6 2 160 96 0 2 1 4
check "one rank, the first" probe a.out 1 true "$work/a"
check "one rank, the second" probe b.out 1 true "$work/b"
check "two ranks by their counts" probe shared.out 2 true "$work/a" "$work/b"
check "two ranks as equals" probe equal.out 2 false "$work/a" "$work/b"
check "shared_size: true pools by counts" "$sync_bn" "$work/a.out" "$work/b.out" "$work/shared.out" $((96 * 128)) $((160 * 96))
check "shared_size: false weighs ranks equally" "$sync_bn" "$work/a.out" "$work/b.out" "$work/equal.out" 1 1
check "which is another number" not "$sync_bn" "$work/a.out" "$work/b.out" "$work/equal.out" $((96 * 128)) $((160 * 96))

# The normaliser where no object is: max(sum, 1) / R of ours, max(sum / R, 1) of the reference's.
check "four images without a box" batch all 7 4 96 96 0 4 0 0 0 0
check "two of them" batch left 7 4 96 96 0 2 0 0
check "the others" batch right 7 4 96 96 2 4 0 0
check "one rank of four" probe all.out 1 true "$work/all"
check "two ranks of two" probe two.out 2 true "$work/left" "$work/right"
check "two ranks of two, the reference's way" probe half.out 2 false "$work/left" "$work/right"
check "the loss of one rank" near "$(loss two.out loss.0.loss)" "$(loss all.out loss.0.loss)"
check "the reference's is its half" near "$(awk -v v="$(loss half.out loss.0.loss)" 'BEGIN { printf "%.9g", 2 * v }')" "$(loss all.out loss.0.loss)"
says "a batch too few" 2 "3 batches for 2 ranks" mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$flotilla" probe \
	-c configs/demo/ppyoloe_demo.yml -o width_mult=0.125 num_classes=3 --batch "$work/a" "$work/b" "$work/a" --out "$work/x"
