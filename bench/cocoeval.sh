#!/usr/bin/env bash
# COCO scoring on made-up data of val2017's size (5,000 images, 36,000 boxes, 80 classes, 500,000 detections): ours with one
# thread and with all, and pycocotools, in one go on the same files. Prints a line of JSON for each and the ratio.
#     bench/cocoeval.sh [DIR]        DIR keeps the files (default: a temporary folder)
# PYTHON=... names a python with pycocotools; without one only ours runs.
set -eu
cd "$(dirname "$0")/.."
bin=${BUILD:-build}/bin/bench_cocoeval
python=${PYTHON:-python3}
dir=${1:-}
if [ -z "$dir" ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
fi
[ -x "$bin" ] || make "$bin"
[ -e "$dir/dt.json" ] || "$bin" make "$dir"
peer=
if "$python" -c 'import pycocotools.cocoeval' 2>/dev/null; then
	peer=$("$python" bench/peer_cocoeval.py "$dir")
	echo "$peer"
else
	echo "pycocotools is not importable by $python: ours alone" >&2
fi
for threads in 1 "$(nproc)"; do
	ours=$("$bin" "$dir/gt.json" "$dir/dt.json" "$threads")
	echo "$ours"
	[ -n "$peer" ] || continue
	"$python" - "$peer" "$ours" <<-'END'
	import json, sys
	peer, ours = map(json.loads, sys.argv[1:])
	far = max(abs(a - b) for a, b in zip(peer['stats'], ours['stats']))
	print(f"{peer['seconds'] / ours['seconds']:.1f} times pycocotools with {ours['threads']} thread(s); largest difference of the twelve numbers {far:g}")
	assert far <= 1e-12
	END
done
