#!/usr/bin/env bash
# Parameter servers and workers on one machine: their environment, who ends whom, whose fault it is.
. "$(dirname "$0")/lib.sh"
log=$work/log
run="$fleetrun --log_dir $log --follow all"
show='echo "$TRAINING_ROLE $PADDLE_ROLE $POD_IP:$PADDLE_PORT id ${PADDLE_TRAINER_ID:-none} of $PADDLE_TRAINERS_NUM" \
	"servers $PADDLE_PSERVERS_IP_PORT_LIST workers $PADDLE_TRAINER_ENDPOINTS gloo $PADDLE_WITH_GLOO" \
	"$PADDLE_GLOO_RENDEZVOUS $PADDLE_GLOO_HTTP_ENDPOINT"; [ $TRAINING_ROLE = TRAINER ] || exec sleep 100
	for i in $(seq 300); do [ -s "$0/serverlog.${LAST_SERVER:-0}" ] && exit; sleep 0.1; done'

LAST_SERVER=1 says "counts" 0 "all workers are done: ending 2 servers" \
	$run --start_port 21900 --server_num=2 --worker_num=1 sh -c "$show" "$log"
lists="of 1 servers 127.0.0.1:21900,127.0.0.1:21901 workers 127.0.0.1:21902 gloo 0 3 127.0.0.1:21903"
check "a server's environment" grep -qFx "PSERVER PSERVER 127.0.0.1:21901 id none $lists" "$log/serverlog.1"
check "a worker's environment" grep -qFx "TRAINER TRAINER 127.0.0.1:21902 id 0 $lists" "$log/workerlog.0"
check "named on the console" grep -qF "127.0.0.1:server 1|PSERVER" "$work/says.log"
says "lists" 0 "127.0.0.1:worker 1|TRAINER TRAINER 127.0.0.1:21925 id 1 of 2" \
	$run --servers=127.0.0.1:21920 --workers=127.0.0.1:21924,127.0.0.1:21925 sh -c "$show" "$log"
says "Paddle's newer names" 0 "127.0.0.1:worker 0|" \
	$run --run_mode ps --server_num 1 --trainer_num 1 sh -c "$show" "$log"
says "ports that nobody chose" 0 "workers 127.0.0.1:21931,127.0.0.1:21932" \
	$run --start_port 21930 --servers 127.0.0.1:21929 --workers 127.0.0.1,127.0.0.1 sh -c "$show" "$log"

# A server that ends by itself, told by a worker, is no fault; one that ignores the signal does not stay.
says "a server may end before the workers" 0 "" \
	$run --server_num 1 --worker_num 1 sh -c '[ $TRAINING_ROLE = PSERVER ] || sleep 1'
start=$(date +%s%N)
says "a server that will not end" 0 "ending 1 server" $run --server_num 1 --worker_num 1 \
	sh -c '[ $TRAINING_ROLE = PSERVER ] || exit 0; trap "" TERM; while :; do sleep 1; done'
echo "# it was killed after $((($(date +%s%N) - start) / 1000000)) ms (promised: 5000)"

# A fault of either is the job's.
says "a worker's fault" 9 "first fault: worker 1 (127.0.0.1) ended with exit status 9" \
	$run --server_num 1 --worker_num 2 sh -c '[ "$PADDLE_TRAINER_ID" = 1 ] && exit 9; exec sleep 100'
says "a server's fault" 139 "first fault: server 1 (127.0.0.1) was ended by signal 11" \
	$run --start_port 21940 --server_num 2 --worker_num 1 sh -c 'case $PADDLE_PORT in *1) kill -SEGV $$ ;; esac; exec sleep 100'
says "all start again" 0 "attempt 1" $run --max_restart 1 --server_num 1 --worker_num 1 \
	sh -c 'echo "attempt $FLOTILLA_ATTEMPT"; [ $TRAINING_ROLE = PSERVER ] && exec sleep 100; [ $FLOTILLA_ATTEMPT = 1 ] || exit 5'
check "the server's earlier log is kept" test -e "$log/serverlog.0.0"

says "the plan" 0 "serverlog.1" $run --dry_run --server_num 2 --worker_num 1 true
says "both kinds are needed" 2 "needs both kinds" $run --server_num 1 true
says "counts or lists" 2 "not both" $run --server_num 1 --servers 127.0.0.1:1 --workers 127.0.0.1:2 true
says "no other mode" 2 "takes collective or ps, not 'heter'" $run --run_mode heter true
says "a contradiction" 2 "has no servers" $run --run_mode collective --server_num 1 --worker_num 1 true
says "no devices" 2 "say how many there are" $run --server_num 1 --worker_num 1 --gpus 0 true
says "a port twice" 2 "port 7000 of 127.0.0.1 is given to two processes" \
	$run --servers 127.0.0.1:7000 --workers 127.0.0.1:7000 true
says "no port" 2 "has no port within 1 and 65535" $run --servers 127.0.0.1:x --workers 127.0.0.1:7000 true
