#!/usr/bin/env bash
# A rank of a foreign program was stopped (SIGSTOP, a debugger, a frozen terminal): --stall said nothing of it, and a stop
# request waited the whole --stop_timeout for a process that could not hear, and lost its checkpoint. PyTorch's gloo
# needs 1800 s and names no rank.
. "$(dirname "$0")/../fleet/lib.sh"
cat >"$work/trainer" <<'T'
#!/bin/bash
trap 'touch "$W/saved.$RANK"; exit 0' TERM
echo $$ >"$W/pid.$RANK"
while :; do sleep 0.05; done
T
cat >"$work/wrapper" <<'T'
#!/bin/sh
"$W/trainer"
exit $?
T
chmod +x "$work/trainer" "$work/wrapper"
export W=$work
start() { rm -f "$work"/saved.* "$work"/pid.*; "$@" & job=$!; within 30 test -s "$work/pid.0" -a -s "$work/pid.1" -a -s "$work/pid.2"; sleep 0.2; }
stopped() { sed -n "s/.*kill -CONT \([0-9]*\) .*/\1/p" "$1" | head -n 1; }
saved() { [ "$(ls "$work"/saved.* | wc -l)" -eq "$1" ]; }
run() { exec "$fleetrun" --log_dir "$work/log" --nproc_per_node 3 --stop_timeout 60 "$@" >"$work/out" 2>&1 </dev/null; }

start run --stall 1 "$work/trainer"
kill -STOP "$(cat "$work/pid.1")"
within 20 grep -q "is stopped since" "$work/out"
check "the rank is named" grep -qE "rank 1 \(127.0.0.1, device 1, pid [0-9]+\) is stopped since" "$work/out"
check "with what wakes it" test "$(stopped "$work/out")" = "$(cat "$work/pid.1")"
kill -CONT "$(stopped "$work/out")"
within 20 grep -q "goes on" "$work/out"
check "that it goes on is said" grep -qE "rank 1 .* goes on" "$work/out"
kill -STOP "$(cat "$work/pid.2")"
sleep 0.1
t=$SECONDS
kill -TERM $job
wait $job
check "a stop request wakes it: status 143" test $? -eq 143
check "nobody waits for nothing" test $((SECONDS - t)) -lt 25
check "all three saved" saved 3

# The shell around the program runs; the program itself is stopped.
start run --stall 1 "$work/wrapper"
kill -STOP "$(cat "$work/pid.1")"
within 20 grep -q "is stopped since" "$work/out"
check "a program within a shell is seen too" test "$(stopped "$work/out")" = "$(cat "$work/pid.1")"
kill -TERM $job
wait $job
check "and woken" saved 3

start run --stall 1 --stall_policy abort "$work/trainer"
kill -STOP "$(cat "$work/pid.0")"
wait $job
check "--stall_policy abort ends with 8" test $? -eq 8
check "with the rank's name" grep -qE "first fault: the job stands still: rank 0 .*kill -CONT" "$work/out"
start run --stall 0 "$work/trainer"
kill -STOP "$(cat "$work/pid.0")"
sleep 2
kill -TERM $job
wait $job
check "--stall 0 looks at nobody" sh -c "! grep -q 'is stopped' '$work/out'"

# Every machine's console names it.
machines 2
rm -f "$work"/pid.*
fleet --stall 1 "$work/trainer"
within 30 test -s "$work/pid.0" -a -s "$work/pid.1"
sleep 0.2
rm -f "$work"/saved.*
kill -STOP "$(trainer_pid 2 1)"
until_said 1 "is stopped since"
until_said 2 "is stopped since"
said "the machine where it is" 2 "rank 1 (10.77.0.2, device 0, pid"
said "the other one" 1 "rank 1 (10.77.0.2, device 0, pid"
kill -INT "$(agent_pid 1)"
all_end "Ctrl-C on the other machine ends it with 130" 130
check "both saved" saved 2
nothing_left "nothing stays behind"
