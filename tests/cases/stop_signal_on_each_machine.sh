#!/usr/bin/env bash
# scancel of a job of one fleetrun a node, deleted pods of a Kubernetes job, systemd's KillMode=control-group: one request
# to stop reaches each machine, or each process, milliseconds apart. It was taken for an impatient second signal, and the
# checkpoint was lost.
. "$(dirname "$0")/../fleet/lib.sh"
machines 2
# Needs a second for its checkpoint after SIGTERM; one of another kind dies of the signal.
cat >"$work/trainer" <<'E2'
#!/bin/bash
saved() { sleep 1; touch "$W/saved.$RANK"; exit 0; }
trap 'saved' TERM
touch "$W/up.$RANK"
while :; do sleep 0.05; done
E2
cat >"$work/wrapper" <<'E2'
#!/bin/bash
# an entry point: the shell dies of SIGTERM, the program that it waits for writes its checkpoint
"$W/trainer"
echo "the wrapper goes on"
E2
cat >"$work/careless" <<'E2'
#!/bin/bash
[ "$RANK" = 0 ] && exec "$W/trainer"
touch "$W/up.$RANK"
exec sleep 300
E2
chmod +x "$work/trainer" "$work/wrapper" "$work/careless"
export W=$work
up() { rm -f "$work"/saved.* "$work"/up.*; fleet --stop_timeout 40 "$@"; within 30 test -e "$work/up.0" -a -e "$work/up.1"; sleep 0.3; }
saved() { local n; n=$(ls "$work"/saved.* 2>/dev/null | wc -l); [ "$n" -eq "$1" ] || { echo "$n of $1 saved"; return 1; }; }
everyone() { # of both machines, trainers first, agents last
	kill -TERM $(trainer_pid 1 0) $(trainer_pid 2 1)
	sleep "$1"
	kill -TERM $(agent_pid 1) $(agent_pid 2)
}

for gap in 0.05 0.5; do
	up --nproc_per_node 1 "$work/trainer"
	kill -TERM "$(agent_pid 1)"; sleep $gap; kill -TERM "$(agent_pid 2)"
	all_end "a signal on each machine, $gap s apart, ends with 143" 143
	check "both had the time for a checkpoint" saved 2
done
up --nproc_per_node 1 "$work/trainer"
for k in 1 2 3; do kill -TERM "$(agent_pid 1)"; kill -HUP "$(agent_pid 1)"; sleep 0.1; done
all_end "the same signal again within a moment" 143
check "counts once" saved 2

up --nproc_per_node 1 "$work/trainer"
everyone 0.05
all_end "a signal to every process ends with 143" 143
check "all trainers saved" saved 2
up --nproc_per_node 1 "$work/careless"
everyone 0.1
all_end "so where a trainer dies of the signal before its agent hears of it" 143
check "the other one saved" saved 1
up --nproc_per_node 1 "$work/wrapper"
kill -TERM "$(agent_pid 2)"
all_end "a shell around the trainer" 143
check "does not cost its checkpoint" saved 2

# The second signal to the same agent, later: everywhere at once.
up --nproc_per_node 1 bash -c 'trap "" TERM; touch "$W/up.$RANK"; while :; do sleep 0.1; done'
start=$(now_ms)
kill -TERM "$(agent_pid 1)"; sleep 2.3; kill -TERM "$(agent_pid 1)"
all_end "a second signal ends with 143" 143
check "at once on both machines ($(($(now_ms) - start)) ms)" test $(($(now_ms) - start)) -lt 20000
said "the other machine is told" 2 "second signal: ending the trainers at once"

# A trainer killed by a person's SIGTERM is still a fault.
up --nproc_per_node 1 "$work/careless"
kill -TERM "$(trainer_pid 2 1)"
all_end "SIGTERM to one trainer alone is a fault" 143
said "which is named" 1 "first fault: rank 1 (10.77.0.2, device 0) was ended by signal 15"

# timeout(1) signals its child and then the whole group.
rm -f "$work"/saved.* "$work"/up.*
timeout 3 "$fleetrun" --log_dir "$work/log" --stop_timeout 40 --nproc_per_node 2 "$work/trainer" >"$work/timeout.log" 2>&1
check "timeout(1): $(tail -n 1 "$work/timeout.log")" saved 2

# flotilla itself: the checkpoint is there though every process was signalled twice.
tiny_data 24
on 1 "$fleetrun" --log_dir "$work/log" --nproc_per_node 2 "$flotilla" train $(EPOCHS=500 tiny) save_dir="$work/run" >"$work/train.log" 2>&1 &
within 60 grep -q "Epoch: \[0\]" "$work/train.log"
kill -TERM $(trainer_pid 1 0) $(trainer_pid 1 1)
sleep 0.05
kill -TERM $(agent_pid 1)
rc=0
wait $! || rc=$?
check "flotilla train ends with 143" test $rc -eq 143
check "its checkpoint is there" sh -c "ls $work/run/ppyoloe_demo/step_*"
nothing_left "nothing stays behind"
