#!/usr/bin/env bash
# A machine that cannot take part (its limits, its log folder, its program, a variable) tells the others first: nobody waits
# out --join_timeout for it, and every console names it.
. "$(dirname "$0")/lib.sh"
machines 2
agents=$fleetrun
# NAME TEXT COMMAND...: machine 2's agent runs by the command; both end with 2, 4 or 7 as it does, and say the text
refuses() {
	local name=$1 want=$2 text=$3 start
	shift 3
	printf '#!/bin/sh\n%s exec %s "$@"\n' "$1" "$agents" >"$work/limited"
	chmod +x "$work/limited"
	start=$(now_ms)
	agent 1 --ips "$ips" --join_timeout 80 true
	fleetrun=$work/limited agent 2 --ips "$ips" --join_timeout 80 true
	all_end "$name: both end" "$want"
	check "$name: soon" test $(($(now_ms) - start)) -lt 25000
	said "$name: the first names it" 1 "first fault: 10.77.0.2 cannot take part: $text"
	said "$name: it says so itself" 2 "$text"
	nothing_left "$name: nothing is left"
}
refuses "few open files" 4 "1 trainers and 2 machines need" "ulimit -n 40;"
refuses "a log folder that is a file" 4 "choose another --log_dir" "rm -rf $disk/log; touch $disk/log;"
rm -f "$work/disk.2/log"
refuses "a variable" 2 "the variable OMP_NUM_THREADS is 'abc'" "export OMP_NUM_THREADS=abc;"
check "fault.json names it" grep -q '"host": *"10.77.0.2"' "$work/disk.1/log/fault.json"

# The other order, and a machine that never comes.
agent 1 --ips "$ips" not_here.py
agent 2 --ips "$ips" --join_timeout 80 not_here.py
all_end "a program that is nowhere" 2
agent 1 --ips "$ips" not_here.py
joined
check "nobody else: it ends by itself" grep -q "1 machine could not be told within 5 s" "$work/out.1"
check "with its own status" grep -qx 2 "$work/rc.1"

# A job under way is not ended by a machine that comes back and is refused.
all="1"
agent 1 --ips "$ips" --max_restart 3 --rejoin_timeout 6 sh -c "sleep 60"
agent 2 --ips "$ips" --max_restart 3 --rejoin_timeout 6 sh -c "sleep 60"
until_said 1 "trainers, ranks"
sleep 0.5
kill -KILL "$(agent_pid 2)"
until_said 1 "is lost"
sleep 0.5
printf '#!/bin/sh\nulimit -n 40; exec %s "$@"\n' "$agents" >"$work/limited"
fleetrun=$work/limited agent 2 --ips "$ips" --max_restart 3 --rejoin_timeout 6 sh -c "sleep 60"
joined
check "the one that waits goes on waiting" grep -q "waited 6 s (--rejoin_timeout)" "$work/out.1"
check "the one that came says why" grep -q "2 machines need" "$work/out.2"
nothing_left "nothing is left at the end"
