#!/usr/bin/env bash
# Maps in bf16: asked for, wished for, refused; bits, resumes, ranks, scores.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
compare=$build/programs/compare_ckpt
not() { ! "$@"; }
tiny_data 24
final=ppyoloe_demo/model_final.safetensors
T="$flotilla train $(tiny) TrainReader.batch_size=4"
metric() { sed -n "s/^.*\"$1\": \([-0-9.e+]*\).*\$/\1/p" "$work/$2/ppyoloe_demo/metrics.jsonl" | head -1; }
mib() { sed -n "s/^.* \([0-9]*\) MiB of activations.*\$/\1/p" "$work/$1.log"; }

# What is said, and what is done. Which of the two amp is depends on the processor; each sentence has its deed.
wish() { $T epoch=1 save_dir="$work/wish" --amp "$@" >"$work/wish.log" 2>&1; }
check "--amp" wish
says_why() { grep -q "INFO: amp: going on in fp32, for bf16 would .* here: ." "$work/wish.log" ||
	grep -q "INFO: amp: maps, their gradients and packed weights are bf16: ." "$work/wish.log"; }
check "says what it does and why" says_why
does_it() {
	local now=fp32
	grep -q "packed weights are bf16" "$work/wish.log" && now=bf16
	"$flotilla" ckpt show "$work/wish/$final" | grep -q "\"precision\": \"$now\""
}
check "and does it" does_it
check "the run's recipe keeps the wish" grep -q "^amp: true" "$work/wish/ppyoloe_demo/config.yml"
check "amp beside precision: fp32" wish -o precision=fp32
check "means nothing" grep -q "amp: true means nothing beside precision: fp32" "$work/wish.log"
says "a precision that is none" 3 "'precision' is 'fp16', but must be one of auto|fp32|bf16" $T precision=fp16
says "not on a device that is not there" 2 "device 'gpu' is not in this build" $T precision=bf16 --device gpu

# oneDNN convolves bf16 from AVX-512 on; here it is told to do with less.
without="env ONEDNN_MAX_CPU_ISA=AVX2"
says "a processor without" 3 "precision: bf16 is not possible here: oneDNN" $without $T precision=bf16
nothing() { [ ! -e output ] && [ ! -e "$work/none" ]; }
check "nothing is begun" nothing
says "amp there" 0 "INFO: amp: going on in fp32, for bf16 would not be possible here: oneDNN" $without $T epoch=1 \
	save_dir="$work/wish" --amp
says "the definition has it everywhere" 0 "precision: bf16 is no faster than fp32 on 'ref' here" $without $T epoch=1 \
	TrainDataset.sample_num=4 save_dir="$work/definition" precision=bf16 --device ref

grep -q avx512vl /proc/cpuinfo || { echo "skip bf16 on cpu: no AVX-512 here"; exit 0; }
run() { # DIR MORE...
	local dir=$1
	shift
	$T save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
check "two epochs in fp32" run wide
check "two epochs in bf16" run narrow precision=bf16
cp "$work/narrow/$final" "$work/first.safetensors"
check "once more" run narrow precision=bf16
check "has the same bits" "$compare" "$work/first.safetensors" "$work/narrow/$final" "" 0
check "and not those of fp32" not "$compare" "$work/wide/$final" "$work/narrow/$final" model. 1e-6
near() { awk -v a="$1" -v b="$2" -v l="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; print a, b; exit !(b != 0 && d <= l * b) }'; }
check "its first loss is near" near "$(metric loss narrow)" "$(metric loss wide)" 0.02
half() { awk -v a="$(mib narrow)" -v b="$(mib wide)" 'BEGIN { print a, b; exit !(a > 0 && a < 0.65 * b) }'; }
check "its maps take little more than half" half
stored() { "$flotilla" ckpt show "$work/narrow/$final" >"$work/show.txt" && grep -q ' F32 ' "$work/show.txt" && ! grep -q ' BF16 ' "$work/show.txt"; }
check "its checkpoint is fp32" stored

# A resume has the bits of a run that was not disturbed; with other maps it says so.
check "resumed in bf16" run again precision=bf16 -r "$work/narrow/ppyoloe_demo/0.safetensors"
check "has the bits of the whole run" "$compare" "$work/first.safetensors" "$work/again/$final" "" 0
check "and nothing to say about it" not grep -q "the checkpoint was made with" "$work/again.log"
check "resumed in fp32" run again -r "$work/narrow/ppyoloe_demo/0.safetensors"
check "says so" grep -q "made with maps in bf16, this run has them in fp32 (precision: bf16 goes on as before)" "$work/again.log"
check "resumed in bf16 from fp32" run again precision=bf16 -r "$work/wide/ppyoloe_demo/0.safetensors"
check "says so too" grep -q "made with maps in fp32, this run has them in bf16" "$work/again.log"

# Ranks: two of two are one of four, up to sums whose last bit rounds a value to its other neighbour.
one_step() { # NAME RANKS BATCH
	"$fleetrun" --nproc_per_node "$2" --log_dir "$work/log" "$flotilla" train $(EPOCHS=1 tiny) precision=bf16 norm_type=sync_bn \
		TrainDataset.sample_num=4 TrainReader.batch_size="$3" save_dir="$work/$1" >"$work/$1.log" 2>&1
}
check "one rank of 4" one_step r1 1 4
check "two ranks of 2" one_step r2 2 2
check "have one loss" near "$(metric loss r2)" "$(metric loss r1)" 2e-3
check "have near statistics" "$compare" "$work/r1/$final" "$work/r2/$final" model. 0.05

# Scores and pictures.
E="eval $(tiny) weights=$work/first.safetensors"
check "eval in fp32" "$flotilla" $E --json "$work/wide.json"
says "eval in bf16" 0 "Total sample number: 6" "$flotilla" $E precision=bf16 --json "$work/narrow.json"
found() { # FILE MORE...
	"$flotilla" $E PPYOLOEHead.nms.score_threshold=0.0 "${@:2}" --save_prediction_only --output_eval "$work" >"$work/found.log" 2>&1 && mv "$work/bbox.json" "$work/$1"
}
check "predictions in fp32" found a.json
check "predictions in bf16" found b.json precision=bf16
check "are others" not cmp "$work/a.json" "$work/b.json"
says "infer in bf16" 0 "pictures with" "$flotilla" infer $(tiny) weights="$work/first.safetensors" precision=bf16 \
	--infer_dir "$work/data/images/val" --output_dir "$work/drawn"
says "eval --amp" 0 "INFO: amp: " "$flotilla" $E --amp
says "plans --amp" 0 "INFO: amp: " "$flotilla" plans $(tiny) --amp
