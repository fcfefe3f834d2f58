#!/usr/bin/env bash
# Parameter servers and workers over several machines.
. "$(dirname "$0")/lib.sh"
machines 3
role='echo "$TRAINING_ROLE ${PADDLE_TRAINER_ID:-} at $POD_IP:$PADDLE_PORT of $PADDLE_NNODES: $PADDLE_PSERVERS_IP_PORT_LIST" \
	"$PADDLE_TRAINER_ENDPOINTS"; echo "interface $GLOO_SOCKET_IFNAME"'
wait='[ $TRAINING_ROLE = TRAINER ] && exec sleep "$1"; exec sleep 300'

all="1 2"
fleet --ips 10.77.0.1,10.77.0.2 --server_num 1 --worker_num 2 --follow all sh -c "$role; $wait" sh 3
all_end "counts: workers end, servers are ended" 0
lists="of 2: 10.77.0.1:6070,10.77.0.2:6070 10.77.0.1:6071,10.77.0.1:6072,10.77.0.2:6071,10.77.0.2:6072"
for i in $all; do
	said "a server of $i" 1 "10.77.0.$i:server $((i - 1))|PSERVER  at 10.77.0.$i:6070 $lists"
	said "a worker of $i" 2 "10.77.0.$i:worker $((2 * i - 1))|TRAINER $((2 * i - 1)) at 10.77.0.$i:6072 $lists"
	said "machine $i ends its server" "$i" "all workers are done: ending 1 server"
done
said "Gloo is told the interface" 1 "interface e0"
nothing_left "no server stays"

# Lists, as Paddle's quick start has them; the machines follow from them. The third only serves, the first only works.
all="1 2 3"
lists="--servers=10.77.0.3:7164,10.77.0.2:7164 --workers=10.77.0.1:7170,10.77.0.2:7170"
for i in $all; do agent "$i" $lists sh -c "$role; $wait" sh 3; done
all_end "lists: each machine finds its own" 0
said "the third serves first" 3 "PSERVER  at 10.77.0.3:7164 of 3: 10.77.0.3:7164,10.77.0.2:7164"
check "its log" test -e "$work/disk.3/log/serverlog.0"
check "and no worker's" sh -c "! ls $work/disk.3/log/workerlog.* 2>/dev/null"
check "the second has server 1 and worker 1" test -e "$work/disk.2/log/serverlog.1" -a -e "$work/disk.2/log/workerlog.1"
nothing_left "no server stays"

# Faults, whoever's.
for i in $all; do agent "$i" $lists sh -c '[ "$PADDLE_TRAINER_ID" = 1 ] && { sleep 1; exit 9; }; exec sleep 300'; done
all_end "a worker's fault is everyone's" 9
for i in $all; do said "it is named on $i" "$i" "first fault: worker 1 (10.77.0.2) ended with exit status 9"; done
for i in $all; do agent "$i" $lists sh -c "$role; $wait" sh 300; done
until_said 3 "PSERVER" && until_said 1 "TRAINER"
kill -KILL "$(agent_pid 3)"
all="1 2"
all_end "a machine of servers alone is missed" 5
for i in $all; do said "it is named on $i" "$i" "first fault: 10.77.0.3 is lost"; done
joined

agent 1 --ips 10.77.0.1,10.77.0.2 --server_num 1 --worker_num 1 true
agent 2 --ips 10.77.0.1,10.77.0.2 --server_num 1 --worker_num 2 true
all_end "other counts are another line" 7
nothing_left "nothing stays behind"
