#!/usr/bin/env bash
# make bench-peers writes a whole file of figures, with the peers that are at hand and without those that are not; nothing is asked of
# the speed. The peers here are played; the committed files have the same shape.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skip bench_peers: no python3 here"; exit 0; }
export BUILD=$build TURNS=1 SIZES=96 PRECISIONS=fp32 IMAGES=500 PEERS=$work
unset PPDET
# A python that has what its name says, and makes a step of 10 ms of anything.
for peer in torch pycocotools; do
	cat >"$work/$peer" <<-END
		#!/bin/sh
		case "\$*" in
		*"import $peer as"*) echo 7.7 ;;
		*import*) exit 1 ;;
		*) echo '{"ms_step": 10.5, "seconds": 2.5, "peak_mib": 100}' ;;
		esac
	END
	chmod +x "$work/$peer"
done
touch "$work/peer_torch.py"
make_figures() { python3 bench/peers.py make "$work/$1.json" >"$work/$1.log" 2>&1; }
whole() { python3 bench/peers.py check "$work/$1.json"; }
holds() { # FILE EXPRESSION over the figures f
	python3 -c 'import json, sys; f = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$work/$1.json" "$2"
}

export BENCHES='step annotations'
export TORCH=false COCO=false
check "without any peer" make_figures alone
check "a whole file is written" whole alone
check "it says who was not there" holds alone "set(f['absent']) >= {'PyTorch', 'PaddleDetection', 'pycocotools'}"
check "and has no row of theirs" holds alone "{r['who'] for r in f['rows']} == {'flotilla', 'flotilla again'} and f['ratios'] == []"
check "so does the log" grep -q "PyTorch is left out" "$work/alone.log"

export TORCH=$work/torch COCO=$work/pycocotools TURNS=2
check "with two peers" make_figures two
check "a whole file is written" whole two
check "with their rows" holds two "{(r['bench'], r['who']) for r in f['rows']} >= {('step', 'PyTorch'), ('annotations', 'pycocotools')}"
check "two turns each, and their loads" holds two "all(len(r['turns']) == len(r['load']) == 2 for r in f['rows'])"
check "and their ratios" holds two "{r['against'] for r in f['ratios']} == {'PyTorch', 'pycocotools'} and all('memory' in r for r in f['ratios'])"
check "versions are there" holds two "f['peers'] == {'PyTorch': '7.7', 'pycocotools': '7.7'} and 'flotilla' in f['flotilla'][0]"

sed -i 's/10\.5/broken/' "$work/torch"
BENCHES=step TURNS=1
check "a peer that breaks" make_figures broken
check "is left out" holds broken "not any(r['who'] == 'PyTorch' for r in f['rows']) and any(k.startswith('PyTorch in step') for k in f['absent'])"
check "no folder of this machine is in it" bash -c "! grep -qF -e '$PWD' -e '$work' '$work/two.json' '$work/alone.json' '$work/broken.json'"
python3 - "$work" <<-'END'
	import json, sys
	f = json.load(open(sys.argv[1] + '/two.json'))
	f['rows'][0]['median'] /= 2
	json.dump(f, open(sys.argv[1] + '/changed.json', 'w'))
END
says "a figure that was changed by hand" 1 "is not the median of its turns" python3 bench/peers.py check "$work/changed.json"
says "no command" 2 "make [FILE] | check FILE" python3 bench/peers.py
for file in bench/figures/*.json; do
	[ -e "$file" ] && check "$file" python3 bench/peers.py check "$file"
done
exit 0
