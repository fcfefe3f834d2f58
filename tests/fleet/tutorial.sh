#!/usr/bin/env bash
# What docs/tutorial.md and docs/tutorial_zh.md have typed on several machines: their blocks marked "sh fleet", the same on every
# machine of their --ips, each with a copy of pictures and recipe on a disk of its own. The network is an eighth as wide and
# trained for two epochs.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
LIMIT=200
machines 4
addresses=(10.127.6.17 10.127.5.142 10.127.45.13 10.127.44.151)
for i in $all; do
	ip -n "${tag}m$i" addr flush dev e0
	ip -n "${tag}m$i" addr add "${addresses[i - 1]}/16" dev e0
done

# A recipe names its folder: it is written where each machine sees its own disk.
prepare() {
	"$flotilla" data synth "$disk/photos" --images 120 --val 8 --width 96 --height 96 && "$flotilla" new "$disk/photos" --out "$disk/my.yml" || return
	sed -i 's/^width_mult: 0.5/width_mult: 0.125/; s/^epoch: [0-9]*/epoch: 2/; s/^snapshot_epoch: [0-9]*/snapshot_epoch: 1/' "$disk/my.yml"
	for i in $all; do cp -r "$disk/." "$work/disk.$i"; done
}
check "pictures and a recipe" prepare

# PAGE N: its Nth block for machines
block() { awk -v n="$2" '/^```sh fleet$/ { if (++k == n) part = 1; next } /^```/ { part = 0 } part' "docs/$1"; }
follow() { # NAME PAGE N MACHINES
	local i
	block "$2" "$3" >"$work/block.sh"
	grep -q fleetrun "$work/block.sh" || { not_ok "$1: no such block"; return; }
	all=$(seq 1 "$4")
	for i in $all; do
		rm -f "$work/rc.$i"
		(
			rc=0
			on "$i" sh -c 'cd "$1" && PATH=$2:$PATH exec timeout -k 90 "$3" bash -e "$4"' sh "$disk" "$build/bin" "$LIMIT" "$work/block.sh" \
				>"$work/out.$i" 2>&1 </dev/null || rc=$?
			[ ! -e "$work/disk.$i/logs.txt" ] || mv "$work/disk.$i/logs.txt" "$work/out.$i"
			echo $rc >"$work/rc.$i"
		) &
	done
	all_end "$1" 0
}
follow "the tutorial, on two machines" tutorial.md 1 2
check "the first one has the page" test -s "$work/disk.1/output/my/report.html"
check "the second one has none" test ! -e "$work/disk.2/output/my/report.html"
follow "the Chinese tutorial, on four" tutorial_zh.md 1 4
check "eight ranks have trained" grep -q '"world_size": 8' "$work/disk.1/output/my/summary.json"
follow "and its look before" tutorial_zh.md 2 4
said "says what the network costs" 3 'the all-reduce of'
nothing_left "nothing stays behind"
