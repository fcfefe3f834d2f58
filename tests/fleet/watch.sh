#!/usr/bin/env bash
# What people see of a running job: every rank on one console, and who holds up the others.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
LIMIT=240
machines 3
fleet --follow all --nproc_per_node 2 sh -c 'echo same; [ $RANK = 4 ] || echo "most say this"; echo "mine is $RANK"; sleep 2'
all_end "all ranks on one console" 0
for i in $all; do
	said "a line of another machine on $i" "$i" "10.77.0.2:3|mine is 3"
	said "equal lines are one on $i" "$i" "|same"
done
check "the last rank's log holds its lines only" sh -c "[ \$(wc -l <$work/disk.3/log/workerlog.5) = 3 ]"

# A rank that stands still, played by SIGSTOP: it is named on every console.
tiny_data 24
all="1 2"
machines 2
train() { fleet "$@" "$flotilla" train $(EPOCHS=3 tiny) TrainReader.batch_size=2 save_dir="$disk/run"; }
running() { until_said 1 'Epoch: [1] [1/'; }
train --stall 3
running
p=$(trainer_pid 1 0)
kill -STOP "$p"
until_said 1 "nothing has moved for 3 s"
until_said 2 "nothing has moved for 3 s"
for i in $all; do said "the one is named on $i" "$i" "rank 0 (10.77.0.1, device 0) is in"; done
said "its process is looked at" 2 "its process is stopped"
said "who waits is counted" 2 "1 other waits in collective"
kill -CONT "$p"
all_end "it may go on" 0
check "its stack is in its log" grep -q "flotilla(" "$work/disk.1/log/workerlog.0"

# Ctrl-Z on one machine: all stand still for longer than a machine may be silent, nobody is lost or stalled, and it goes on.
rm -rf "$work"/disk.?/*
train --stall 2 --peer_timeout 2
running
kill -TSTP "$(agent_pid 1)"
until_said 2 "10.77.0.1 is paused, and so are all trainers"
stands() { case $(sed 's/.*) //; s/ .*//' "/proc/$1/stat") in T) ;; *) return 1 ;; esac; }
within 5 stands "$(trainer_pid 2 1)"
check "the other machine's trainer stands still" stands "$(trainer_pid 2 1)"
sleep 4
kill -CONT "$(agent_pid 1)"
all_end "a paused job goes on to its end" 0
said "the other machine says so" 2 "10.77.0.1 goes on"
for i in $all; do check "no fault on $i" sh -c "! grep -q 'fault\|has been silent\|nothing has moved' $work/out.$i"; done

rm -rf "$work"/disk.?/*
train --stall 3 --stall_policy restart
running
kill -STOP "$(trainer_pid 2 1)"
all_end "or the job is started again" 0
said "from its checkpoint" 1 "going on from the checkpoint"

rm -rf "$work"/disk.?/*
train --stall 3 --stall_policy abort
running
kill -STOP "$(trainer_pid 2 1)"
all_end "or ended with 8" 8
nothing_left "nothing stays behind"
