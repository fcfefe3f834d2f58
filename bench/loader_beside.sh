#!/usr/bin/env bash
# The training reader (decode, distort, expand, crop, flip, one size a batch, normalise), ours beside torchvision's v2 transforms and
# PaddleDetection's, in one run: all are started, then they take turns of IMAGES images, each on one thread. Images per second of
# processor time, so that a neighbour on the machine takes little from any of them; medians over the turns and their ratios.
#     [TORCH=<python with torch, torchvision>] [PADDLE=<python with paddlepaddle> PPDET=<checkout of PaddleDetection>]
#     bench/loader_beside.sh [DATASET_DIR] [TURNS] [IMAGES]         (default ../shared/data/bccd, 5 turns, 240 images)
# DATASET_DIR holds images/ and annotations/train.json.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data/bccd} turns=${2:-5} images=${3:-240}
bin=${BUILD:-build}/bin/bench_loader
[ -x "$bin" ] || make -s "$bin"
[ -e "$data/annotations/train.json" ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
exec python3 bench/take_turns.py "$turns" "$images" "$bin" "$data"
