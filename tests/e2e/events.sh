#!/usr/bin/env bash
# What people look at of a run: TensorBoard's event files, read by the real TensorBoard (TENSORBOARD_PYTHON names a
# Python that has it), and results.csv; a run that goes on; places that cannot be written.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tiny_data 12
run=$work/run/ppyoloe_demo
files() { [ "$(find "$1" -name 'events.out.tfevents.*' | wc -l)" -eq "$2" ]; }

check "a run with event files" tiny_train run --use_vdl True --eval
check "one file in its folder" files "$run" 1
check "it says where" grep -qF "tensorboard --logdir $run" "$run/log.txt"
cp "$run"/events.out.tfevents.* "$work/first"
EPOCHS=3 check "to a third epoch" tiny_train run --use_vdl True --eval -r "$run"
check "in a file of its own" files "$run" 2
untouched() { for f in "$run"/events.out.tfevents.*; do cmp -s "$f" "$work/first" && return 0; done; return 1; }
check "the first file is as it was" untouched
small() { [ "$(cat "$run"/events.out.tfevents.* | wc -c)" -lt 1000000 ]; }
check "both are small" small

header='epoch,time,train/loss,train/cls_loss,train/iou_loss,train/dfl_loss,train/l1_loss,lr/pg0,metrics/mAP50(B),metrics/mAP50-95(B)'
rows() { # as metrics.jsonl has them: the mean loss of an epoch's steps (log_iter is 1), the score after it
	head -n 1 "$run/results.csv" | grep -qxF "$header" || return 1
	awk -F'[:,] *' '
		function near(a, b) { d = a - b; return (d < 0 ? -d : d) <= 1e-5 * (1 + (b < 0 ? -b : b)) }
		FNR == NR {
			for (i = 1; i < NF; i++) if ($i ~ /"epoch"/) e = $(i + 1)
			for (i = 1; i < NF; i++) if ($i == "\"loss\"") { sum[e] += $(i + 1); n[e]++ }
			for (i = 1; i < NF; i++) if ($i == "\"ap\"") ap[e] = $(i + 1) < 0 ? "" : $(i + 1)
			next
		}
		FNR > 1 {
			e = $1 - 1; seen++
			if (e != FNR - 2 || $2 <= last || !near($3, sum[e] / n[e]) || !near($NF, ap[e])) bad = 1
			last = $2
		}
		END { exit !(seen == 3 && !bad) }' "$run/metrics.jsonl" "$run/results.csv"
}
check "results.csv has a row for each epoch" rows

# For looking at, so nothing ends for it.
echo plain >"$work/plain"
says "a folder that cannot be made is a warning" 0 "the training goes on" "$flotilla" train $(tiny) save_dir="$work/plain_run" \
	TrainReader.batch_size=4 epoch=1 --use_vdl --vdl_log_dir "$work/plain/events"
check "and the run is whole" test -s "$work/plain_run/ppyoloe_demo/model_final.safetensors"
check "without use_vdl there is none" tiny_train none epoch=1
check "in its folder" files "$work/none" 0

# The example of docs/outputs.md, against a stand-in that notes what it is told.
if command -v python3 >/dev/null; then
	sed -n '/^```python$/,/^```$/{/^```/!p}' docs/outputs.md >"$work/send.py"
	cat >"$work/mlflow.py" <<'END'
import json
def set_experiment(name): pass
def log_metrics(numbers, step):
    assert all(isinstance(v, (int, float)) for v in numbers.values()) and isinstance(step, int)
    print(json.dumps({"step": step, **numbers}, sort_keys=True))
END
	sent() {
		python3 "$work/send.py" "$run" >"$work/sent" &&
			[ "$(wc -l <"$work/sent")" -eq "$(wc -l <"$run/metrics.jsonl")" ] && grep -q '"ap50"' "$work/sent"
	}
	check "the example for MLflow hands on every line" sent
else
	echo "skip the example for MLflow: no python3"
fi

python=${TENSORBOARD_PYTHON:-}
if [ -z "$python" ] || ! "$python" -c 'import tensorboard' 2>/dev/null; then
	echo "skip TensorBoard reads them: TENSORBOARD_PYTHON names no Python with the package tensorboard"
	exit 0
fi
cat >"$work/read.py" <<'END'
import json, sys, urllib.request
from tensorboard import program
from tensorboard.backend.event_processing import event_accumulator as ea
run = sys.argv[1]
lines = [json.loads(l) for l in open(run + "/metrics.jsonl")]
steps = [l for l in lines if "loss" in l]
acc = ea.EventAccumulator(run, size_guidance={ea.SCALARS: 0, ea.TENSORS: 0, ea.IMAGES: 0})
acc.Reload()
for tag, key in (("train/loss", "loss"), ("train/lr", "lr"), ("time/data_s", "data_s"), ("speed/images_per_s", "images_per_s")):
    got = [(s.step, s.value) for s in acc.Scalars(tag)]
    assert [s for s, _ in got] == [l["step"] for l in steps], (tag, got)
    assert all(abs(v - l[key]) <= 1e-6 * (1 + abs(l[key])) for (_, v), l in zip(got, steps)), tag
scored = [(l["step"] - 1, l["ap"]) for l in lines if l.get("ap", -1) >= 0]  # the last step before it
got = [(s.step, s.value) for s in acc.Scalars("eval/ap")]
assert len(scored) == 3 and [s for s, _ in got] == [s for s, _ in scored], (got, scored)
assert all(abs(a - b) < 1e-6 for (_, a), (_, b) in zip(got, scored)), (got, scored)
assert "snapshot_epoch" in acc.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
w, h, file = acc.Tensors("train/batch")[0].tensor_proto.string_val
assert int(w) == 3 * 208 and int(h) == 2 * 208 and file[:2] == b"\xff\xd8", (w, h)
tb = program.TensorBoard()
tb.configure(argv=["x", "--logdir", run, "--port", "0", "--host", "127.0.0.1"])
url = tb.launch().rstrip("/")
def ask(path):
    with urllib.request.urlopen(url + "/data/plugin/" + path, timeout=20) as f:
        return f.headers["Content-Type"], f.read()
import time
for _ in range(100):
    tags = json.loads(ask("scalars/tags")[1])
    if tags.get(".") and json.loads(ask("images/tags")[1]).get("."):
        break
    time.sleep(0.2)
assert "train/loss" in tags["."], tags
shown = json.loads(ask("images/images?run=.&tag=train%2Fbatch&sample=0")[1])
kind, bytes_ = ask("images/individualImage?" + shown[0]["query"])
assert kind == "image/jpeg" and bytes_[:2] == b"\xff\xd8", kind
assert b"snapshot_epoch" in ask("text/text?run=.&tag=recipe")[1]
END
check "TensorBoard reads curves, recipe and pictures" timeout 100 "$python" "$work/read.py" "$run"
