#!/usr/bin/env bash
# The training step of PP-YOLOE-s, ours and PaddleDetection's own on PaddlePaddle, in one run on the same cores, taking
# turns; batch 8, fp32, all cores. Prints each turn's median of five steps and the ratio of the medians over the turns.
#     PPDET=<checkout of PaddleDetection> PYTHON=<python with paddlepaddle> bench/step_beside_paddle.sh [SIZE] [TURNS]
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-320} turns=${2:-3}
peer=${PEER:-../shared/bench/peer_paddle.py}
[ -n "${PPDET:-}" ] && [ -f "$peer" ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
bin=${BUILD:-build}/bin/bench_step
[ -x "$bin" ] || make -s "$bin"
middle() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ours='' theirs=''
for turn in $(seq "$turns"); do
	a=$("$bin" "$size" | sed -n 's/.*(median \([0-9.]*\) ms).*/\1/p')
	b=$(PPDET=$PPDET "${PYTHON:-python3}" "$peer" --img "$size" --threads "$(nproc)" 2>/dev/null |
		sed -n 's/.*"ms_step": \([0-9.]*\).*/\1/p')
	echo "turn $turn: flotilla $a ms, PaddleDetection $b ms (load $(cut -d' ' -f1 /proc/loadavg))"
	ours="$ours$a\n" theirs="$theirs$b\n"
done
awk -v a="$(printf "$ours" | middle)" -v b="$(printf "$theirs" | middle)" -v s="$size" 'BEGIN {
	printf "PP-YOLOE-s, %dx%d, batch 8: flotilla %.1f ms, PaddleDetection %.1f ms a step: %.1f times as fast\n", s, s, a, b, b / a }'
