#!/usr/bin/env bash
# Opening a huge list of images and boxes: ours for the first time, ours from its index, and pycocotools, taking turns on one file.
# Prints a line of JSON for each opening, with the load; then the ratios of the medians.
#     [PYTHON=<python with pycocotools>] bench/annotations.sh [IMAGES] [TURNS] [DIR]
# IMAGES (default 200000: 3 million boxes, 0.5 GB) are made by 'data synth --annotations-only' in DIR (default: a temporary folder)
# unless DIR has them. Without pycocotools only ours runs.
set -euo pipefail
cd "$(dirname "$0")/.."
images=${1:-200000} turns=${2:-3} dir=${3:-}
bin=${BUILD:-build}/bin python=${PYTHON:-python3}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
dir=${dir:-$temporary/list}
list=$dir/annotations/train.json
make -s "$bin/bench_annotations" "$bin/flotilla"
[ -e "$list" ] || "$bin/flotilla" data synth "$dir" --annotations-only --images "$images" --val 1
export XDG_CACHE_HOME=$temporary/cache
opened() { # NAME COMMAND...
	local line
	line=$("${@:2}" 2>/dev/null | tail -n 1)
	echo "{\"opening\": \"$1\", \"load\": $(cut -d' ' -f1 /proc/loadavg), ${line#\{}" | tee -a "$temporary/lines"
}
for _ in $(seq "$turns"); do
	rm -rf "$XDG_CACHE_HOME"
	opened first "$bin/bench_annotations" "$list"
	opened second "$bin/bench_annotations" "$list"
	if "$python" -c 'import pycocotools' 2>/dev/null; then opened pycocotools "$python" bench/peer_annotations.py "$list"; fi
done
python3 - "$temporary/lines" <<-'END'
	import json, statistics, sys
	rows = [json.loads(line) for line in open(sys.argv[1])]
	middle = lambda who, what: statistics.median(r[what] for r in rows if r['opening'] == who)
	if not any(r['opening'] == 'pycocotools' for r in rows):
	    sys.exit('pycocotools is not importable: ours alone')
	for who in ('first', 'second'):
	    print(f"{who} opening: " + ', '.join(f"{middle('pycocotools', k) / max(middle(who, k), 0.001):.1f} times pycocotools in {k}"
	                                         for k in ('seconds', 'core_s', 'peak_mib')))
END
