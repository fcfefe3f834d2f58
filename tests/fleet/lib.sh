# Sourced by the tests of several machines: each machine is a network namespace on one bridge, with a disk of its own.
#
#        m1 10.77.0.1     m2 10.77.0.2     m3 10.77.0.3   ...      each: lo, e0, and $work/disk.<i> mounted at $disk
#             |                |                |
#        =====+================+================+=====              bridge br0, in a namespace of its own
#
# Nothing here touches the network of the machine that runs the tests. All of it is removed at the end, whatever happens.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

# Without root: a user namespace, in which we are root of our own network and mounts.
if [ "$(id -u)" -ne 0 ] && [ -z "${FLEET_INSIDE:-}" ]; then
	if unshare -Urnm true 2>/dev/null; then
		rm -rf "$work"
		trap - EXIT
		FLEET_INSIDE=1 exec unshare -Urnm "$0" "$@"
	fi
fi
[ -n "${FLEET_INSIDE:-}" ] && mount -t tmpfs none /run 2>/dev/null
tag=fl$$
if ! command -v ip >/dev/null || ! ip netns add "${tag}b" 2>/dev/null; then
	echo "skip $(basename "$0"): no network namespaces here (needs root, or unshare -Urnm, and the program ip)"
	exit 0
fi
if ! ip netns exec "${tag}b" true 2>/dev/null; then
	ip netns del "${tag}b"
	rm -rf "$work"
	echo "skip $(basename "$0"): no program starts in a network namespace here (in a chroot / must be a mount point)"
	exit 0
fi
disk=$work/disk
mkdir -p "$disk"
count=0

clean() {
	local n p
	for n in $(ip netns list | sed -n "s/^\(${tag}[bm][0-9]*\).*/\1/p"); do
		for p in $(ip netns pids "$n" 2>/dev/null); do kill -KILL "$p" 2>/dev/null; done
		ip netns del "$n"
	done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

ip -n "${tag}b" link add br0 type bridge
ip -n "${tag}b" link set br0 up

# N: as many machines, with addresses 10.77.0.1 to N.
machines() {
	local i
	for i in $(seq $((count + 1)) "$1"); do
		ip netns add "${tag}m$i"
		ip -n "${tag}m$i" link set lo up
		ip -n "${tag}m$i" link add e0 type veth peer name "p$i" netns "${tag}b"
		ip -n "${tag}b" link set "p$i" master br0 up
		ip -n "${tag}m$i" addr add "10.77.0.$i/24" dev e0
		ip -n "${tag}m$i" link set e0 up
		mkdir -p "$work/disk.$i"
	done
	[ "$1" -gt "$count" ] && count=$1
	ips=$(seq -s, -f '10.77.0.%g' 1 "$1")
	all=$(seq 1 "$1")
	return 0
}
# I COMMAND...: on machine I.
on() {
	local i=$1
	shift
	local hosts=$work/hosts.$i
	[ -e "$work/hosts" ] || cp /etc/hosts "$work/hosts"
	[ -e "$hosts" ] || hosts=$work/hosts
	ip netns exec "${tag}m$i" sh -c 'mount --bind "$0" "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"' \
		"$work/disk.$i" "$disk" "$hosts" "$@"
}
# I ARGS...: the agent of machine I, in the background; its output in out.I, its status in rc.I.
agent() {
	local i=$1
	shift
	rm -f "$work/rc.$i" "$work/out.$i" # words of the run before are not waited for
	(
		rc=0
		exec >"$work/out.$i" 2>&1 </dev/null
		on "$i" timeout -k 5 "${LIMIT:-90}" "$fleetrun" --log_dir "$disk/log" "$@" || rc=$?
		echo $rc >"$work/rc.$i"
	) &
}
# ARGS...: the same line on every machine of $all.
fleet() {
	local i
	for i in $all; do agent "$i" --ips "$ips" "$@"; done
}
# All agents have ended.
joined() { wait $(jobs -p) 2>/dev/null; }
# NAME STATUS: every machine of $all ended with the status.
all_end() {
	local i bad=
	joined
	for i in $all; do [ "$(cat "$work/rc.$i")" = "$2" ] || bad=$i; done
	if [ -z "$bad" ]; then
		ok "$1"
	else
		for i in $all; do
			tail -n 3 "$work/out.$i"
			echo "machine $i ended with $(cat "$work/rc.$i"), wanted $2"
		done >"$work/bad.log"
		not_ok "$1" "$work/bad.log"
	fi
}
# NAME I TEXT: machine I said the text.
said() {
	if grep -qF -- "$3" "$work/out.$2"; then ok "$1"; else
		echo "machine $2 did not say '$3'" >>"$work/out.$2"
		not_ok "$1" "$work/out.$2"
	fi
}
# I TEXT: until machine I has said it, 30 s at most.
until_said() {
	local k
	for k in $(seq 600); do
		grep -qF -- "$2" "$work/out.$1" 2>/dev/null && return 0
		sleep 0.05
	done
	echo "machine $1 did not say '$2' within 30 s" >>"$work/out.$1"
	return 1
}
# MICROSECONDS LOSS: frames between the machines arrive so much later, LOSS of a thousand never do, by a switch of our
# own, for a kernel may lack netem. 0 0: the kernel's own bridge again.
switch=
slow_links() {
	local p
	[ -n "$switch" ] && kill "$switch"
	switch=
	for p in $(seq -f p%g 1 "$count"); do
		if [ "$1 $2" = "0 0" ]; then ip -n "${tag}b" link set "$p" master br0; else ip -n "${tag}b" link set "$p" nomaster; fi
	done
	[ "$1 $2" = "0 0" ] && return
	ip netns exec "${tag}b" "$build/programs/slow_bridge" "$1" "$2" $(seq -f p%g 1 "$count") >"$work/switch.log" 2>&1 &
	switch=$!
	disown # so that nobody waits for its end
	within 5 grep -q ready "$work/switch.log"
	grep -q ready "$work/switch.log"
}
# I KEY: its numbers in machine I's preflight.json.
found() { grep -o "\"$2\": [-0-9.e+]*" "$work/disk.$1/log/preflight.json" | sed 's/.*: //'; }
# I: process of machine I's agent.
agent_pid() {
	local p
	for p in $(ip netns pids "${tag}m$1"); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = fleetrun ] && echo "$p" && return
	done
}
# I RANK: the process of a trainer.
trainer_pid() {
	local p
	for p in $(ip netns pids "${tag}m$1"); do
		if tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | grep -qx "RANK=$2"; then echo "$p" && return; fi
	done
}
# NAME: no process of a machine is left but ours.
nothing_left() {
	local i k left
	for k in $(seq 100); do
		left=
		for i in $(seq 1 "$count"); do left="$left $(ip netns pids "${tag}m$i" | tr '\n' ' ')"; done
		[ -z "$(echo $left)" ] && ok "$1" && return
		sleep 0.05
	done
	for k in $left; do tr '\0' ' ' <"/proc/$k/cmdline"; echo; done >"$work/left.log"
	not_ok "$1" "$work/left.log"
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
sum=$build/programs/mpi_sum
