#!/usr/bin/env bash
# A training with decoded pictures in shared memory has the bits of one without; what it leaves; what it does without room.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
EPOCHS=1
tiny_data 24
final=ppyoloe_demo/model_final.safetensors
alone() { # DIR MORE...
	local dir=$1
	shift
	"$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=4 save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
two() { # DIR MORE...
	local dir=$1
	shift
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" TrainReader.batch_size=2 \
		save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
digest() { "$flotilla" ckpt show "$work/$1/$final" --digest | tail -1; }
same() { [ -n "$(digest "$1")" ] && [ "$(digest "$1")" = "$(digest "$2")" ]; }
none_left() { ! find /dev/shm -maxdepth 1 -name "flotilla.pictures.$(id -u).*" -newer "$work/data" | grep .; }

check "without a cache" alone plain
check "with one" alone cached cache_mb=16
check "it says that it held all" grep -qE '([0-9]+) of \1 pictures were kept decoded, 0 of 16 MiB' "$work/cached.log"
check "the weights are the same" same plain cached
check "nothing is left in /dev/shm" none_left

check "two ranks without a cache" two plain2
check "two ranks that share one" two cached2 cache_mb=16
check "each picture once" grep -qE '([0-9]+) of \1 pictures were kept decoded' "$work/cached2.log"
check "the weights of two are the same" same plain2 cached2
check "nothing is left of theirs" none_left

# Killed in the middle: the next job that has a cache removes what stayed.
"$flotilla" train $(EPOCHS=500 tiny) "$sizes" save_dir="$work/killed" cache_mb=16 >"$work/killed.log" 2>&1 &
pid=$!
within 30 grep -qi 'epoch: \[1\]' "$work/killed.log"
kill -9 $pid
wait $pid 2>/dev/null
check "a killed trainer leaves its folder" eval '! none_left'
check "the next one with a cache" alone after cache_mb=16
check "removes it" none_left

# A shared memory as small as a container's, and none at all.
confined() { unshare -m bash -c "$1"' && shift && exec "$@"' bash "$@"; }
if unshare -m true 2>/dev/null; then
	check "in 64 KiB of shared memory" confined 'mount -t tmpfs -o size=64k none /dev/shm' "$flotilla" train $(tiny) "$sizes" \
		TrainReader.batch_size=4 save_dir="$work/small" cache_mb=16
	cp "$work/check.log" "$work/small.log"
	check "it says how much there was" grep -q 'cache_mb: of 16 MiB the machine has room for 0' "$work/small.log"
	check "the weights are the same in little room" same plain small
	check "without a /dev/shm that can be written" confined 'mount -t tmpfs -o ro none /dev/shm' "$flotilla" train $(tiny) "$sizes" \
		TrainReader.batch_size=4 save_dir="$work/no" cache_mb=16
	cp "$work/check.log" "$work/no.log"
	check "it warns, with the reason" grep -q 'WARNING: cache_mb: cannot make folder .*Read-only file system; every picture is decoded' "$work/no.log"
	check "the weights are the same without" same plain no
else
	echo "skip small and absent /dev/shm: no mount namespace of our own can be had here"
fi
says "a negative size" 3 'cache_mb' "$flotilla" train $(tiny) save_dir="$work/bad" cache_mb=-1
