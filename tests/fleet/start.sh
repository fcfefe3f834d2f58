#!/usr/bin/env bash
# Several machines start one job: addresses, ports, devices, roll call, strangers, tokens.
. "$(dirname "$0")/lib.sh"
machines 4

fleet --selected_gpu 0,1 "$sum"
all_end "the same line on 4 machines" 0
for i in $all; do said "machine $i adds up" "$i" "sum 36 of 8"; done
said "ranks follow the list" 3 "ranks 4 to 5 on this one"
nothing_left "nothing stays behind"

# Debian's line "127.0.1.1 node1" in node1's own /etc/hosts: it is still the machine that the others know by that name.
name=$(hostname)
printf '127.0.0.1 localhost\n127.0.1.1 %s\n10.77.0.2 second\n' "$name" >"$work/hosts.1"
printf '127.0.0.1 localhost\n10.77.0.1 %s\n10.77.0.2 second\n' "$name" >"$work/hosts.2"
all="1 2"
for i in $all; do agent "$i" --ips "$name,second" "$sum"; done
all_end "a name for oneself on 127.0.1.1" 0
said "both take part" 2 "sum 3 of 2"
sed -i "s/$name/other/" "$work/hosts.1" "$work/hosts.2"
agent 1 --ips other,second "$sum"
all=1
all_end "any other name there is an error" 2
said "with a sentence" 1 "'other' in --ips is every machine's name for itself"
rm "$work"/hosts.[12]

# One log folder of the agents of one job, and another job that uses it at the same time.
shared=$work/shared
agents() { for i in $1; do agent "$i" --ips "$2" --log_dir "$shared" --nproc_per_node 1 sh -c "echo $1; sleep 3"; done; }
agents "1 2" 10.77.0.1,10.77.0.2
within 20 grep -qs "1 2" "$shared/workerlog.1"
agents "3 4" 10.77.0.3,10.77.0.4
all_end "two jobs of two machines with one log folder" 0
check "the agents of the first share it" sh -c "cat $shared/workerlog.0 $shared/workerlog.1 | grep -cx '1 2' | grep -qx 2"
check "those of the second as well" sh -c "cat $shared/job.2/workerlog.? | grep -cx '3 4' | grep -qx 2"
check "and nothing is left" sh -c "! ls $shared/owner $shared/job.2/owner $shared/job.3"

all="1 2 3"
ips=10.77.0.1,10.77.0.2,10.77.0.3
for i in $all; do agent "$i" --ips $ips --nproc_per_node "$i" "$sum"; done
all_end "machines with 1, 2 and 3 devices" 0
said "six ranks" 2 "sum 21 of 6"
said "the third begins with rank 3" 3 "ranks 3 to 5"

# FLAGS_START_PORT as the tutorial sets it, and both dialects of the environment.
all="1 2"
for i in $all; do
	FLAGS_START_PORT=17000 agent "$i" --ips 10.77.0.1,10.77.0.2 --selected_gpu 0,1 sh -c \
		'[ "$LOCAL_RANK" = 0 ] && echo "$PADDLE_TRAINER_ENDPOINTS $PADDLE_CURRENT_ENDPOINT $PADDLE_TRAINER_ID $MASTER_ADDR $MASTER_PORT"; sleep 1'
done
all_end "FLAGS_START_PORT" 0
said "endpoints" 2 \
	"10.77.0.1:17000,10.77.0.1:17001,10.77.0.2:17000,10.77.0.2:17001 10.77.0.2:17000 2 10.77.0.1 17002"

# Machines in any order, late ones too; who waits is told for whom and why.
agent 2 --ips 10.77.0.1,10.77.0.2 "$sum"
until_said 2 "nothing listens"
agent 1 --ips 10.77.0.1,10.77.0.2 "$sum"
all_end "the first machine comes last" 0
said "the waiting one said why" 2 "10.77.0.1: missing for"

agent 1 --ips 10.77.0.1,10.77.0.2 --join_timeout 3 "$sum"
all=1
all_end "a missing machine ends with 6" 6
said "it is named" 1 " s: refused: nothing listens on its port 6069"

# No route, and a firewall that drops: nobody has 10.99.0.9 and 10.77.0.99.
agent 1 --ips 10.77.0.1,10.99.0.9 --join_timeout 2 "$sum"
all_end "no route ends with 6" 6
said "no route is said" 1 " s: no route to it"
agent 1 --ips 10.77.0.1,10.77.0.99 --join_timeout 7 "$sum"
all_end "silence ends with 6" 6
if grep -qE "10.77.0.99: missing for [0-9]+ s: (no answer on port|no route)" "$work/out.1"; then ok "silence is said"; else
	not_ok "silence is said" "$work/out.1"
fi

# Own address.
agent 1 --ips 10.77.0.8,10.77.0.9 "$sum"
all_end "not in the list ends with 2" 2
said "its addresses stand beside the list" 1 "this machine : 127.0.0.1, 10.77.0.1"
agent 1 --ips 10.77.0.1,10.77.0.1 "$sum"
all_end "a machine twice ends with 2" 2
said "the pair is named" 1 "are one machine"
agent 1 --ips localhost,10.77.0.2 "$sum"
all_end "localhost among several ends with 2" 2
said "and says what to write" 1 "every machine's name for itself"
agent 1 --ips 10.77.0.1,no.such.host.invalid "$sum"
all_end "a name nobody knows ends with 2" 2
said "the name is shown" 1 "no.such.host.invalid"
ip -n "${tag}m1" addr add 10.77.0.51/24 dev e0
agent 1 --ips 10.77.0.1,10.77.0.51 --join_timeout 1 "$sum"
all_end "two own addresses need --host" 2
said "both are named" 1 "'10.77.0.1' and '10.77.0.51' in --ips are both addresses of this machine"
ip -n "${tag}m1" addr del 10.77.0.51/24 dev e0

# Names and IPv6. Names are resolved by the machine's own hosts file.
all="1 2"
for i in $all; do ip -n "${tag}m$i" addr add "fd77::$i/64" dev e0 nodad; done
fleet_names() { for i in $all; do agent "$i" --ips "$1" sh -c 'echo "endpoint $PADDLE_CURRENT_ENDPOINT"; sleep 1'; done; }
fleet_names fd77::1,fd77::2
all_end "IPv6" 0
said "IPv6 endpoint" 2 "endpoint [fd77::2]:6070"
echo "10.77.0.1 alpha
10.77.0.2 beta
127.0.1.1 alpha" >>"$work/hosts" # a second address of its own, as Debian gives every machine's name
fleet_names alpha,beta
all_end "host names" 0
said "endpoint by name" 2 "endpoint beta:6070"
for i in $all; do agent "$i" --ips alpha,beta --host "$(echo alpha beta | cut -d' ' -f "$i")" "$sum"; done
all_end "--host by name" 0
said "MPI over names" 2 "sum 3 of 2"

# Two lists: each is the other job to the other.
agent 1 --ips 10.77.0.1,10.77.0.2 --join_timeout 4 "$sum"
agent 2 --ips 10.77.0.2,10.77.0.1 --join_timeout 4 "$sum"
all_end "two different lists end with 6" 6
said "the lists are shown" 1 "another job: its --ips is 10.77.0.2,10.77.0.1, this one's is 10.77.0.1,10.77.0.2"

# Another line is shown beside this one, and both end with 7.
agent 1 --ips 10.77.0.1,10.77.0.2 "$sum" ok
agent 2 --ips 10.77.0.1,10.77.0.2 "$sum" oh
all_end "another command line ends with 7" 7
said "the own line is shown" 1 "mpi_sum ok"
said "beside the other's" 1 "mpi_sum oh"
agent 1 --ips 10.77.0.1,10.77.0.2 --selected_gpu 0 --log_dir "$disk/here" "$sum"
agent 2 --ips 10.77.0.1,10.77.0.2 --selected_gpu 3 --log_dir "$disk/there" "$sum"
all_end "folders of logs and device numbers may differ" 0

# Ports: taken, two jobs side by side, strangers, tokens.
on 1 "$build/programs/hold_port" 10.77.0.1 6069 600 &
holder=$!
for _ in $(seq 100); do ip netns exec "${tag}m1" grep -q ':17B5 .* 0A ' /proc/net/tcp && break; sleep 0.05; done
all=1
rm -f "$work/rc.1"
agent 1 --ips 10.77.0.1,10.77.0.2 "$sum"
for _ in $(seq 1200); do [ -s "$work/rc.1" ] && break; sleep 0.05; done
check "a taken port ends with 2" grep -qx 2 "$work/rc.1"
said "the holder is named" 1 "hold_port 10.77.0.1 6069"
kill "$holder" 2>/dev/null
for p in $(ip netns pids "${tag}m1"); do kill "$p" 2>/dev/null; done
joined

all="1 2"
for i in $all; do
	(on "$i" timeout 60 "$fleetrun" --ips 10.77.0.1,10.77.0.2 --start_port 9000 --log_dir "$disk/log9" "$sum" \
		>"$work/second.$i" 2>&1; echo $? >"$work/second_rc.$i") &
done
for i in $all; do agent "$i" --ips 10.77.0.1,10.77.0.2 "$sum"; done
all_end "two jobs at once: the first" 0
check "two jobs at once: the second" sh -c "cat $work/second_rc.1 $work/second_rc.2 | sort -u | grep -qx 0"

for i in $all; do agent "$i" --ips 10.77.0.1,10.77.0.2 --join_timeout 60 "$sum"; [ "$i" = 1 ] && {
	until_said 1 "roll call"
	on 3 "$build/programs/hold_port" call 10.77.0.1 6069
	until_said 1 "refused a stranger"
}; done
all_end "a stranger on the port disturbs nobody" 0
said "the stranger is named" 1 "refused a stranger from 10.77.0.3 on port 6069: its address is not in --ips"

FLOTILLA_TOKEN=secret agent 1 --ips 10.77.0.1,10.77.0.2 sh -c 'echo "token is ${FLOTILLA_TOKEN:-hidden}"; sleep 1'
FLOTILLA_TOKEN=secret agent 2 --ips 10.77.0.1,10.77.0.2 sh -c 'echo "token is ${FLOTILLA_TOKEN:-hidden}"; sleep 1'
all_end "the same token" 0
said "trainers do not see it" 1 "token is hidden"
agent 1 --ips 10.77.0.1,10.77.0.2 --join_timeout 4 --token one "$sum"
agent 2 --ips 10.77.0.1,10.77.0.2 --join_timeout 4 --token two "$sum"
all_end "another token ends with 6" 6
said "and is said" 2 "another token"
check "the token is in no output" sh -c "! grep -E 'token (one|two)' $work/out.1 $work/out.2"

nothing_left "nothing stays behind at the end"
