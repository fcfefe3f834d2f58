#!/usr/bin/env bash
# How a step scales over 1 to 4 machines where the all-reduce alone would take 10, 30 and 60 % of it: flotilla with and
# without overlap, and PyTorch's DDP over gloo, on the same links in the same run.
#
# Machines are network namespaces with links of a set rate in both directions; MPI, gloo and TCP are the real ones. The
# computation is played (bench/pace): a step recorded on this machine, stretched to STEP seconds, of which a share is
# burnt and the rest slept, so that four machines fit on few cores. Control groups hold each machine to its part of the
# cores where the system lets us.
#     [PYTHON=<python with torch>] bench/scaling.sh
# Also from the environment: STEP (seconds, 1), STEPS (5), SHARE (0.1), RATIOS ("10 30 60"), MACHINES ("2 3 4"),
# MODES ("overlap none ddp"), DELAYS ("0 200 1000", microseconds), SYNC_MACHINES ("2 4"), FIGURE (step: medians; best),
# TIMETABLE (a recorded one), WEIGHT (of the machines against other work, as cpu.shares; 1024: as any).
set -euo pipefail
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
make -s "$BUILD/bin/bench_scaling" "$BUILD/bin/fleetrun" "$BUILD/bin/pace.so" "$BUILD/programs/slow_bridge" >/dev/null
set +e
. tests/fleet/lib.sh
step=${STEP:-1} steps=${STEPS:-5} share=${SHARE:-0.1} python=${PYTHON:-}
modes=${MODES:-overlap none ddp}
if [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null; then
	peer="PyTorch $("$python" -c 'import torch; print(torch.__version__)')"
else
	echo "PYTHON has no torch: the column of the peer, PyTorch's DDP, is left out" >&2
	modes=${modes/ddp/} peer=
fi
table=$work/timetable
if [ -n "${TIMETABLE:-}" ]; then cp "$TIMETABLE" "$table"; else "$build/bin/bench_scaling" record "$table" >/dev/null || exit 1; fi
bytes=$(awk '$2 == "ready" { n = $3 } END { print 4 * n }' "$table")

# Machine I gets its part of the cores, a quarter of all of them, in a control group; $held says so or why not.
groups=/sys/fs/cgroup/cpu/$tag
held="nothing but the share that is burnt (no control groups of processor time here)"
if mkdir "$groups" 2>/dev/null; then
	echo "${WEIGHT:-1024}" >"$groups/cpu.shares"
	mkdir "$groups/switch"
	for i in 1 2 3 4; do
		mkdir "$groups/m$i"
		echo 10000 >"$groups/m$i/cpu.cfs_period_us"
		echo $(($(nproc) * 10000 / 4)) >"$groups/m$i/cpu.cfs_quota_us"
	done
	held="a control group for each machine: at most $(awk -v n="$(nproc)" 'BEGIN { print n / 4 }') cores (cfs quota, 10 ms)"
fi
end() {
	clean
	[ -d "$groups" ] && rmdir "$groups"/m? "$groups/switch" "$groups"
}
trap end EXIT
on() {
	local i=$1
	shift
	[ -d "$groups/m$i" ] && echo "$BASHPID" >"$groups/m$i/cgroup.procs"
	ip netns exec "${tag}m$i" "$@"
}

machines 4
# MICROSECONDS: how much later frames arrive, on every path.
delay() {
	slow_links "$1" 0
	[ -z "$switch" ] || [ ! -d "$groups" ] || echo "$switch" >"$groups/switch/cgroup.procs"
}
# MBIT: of every link, both ways.
links() {
	local i
	for i in 1 2 3 4; do
		tc -n "${tag}m$i" qdisc replace dev e0 root tbf rate "$1mbit" burst 128kb limit 1mb
		tc -n "${tag}b" qdisc replace dev "p$i" root tbf rate "$1mbit" burst 128kb limit 1mb
	done
}
# COUNT PERCENT: the rate at which a ring moves the gradients in so much of a step (0.957 of it are payload).
rate() {
	awk -v r="$1" -v x="$2" -v s="$step" -v b="$bytes" \
		'BEGIN { printf "%.0f", b * 8 * 2 * (r - 1) / r / (x / 100 * s) / 1e6 / 0.957 }'
}
port=7000
# NAME COUNT MODE: one measurement on so many machines; its figures in $work/NAME.
measure() {
	local name=$1 args="$table step=$step steps=$steps share=$share" line
	machines "$2"
	case $3 in
	overlap) line="$build/bin/bench_scaling replay $args" ;;
	none) line="$build/bin/bench_scaling replay $args overlap=0" ;;
	alone) line="$build/bin/bench_scaling replay $args alone=1" ;;
	sync_bn) line="$build/bin/bench_scaling replay $args sync_bn=1" ;;
	ddp) line="env GLOO_SOCKET_IFNAME=e0 OMP_NUM_THREADS=1 $python bench/peer_ddp.py ${table} $build/bin/pace.so ${args#* }" ;;
	esac
	port=$((port + 50))
	fleet --start_port $port --max_restart 0 $line
	joined
	if ! grep -ho 'scaling step .*' "$work/out.1" >"$work/$name"; then
		echo "no figures from: $line" >&2
		tail -n 5 "$work"/out.* >&2
	fi
}
# NAME WORD: a figure; the step's is the median, or the best with FIGURE=best.
figure() {
	awk -v w="$2" -v f="${FIGURE:-step}" 'w == "step" { w = f } { for (i = 1; i < NF; i++) if ($i == w) print $(i + 1) }' \
		"$work/$1" 2>/dev/null
}
# N: the speed-up of $1's step over $one with N machines.
speedup() { awk -v o="$one" -v n="$2" -v t="$(figure "$1" step)" 'BEGIN { if (t > 0) printf "%.2f", n * o / t; else printf "-" }'; }
over() { awk -v a="$(figure "$1" step)" -v b="$(figure "$2" step)" 'BEGIN { if (a > 0 && b > 0) printf "%.3f", b / a; else printf "-" }'; }

head -n 1 "$table" | sed 's/^# //; s/:.*//'
echo "SIMULATED computation: $(grep -c ready "$table") layers compute for times measured on this machine, stretched to a step of
$step s, of which $(awk -v s="$share" 'BEGIN { print 100 * s }') % are burnt and the rest slept; for both sides by the same function. Shares are held by
$held.
Real: fleetrun, MPI, gloo and TCP ($(cat /proc/sys/net/ipv4/tcp_congestion_control)) between network namespaces, links shaped both ways by tc tbf; $((bytes / 1000000)) MB of
gradients. Medians of $steps steps. Load before: $(cut -d' ' -f1-3 /proc/loadavg). Peer: ${peer:-none}.

norm_type: bn              all-reduce alone  speed-up                       DDP's step   processor, ms a step
share machines  Mbit/s      ms  % of a step  overlap  without  PyTorch DDP  over ours    ours  DDP"
for ratio in ${RATIOS:-10 30 60}; do
	links 10000
	measure one 1 overlap
	one=$(figure one step)
	for n in ${MACHINES:-2 3 4}; do
		links "$(rate "$n" "$ratio")"
		rm -f "$work"/m.*
		for mode in alone $modes; do measure "m.$mode" "$n" $mode; done
		printf '%3s %%  %5s  %9s  %6.0f  %8.1f  %9s  %7s  %11s  %10s  %6s  %s\n' "$ratio" "$n" "$(rate "$n" "$ratio")" "$(figure m.alone comm)" \
			"$(awk -v a="$(figure m.alone comm)" -v o="$one" 'BEGIN { print 100 * a / o }')" "$(speedup m.overlap "$n")" \
			"$(speedup m.none "$n")" "$(speedup m.ddp "$n")" "$(over m.overlap m.ddp)" \
			"$(figure m.overlap processor)" "$(figure m.ddp processor | grep . || echo -)"
	done
	echo "      1 machine: $one ms a step"
done

sums=$(awk '$2 == "sum" && $3 != 2' "$table" | wc -l)
echo "
norm_type: sync_bn, links as for 30 %: $sums sums over the machines in a step. (PyTorch has none for CPU.) Above 0 ms frames
are held back by a program of ours, tests/support/programs/slow_bridge.c, in place of the kernel's bridge.
delay, ms  machines  bn, ms  sync_bn, ms  costs, ms    %  of them in sums, ms"
for us in ${DELAYS:-0 200 1000}; do
	delay "$us"
	for n in ${SYNC_MACHINES:-2 4}; do
		links "$(rate "$n" 30)"
		measure bn "$n" overlap
		measure sync "$n" sync_bn
		awk -v us="$us" -v n="$n" -v a="$(figure bn step)" -v b="$(figure sync step)" -v w="$(figure sync sync_bn)" 'BEGIN {
			printf "%9.1f  %8d  %6.0f  %11.0f  %9.0f  %3.0f  %19.0f\n", us / 1000, n, a, b, b - a, 100 * (b - a) / a, w }'
	done
done
