#!/usr/bin/env bash
# What people see while a job runs: log lines in PaddleDetection's form everywhere, a progress line that rewrites itself
# on a terminal only, under fleetrun too.
. "$(dirname "$0")/lib.sh"
tiny_data 24
train="$flotilla train $(tiny) save_dir=$work/run --eval"
on_terminal() { # FILE COMMAND...: what a terminal would have received
	local out=$1
	shift
	script -qec "$*" "$out" >/dev/null 2>&1 </dev/null
}
progress='epoch 0  step [0-9]+/[0-9]+  loss [0-9.]+  [0-9.]+ images/s'
check "a run on a terminal" on_terminal "$work/alone" $train
check "its progress" grep -qE "$progress" "$work/alone"
check "evaluation's progress" grep -qE 'evaluation  image [0-9]+/6 of this rank' "$work/alone"
check "two trainers on a terminal" on_terminal "$work/two" "$fleetrun" --log_dir "$work/log" --nproc_per_node 2 $train
check "their progress" grep -qE "$progress" "$work/two"
check "progress of their evaluation" grep -qE 'evaluation  image [0-9]+/3 of this rank' "$work/two"
without_terminal() { "$fleetrun" --log_dir "$work/log2" --nproc_per_node 2 $train >"$work/plain" 2>&1; }
check "two trainers without a terminal" without_terminal
for f in plain log/workerlog.0 log/workerlog.1 log2/workerlog.0 run/ppyoloe_demo/log.txt; do
	check "no progress line in $f" sh -c "! grep -q 'images/s\$(printf \"\\r\")\|evaluation  image\|step 1/' $work/$f"
done
check "PaddleDetection's log line" grep -qE '^\[[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\] flotilla.train INFO: Epoch: \[0\] \[ ?0/[0-9]+\] learning_rate: [0-9]\.[0-9]{6} loss: [0-9]+\.[0-9]{6} loss_cls: [0-9]+\.[0-9]{6} loss_iou: [0-9]+\.[0-9]{6} loss_dfl: [0-9]+\.[0-9]{6} loss_l1: [0-9]+\.[0-9]{6} eta: [0-9]+:[0-9]{2}:[0-9]{2} batch_cost: [0-9]+\.[0-9]{4} data_cost: [0-9]+\.[0-9]{4} ips: [0-9]+\.[0-9]{4} images/s, job: [0-9]+\.[0-9]{4} images/s$' \
	"$work/run/ppyoloe_demo/log.txt"
