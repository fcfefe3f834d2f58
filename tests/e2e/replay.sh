#!/usr/bin/env bash
# Training steps with the reference's weights, order and recorded draws follow its losses, and what a run
# records is what it was given. FULL=1 takes all fifty steps (a minute), else eight.
# Where the numbers come from: tests/golden/test_replay.c. Tolerance: the reference's own losses move by 5e-6
# in these steps when its thread count changes. Hence 3e-5.
. "$(dirname "$0")/lib.sh"
golden=tests/golden/replay
weights=../shared/oracle/golden/formats/model_final.pdparams
data=../shared/data/bccd
if [ ! -e "$weights" ] || [ ! -d "$data" ]; then
	echo "skip replay of the reference: no $weights or no $data"
	exit 0
fi
steps=8
[ -n "${FULL:-}" ] && steps=50
head -n $((steps * 9)) $golden/draws.jsonl >"$work/draws.jsonl"
patience=800
says "a replay goes to the record's end" 0 "the record of draws ends here: writing a checkpoint after step $steps" \
	"$flotilla" train -c configs/ppyoloe/bccd_s_256_60e.yml -o width_mult=0.125 sampler=paddle log_iter=1 \
	save_dir="$work/run" pretrain_weights=$weights TrainDataset.dataset_dir=$data EvalDataset.dataset_dir=$data \
	--replay_draws "$work/draws.jsonl" --record_draws "$work/again.jsonl"
check "what it records is what it was given" cmp "$work/draws.jsonl" "$work/again.jsonl"

# step, then lr, loss, loss_cls, loss_iou, loss_dfl, loss_l1 of each line
number() { sed -n "s/.*\"$2\": *\([-0-9.e+]*\).*/\1/p" "$1"; }
m=$work/run/bccd_s_256_60e/metrics.jsonl
paste <(number "$m" lr) <(number "$m" loss) <(number "$m" loss_cls) <(number "$m" loss_iou) <(number "$m" loss_dfl) \
	<(number "$m" loss_l1) >"$work/ours.tsv"
follow() {
	head -n "$steps" $golden/losses.tsv | cut -f 3-8 | paste - "$work/ours.tsv" | awk -v steps="$steps" '
		function off(a, b) { return (a > b ? a - b : b - a) / (a < 0 ? -a : a) }
		{
			limit = 3e-5
			if (NF != 12 || $1 != $7) { print "step " NR - 1 ": learning rate " $7 ", due " $1; bad = 1 }
			for (i = 2; i <= 6; i++) {
				if (off($i, $(i + 6)) > worst) worst = off($i, $(i + 6))
				if (off($i, $(i + 6)) > limit) { print "step " NR - 1 ": " $(i + 6) ", due " $i; bad = 1 }
			}
		}
		END { print NR " steps, worst " worst; exit bad || NR != steps }'
}
check "learning rates and losses follow the reference" follow
cat "$work/check.log"
