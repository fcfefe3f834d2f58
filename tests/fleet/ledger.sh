#!/usr/bin/env bash
# Who holds up the others, and why: slowed from outside, on one of three machines.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
LIMIT=400
tiny_data 48
machines 3
# A step is short and meets others seldom: what slows one rank must stand out where the tests' machine is busy.
epochs=4
train() { # OPTIONS...: 7 steps an epoch
	rm -rf "$work"/disk.?/*
	fleet --ledger 5 "$@" "$flotilla" train $(EPOCHS=$epochs tiny) norm_type=bn TrainReader.batch_size=2 save_dir="$disk/run"
}
running() { until_said 1 'Epoch: [0] [1/'; }
book=$work/disk.1/log/ledger.jsonl
# NAME CAUSE: rank 1 is named with this cause in a good part of the windows, and on the first machine's console.
named() {
	local all
	all=$(wc -l <"$book")
	local slow
	slow=$(grep -c "\"slow\": 1, \"cause\": \"$2\"" "$book")
	if [ "$slow" -ge 2 ]; then ok "$1: in $slow of $all windows"; else
		sed 's/"ranks".*"throttled_ms": [^"]*//; s/.*"step":/"step":/' "$book" >"$work/bad.log"
		tail -n 1 "$book" >>"$work/bad.log"
		not_ok "$1: in $slow of $all windows" "$work/bad.log"
	fi
	said "$1: on the console" 1 "ledger: rank 1 (10.77.0.2, device 0) holds up the others for"
	grep 'ledger: rank 1' "$work/out.1" | head -n 1 | sed 's/^/# /'
}

# A slow disk: every photograph of rank 1 takes 500 ms to open.
export LD_PRELOAD=$build/programs/faulty.so FAULTY=open:.jpg:1:SLOW500 FAULTY_RANK=1
train
all_end "a slow disk ends well" 0
unset LD_PRELOAD FAULTY FAULTY_RANK
named "data loading" "data loading"
check "every rank of every machine is in the book" \
	sh -c "grep -q '\"rank\": 2, \"host\": \"10.77.0.3\"' $book && ! ls $work/disk.[23]/log/ledger.jsonl 2>/dev/null"
check "others say nothing" sh -c "! grep 'ledger:' $work/out.2 $work/out.3"

# A process that is stopped again and again. Often that meets it where it waits for others, which tells nothing.
epochs=12
train
epochs=4
running
p=$(trainer_pid 2 1)
(while kill -STOP "$p" 2>/dev/null; do sleep 0.4; kill -CONT "$p"; sleep 0.1; done) &
all_end "one that is stopped again and again ends well" 0
named "stopped" "stands still"

train --ledger 0
all_end "nobody looks" 0
check "and nothing is written" test ! -e "$book"

# A limit of processor time. "ip netns exec" hides the control groups: an agent's machine mounts them again.
cpu=/sys/fs/cgroup/cpu
mount_groups='mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/cpu && mount -t cgroup -o cpu none /sys/fs/cgroup/cpu'
[ -e $cpu/cpu.cfs_quota_us ] || [ -e $cpu/cpu.shares ] || {
	cpu=/sys/fs/cgroup
	mount_groups='mount -t cgroup2 none /sys/fs/cgroup'
}
group=$cpu/$tag
limit() {
	mkdir "$group" 2>/dev/null || return 1
	if [ -e "$group/cpu.cfs_quota_us" ]; then
		echo 100000 >"$group/cpu.cfs_period_us" && echo 2000 >"$group/cpu.cfs_quota_us"
	else
		echo "2000 100000" >"$group/cpu.max"
	fi 2>/dev/null && return 0
	rmdir "$group"
	return 1
}
on() {
	local i=$1
	shift
	ip netns exec "${tag}m$i" sh -c 'mount --bind "$0" "$1" && eval "$2" && shift 2 && exec "$@"' \
		"$work/disk.$i" "$disk" "$mount_groups" "$@"
}
if limit; then
	trap 'clean; rmdir "$group" 2>/dev/null' EXIT
	train
	running
	p=$(trainer_pid 2 1)
	for t in "/proc/$p/task"/*; do echo "${t##*/}" >"$group/tasks"; done 2>/dev/null || echo "$p" >"$group/cgroup.procs"
	all_end "one with a fiftieth of a core ends well" 0
	named "throttled" "throttled"
	rmdir "$group"
else
	echo "skip a limit of processor time: no control group can be made here"
fi
nothing_left "nothing stays behind"
