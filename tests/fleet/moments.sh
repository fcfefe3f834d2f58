#!/usr/bin/env bash
# Killed at an exact moment on one of two machines (tests/support/preload/faulty.c), the job starts again by itself and
# ends with the weights of the undisturbed run, bit for bit. So it does over a slow or lossy link.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
LIMIT=300
compare=$build/programs/compare_ckpt
tiny_data 24
machines 2
final=run/ppyoloe_demo/model_final.safetensors
run() { # OPTIONS...: 15 steps in 3 epochs, a checkpoint and an evaluation after each
	rm -rf "$work"/disk.?/*
	fleet "$@" "$flotilla" train $(EPOCHS=3 tiny) snapshot_steps=2 TrainReader.batch_size=2 save_dir="$disk/run" --eval
}
same() {
	local part
	for part in model. velocity. ema.; do
		check "$1: the same bits of $part" "$compare" "$work/whole" "$work/disk.1/$final" $part 0
	done
	check "$1: the same score" test -n "$whole" -a "$(best)" = "$whole"
}
best() { sed -n 's/.*"best_ap": //p' "$work/disk.1/run/ppyoloe_demo/summary.json"; }

run
all_end "two machines train and evaluate undisturbed" 0
cp "$work/disk.1/$final" "$work/whole"
whole=$(best)
check "they have a score" test -n "$whole"

# Three pictures of an evaluation are each rank's; rank 0 alone writes checkpoints.
while IFS='|' read -r name fault rank; do
	export LD_PRELOAD=$build/programs/faulty.so FAULTY=$fault FAULTY_RANK=$rank FAULTY_ONCE=1
	run
	unset LD_PRELOAD FAULTY FAULTY_RANK FAULTY_ONCE
	all_end "killed $name" 0
	said "$name: who was killed is told everywhere" $((2 - rank)) "first fault: rank $rank (10.77.0.$((rank + 1)), device 0) was killed by signal 9"
	said "$name: it starts again" 2 "starting again, 1 of 3"
	same "killed $name"
done <<'MOMENTS'
within an evaluation on the first machine|open:images/val:5:KILL|0
within an evaluation on the second machine|open:images/val:5:KILL|1
while it writes a checkpoint|write:/1.safetensors.tmp:40:KILL|0
before a checkpoint has its name|rename:/1.safetensors:1:KILL|0
while it writes the last checkpoint|write:model_final.safetensors.tmp:9:KILL|0
MOMENTS

# The second machine sends no faster than 20 Mbit/s: nothing but time is lost.
if ip netns exec "${tag}m2" tc qdisc add dev e0 root tbf rate 20mbit burst 32kbit latency 400ms 2>/dev/null; then
	start=$(now_ms)
	run --ledger 5
	all_end "a slow link" 0
	same "a slow link"
	echo "# it took $(($(now_ms) - start)) ms; $(grep -c ledger: "$work/out.1") lines of the ledger"
	grep 'ledger:' "$work/out.1" | head -n 2 | sed 's/^/# /'
	ip netns exec "${tag}m2" tc qdisc del dev e0 root
else
	echo "skip a slow link: no token bucket (tbf) here"
fi
# Nor where frames come 1 ms late and one in a hundred never.
if slow_links 1000 10; then
	start=$(now_ms)
	run
	all_end "a link that loses frames" 0
	same "a link that loses frames"
	echo "# it took $(($(now_ms) - start)) ms"
	slow_links 0 0
else
	not_ok "a switch that loses frames" "$work/switch.log"
fi
nothing_left "nothing stays behind"
