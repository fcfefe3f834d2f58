#!/usr/bin/env bash
# A rank is killed; a peer that ends at once on "connection closed" was reported in its place, by another machine or by the
# same one, for the system closes a process's sockets before it tells its parent of the end.
. "$(dirname "$0")/../fleet/lib.sh"
command -v python3 >/dev/null || { echo "skip victims and witnesses: no python3"; exit 0; }
cat >"$work/ranks.py" <<'P'
# ranks.py HOW: rank 1 ends so; the others, joined with rank 0 by sockets, end with 1 as soon as their peer is gone
import os, select, signal, socket, sys, time
r, n, how = int(os.environ['RANK']), int(os.environ['WORLD_SIZE']), sys.argv[1]
at = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])
if r == 0:
    s = socket.create_server(at); c = [s.accept()[0] for _ in range(n - 1)]
    for k in c: k.sendall(b'g')
    while True:
        for k in select.select(c, [], [])[0]:
            if not k.recv(1): os._exit(1)
for _ in range(200):
    try: s = socket.create_connection(at); break
    except OSError: time.sleep(.05)
s.recv(1)
if r == 1:
    time.sleep(.3)
    if how.isdigit(): os._exit(int(how))
    os.kill(os.getpid(), getattr(signal, how))
if not s.recv(1): os._exit(1)
P
one() { # HOW STATUS: three times on one machine, rank 1 is named each time
	local k
	for k in 1 2 3; do
		says "one machine, $1, round $k" "$2" "first fault: rank 1 (127.0.0.1, device 1)" \
			"$fleetrun" --log_dir "$work/log" --nproc_per_node 3 python3 "$work/ranks.py" "$1"
	done
}
one SIGKILL 137
one SIGSEGV 139
one SIGABRT 134
one 3 3

machines 3
for how in SIGKILL:137 SIGSEGV:139; do
	for k in 1 2; do
		fleet --nproc_per_node 1 python3 "$work/ranks.py" "${how%:*}"
		all_end "three machines, ${how%:*}, round $k: its status on each" "${how#*:}"
		for i in $all; do said "machine $i names it" "$i" "first fault: rank 1 (10.77.0.2, device 0)"; done
	done
done
# Of two ordinary statuses on two machines the earlier is named, as far as a busy machine can tell; both are told.
fleet --nproc_per_node 1 python3 "$work/ranks.py" 3
joined
for i in $all; do
	check "of two statuses both stand in the report of machine $i" sh -c \
		"grep -q 'rank 1 .*exit status 3' $work/out.$i && { grep -q 'rank 0 .*exit status 1' $work/out.$i || grep -q 'first fault: rank 1' $work/out.$i; }"
done
nothing_left "nothing stays behind"
