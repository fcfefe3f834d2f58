#!/usr/bin/env bash
# Many machines: 16 namespaces at once, and a roll call of a thousand agents.
. "$(dirname "$0")/lib.sh"
machines 16
fleet sh -c 'echo "rank $RANK of $WORLD_SIZE"'
all_end "16 machines at once" 0
said "the last one has the last rank" 16 "rank 15 of 16"
nothing_left "nothing stays behind"

# All in the first machine's namespace, over its loopback: the agents are simulated, the first one is real.
ulimit -n 4096
all=1
start=$(now_ms)
agent 1 --ips "$("$build/programs/many_agents" list 1000)" --host 127.0.0.1 --start_port 9000 true
until_said 1 "roll call after"
on 1 timeout 90 "$build/programs/many_agents" 1000 9000 >"$work/many.log" 2>&1
if grep -q "999 of 999 agents started" "$work/many.log"; then ok "a thousand agents are called and started"; else
	not_ok "a thousand agents are called and started" "$work/many.log"
fi
all_end "the real one ends with 0" 0
said "it saw all of them" 1 "all 1000 machines are here: 1000 trainers"
echo "# a thousand agents: $(($(now_ms) - start)) ms"
nothing_left "nothing stays behind at the end"
