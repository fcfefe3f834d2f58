#!/usr/bin/env bash
# Whatever is killed, the weights at the end are those of the undisturbed run, bit for bit.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
compare=$build/programs/compare_ckpt
tiny_data 24
machines 2
final=run/ppyoloe_demo/model_final.safetensors
LIMIT=240
line() { # OPTIONS...: the tail of the line, the same on every machine
	echo "$* $flotilla train $(EPOCHS=3 tiny) snapshot_steps=2 TrainReader.batch_size=2 save_dir=$disk/run"
}
run() { # OPTIONS...
	rm -rf "$work"/disk.?/*
	fleet $(line "$@")
}
again() { agent "$1" --ips "$ips" $(line "${@:2}"); }
# An epoch has 5 steps. This line comes while there is a checkpoint and ten steps are left.
running() { until_said 1 'Epoch: [1] [1/'; }
same() {
	check "$1: the same bits" "$compare" "$work/whole" "$work/disk.1/$final" model. 0
	check "$1: the same momentum" "$compare" "$work/whole" "$work/disk.1/$final" velocity. 0
}

run
all_end "two machines train undisturbed" 0
cp "$work/disk.1/$final" "$work/whole"
check "no copies stay after a good end" sh -c "! ls $work/disk.*/log/copy.*"

run
running
kill -KILL "$(trainer_pid 2 1)"
all_end "a trainer killed" 0
same "a trainer killed"
said "everyone is told" 1 "rank 1 (10.77.0.2, device 0) was killed by signal 9"
said "and what follows" 2 "starting again, 1 of 3, from the checkpoint of step"
check "the older log is kept" test -e "$work/disk.2/log/workerlog.1.0"
check "the summary counts" grep -q '"restarts": 1' "$work/disk.1/run/ppyoloe_demo/summary.json"

run
until_said 1 "trainers, ranks"
for _ in $(seq 200); do p=$(trainer_pid 1 0); [ -n "$p" ] && break; sleep 0.02; done
kill -KILL "$p"
all_end "a trainer killed while it starts" 0
same "a trainer killed while it starts"

# The machines in turn, the first one too; the one that comes back has an empty disk. Their agents seal what they say.
export FLOTILLA_TOKEN=sealed
for who in 2 1; do
	run
	running
	kill -KILL "$(agent_pid $who)"
	for _ in $(seq 400); do [ -s "$work/rc.$who" ] && break; sleep 0.05; done
	rm -rf "$work/disk.$who"/*
	again $who
	all_end "machine $who lost with its disk, and back" 0
	same "machine $who lost"
done
unset FLOTILLA_TOKEN

run
running
kill -KILL "$(agent_pid 1)" "$(agent_pid 2)"
joined
for i in 1 2; do again $i; done
all_end "both machines lost, and back" 0
said "the interrupted job goes on" 1 "going on with the job that was interrupted"
same "both machines lost"

run --rejoin_timeout 2
running
kill -KILL "$(agent_pid 2)"
all=1
all_end "a machine that does not return ends the job with 5" 5
said "it is waited for" 1 "waited 2 s (--rejoin_timeout)"
joined
all="1 2"

run --max_restart 1
running
kill -KILL "$(trainer_pid 1 0)"
until_said 2 "going on from the checkpoint"
for _ in $(seq 200); do p=$(trainer_pid 2 1); [ -n "$p" ] && break; sleep 0.02; done
kill -KILL "$p"
all_end "no more restarts than --max_restart" 137
said "and it says so" 1 "all restarts are used"

# A full disk where checkpoints go: the same fault twice, then the end; the status is the trainer's.
rm -rf "$work"/disk.?/*
mkdir -p "$work/disk.1/run"
fleet sh -c '[ "$RANK" = 0 ] && { ulimit -f 100; trap "" XFSZ; }; exec "$@"' sh \
	$flotilla train $(EPOCHS=1 tiny) TrainReader.batch_size=2 save_dir=$disk/run
all_end "a full disk ends with 4 on every machine" 4
said "the second machine is told of it" 2 "cannot write"
said "the same fault twice is enough" 2 "the same fault came twice without a new checkpoint between"

# Fewer machines with the same batches: three trainers of one image, then two that take one and two images. From the
# loss on, sums are taken in another order: equal to rounding, which steps then enlarge. Measured 2e-5; a wrong batch
# or a wrong weight of an image gives 1e-1.
machines 3
few() { echo "$flotilla train $(EPOCHS=2 tiny) $sizes1 TrainDataset.sample_num=9 TrainReader.batch_size=1 save_dir=$disk/run"; }
sizes1="PPYOLOEHead.static_assigner_epoch=9 keep_checkpoints=9"
rm -rf "$work"/disk.?/*
fleet --min_hosts 2 --rejoin_timeout 3 $(few)
all_end "three machines train undisturbed" 0
cp "$work/disk.1/$final" "$work/whole"
rm -rf "$work"/disk.?/*
fleet --min_hosts 2 --rejoin_timeout 3 $(few)
until_said 1 'Epoch: [1] [0/'
kill -KILL "$(agent_pid 3)"
all="1 2"
all_end "two of three go on" 0
said "they say so" 1 "going on with 10.77.0.1 10.77.0.2"
said "with the same batches" 1 "the run began with 3 ranks: the 2 that are left take the same 3 images a step"
check "the same weights to rounding" "$compare" "$work/whole" "$work/disk.1/$final" model. 2e-3

# The same where two images fit the memory of a trainer and three do not (its plans take 7, 13 and 19 MiB).
joined
all="1 2 3"
rm -rf "$work"/disk.?/*
fleet --min_hosts 2 --rejoin_timeout 3 $(few) TrainReader.batch_size=2 TrainDataset.sample_num=18 memory_limit=16
until_said 1 'Epoch: [1] [0/'
kill -KILL "$(agent_pid 3)"
check "as long as three are here the memory is enough" sh -c "! grep passes '$work/out.1'"
all="1 2"
all_end "two of three go on with less memory than they would like" 0
said "in two passes" 1 "the memory allows 2 of the 3 images of this rank at a time: each step takes 2 passes"

# No split brain: of two halves the one with the first machine goes on.
joined
all="1 2"
machines 2
rm -rf "$work"/disk.?/*
fleet --max_restart 3 --min_hosts 1 --rejoin_timeout 3 --peer_timeout 3 \
	sh -c 'echo "attempt $FLOTILLA_ATTEMPT with $WORLD_SIZE"; [ "$WORLD_SIZE" = 1 ] || sleep 200'
for i in $all; do until_said "$i" "attempt 0 with 2"; done
ip -n "${tag}b" link set p2 down
joined
check "the half with the first machine goes on to its end" grep -qx 0 "$work/rc.1"
said "alone" 1 "attempt 1 with 1"
check "the other half ends with 5" grep -qx 5 "$work/rc.2"
ip -n "${tag}b" link set p2 up
nothing_left "nothing stays behind"
