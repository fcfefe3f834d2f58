#!/usr/bin/env bash
# What links and machines can carry is looked at before the first start: quickly by default, thoroughly and without
# training with --preflight. Rates of real links are printed; asserted are those of shaped ones.
. "$(dirname "$0")/lib.sh"
LIMIT=240
machines 3
pairs_found() { [ "$(found "$1" round_trip_us | wc -l)" = "$2" ]; }
# NAME I A B KEY LOW HIGH: the number of the pair A, B in machine I's preflight.json lies within.
rate_within() {
	local v
	v=$(grep -A9 "\"a\": \"10.77.0.$3\"" "$work/disk.$2/log/preflight.json" | grep -A8 "\"b\": \"10.77.0.$4\"" |
		sed -n "s/.*\"$5\": \([-0-9.e+]*\).*/\1/p" | head -n 1)
	echo "# $1: ${v:-none}"
	check "$1" awk -v v="${v:-0}" -v low="$6" -v high="$7" 'BEGIN { exit !(v + 0 >= low && v + 0 <= high) }'
}

fleet "$sum"
all_end "a quick look, then the job" 0
for i in $all; do
	said "the links are told on $i" "$i" "3 links measured: round trip"
	check "three pairs are in preflight.json on $i" pairs_found "$i" 3
done
said "the job ran" 1 "sum 6 of 3"
echo "# quick: $(found 1 seconds) s, round trips $(found 1 round_trip_us | tr '\n' ' ')us, $(found 1 a_to_b_gbit_per_s | tr '\n' ' ')Gbit/s"

# One machine's cable does 100 Mbit/s out, 200 in.
shape() { # I RATE RATE
	ip netns exec "${tag}m$1" tc qdisc add dev e0 root tbf rate "$2" burst 64kb latency 50ms
	ip netns exec "${tag}b" tc qdisc add dev "p$1" root tbf rate "$3" burst 64kb latency 50ms
}
unshape() {
	ip netns exec "${tag}m$1" tc qdisc del dev e0 root
	ip netns exec "${tag}b" tc qdisc del dev "p$1" root
}
if shape 3 100mbit 200mbit 2>/dev/null; then
	fleet --preflight sh -c 'echo this must not run'
	all_end "--preflight ends with 0" 0
	check "and starts nobody" sh -c "! grep -q 'must not run' $work/out.1"
	said "the table has every pair" 1 "10.77.0.2          10.77.0.3"
	said "an example for programs that we do not know" 2 "an all-reduce of 100 MB over these machines takes about"
	rate_within "out of the slow machine, Gbit/s" 1 1 3 b_to_a_gbit_per_s 0.08 0.105
	rate_within "into the slow machine, Gbit/s" 1 2 3 a_to_b_gbit_per_s 0.16 0.21
	said "the slow link is named" 2 "the link from 10.77.0.3 to 10.77.0.1 carries 0."
	said "what it costs is said" 2 "every all-reduce waits for it"
	echo "# thorough, shaped: $(found 1 seconds) s"
	fleet "$sum"
	all_end "a quick look at a slow link" 0
	rate_within "out of it, a quick look, Gbit/s" 1 1 3 b_to_a_gbit_per_s 0.07 0.12
	echo "# quick, shaped: $(found 1 seconds) s"
	unshape 3
else
	echo "skip a slow link: no tbf here"
fi

# Room: a small disk for logs, a small /dev/shm, a low limit of open files.
small() { # NAME I COMMAND...: the quick look on machines 1 and 2, the second one after COMMAND
	agent 1 --ips 10.77.0.1,10.77.0.2 "$sum"
	(
		eval "$2"
		agent 2 --ips 10.77.0.1,10.77.0.2 "$sum"
		wait
	)
	all="1 2"
	all_end "$1" 0
}
mount -t tmpfs -o size=20m none "$work/disk.2"
small "a small disk does not stop the job" :
said "but is told on the other machine" 1 "10.77.0.2: only 20 MiB of disk are free where logs"
said "with the bound" 2 "at least 1024 should be"
umount "$work/disk.2"
small "few open files do not either" 'ulimit -n 100'
said "the limit is told" 1 "10.77.0.2: a process may have 100 files open, this job needs about"

# What the network will cost a step: our trainers tell what the agents cannot know.
export OMP_NUM_THREADS=1
all="1 2"
tiny_data 48
fresh() { rm -rf "$work"/disk.?/*; }
train() { # OPTIONS...
	fleet --ips 10.77.0.1,10.77.0.2 "$@" "$flotilla" train $(EPOCHS=2 tiny) TrainReader.batch_size=2 save_dir="$disk/run"
}
forecast() { # NAME I KEY LOW HIGH: a number of the forecast in preflight.json
	local v
	v=$(found "$2" "$3" | head -n 1)
	echo "# $1: $3 ${v:-none}"
	check "$1" awk -v v="${v:-0}" -v low="$4" -v high="$5" 'BEGIN { exit !(v + 0 >= low && v + 0 <= high) }'
}
train
all_end "a training run" 0
for i in $all; do said "its forecast is told on $i" "$i" "MB takes about"; done
said "beside what the first steps took" 2 "(the first steps took"
bytes=$(found 1 gradient_bytes)
check "it trained" ls "$work/disk.1/run/ppyoloe_demo/model_final.safetensors"
fresh
if shape 2 4mbit 4mbit 2>/dev/null; then
	train --preflight
	all_end "--preflight with our trainer" 0
	for i in $all; do said "the network will be the limit, on $i" "$i" "the network will be the limit: the all-reduce of"; done
	# Two ranks exchange all bytes once: at 4 Mbit/s, 95.6 % of which are payload, with room for error.
	forecast "the all-reduce at 4 Mbit/s" 1 all_reduce_s \
		"$(awk -v b="$bytes" 'BEGIN { print b * 8 / 4.6e6 }')" "$(awk -v b="$bytes" 'BEGIN { print b * 8 / 3.2e6 }')"
	check "no run was begun" sh -c "! ls -d $work/disk.1/run"
	unshape 2
else
	echo "skip a network that is the limit: no tbf here"
fi
fresh
mount -t tmpfs -o size=20m none "$work/disk.1"
train --preflight
all_end "a disk too small for checkpoints" 0
said "is told before it is full" 1 "of this run need about"
umount "$work/disk.1"
fresh
# Ctrl-C at each of its stages.
for stage in "measuring 1 link between" "machines are here"; do
	train --preflight
	until_said 1 "$stage"
	kill -INT "$(agent_pid 2)"
	all_end "Ctrl-C after '$stage' ends all with 130" 130
done
check "and nothing was written" sh -c "! ls -d $work/disk.1/run"
fresh
unset OMP_NUM_THREADS

# A machine that stops while it is looked at: named, left out, and the job goes on without it being lost.
all="1 2 3"
fleet --preflight --peer_timeout 60 true
until_said 1 "measuring 3 links between 3 machines"
p=$(agent_pid 3)
kill -STOP "$p"
until_said 1 "preflight of"
kill -CONT "$p"
all_end "a machine that stopped: the others tell, and end with 6" 6
said "it is named" 2 "10.77.0.3 does not answer"
nothing_left "nothing stays behind"
