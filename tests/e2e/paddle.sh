#!/usr/bin/env bash
# Files both ways against PaddleDetection itself, which is asked to evaluate and to go on with what flotilla
# wrote, and whose half-finished run flotilla goes on with:
#     PPDET=<checkout> PYTHON=<its virtual environment>/bin/python tests/e2e/paddle.sh
# Runs that are interrupted have eight images in one batch, no random transforms and one step an epoch, so that
# both programs see the same batches at every step (resized by nearest, which is exact in both). Momentum or averages that were lost or read wrongly would
# show in the losses and in the last files at once: the learning rate is high and warm-up is over in 2 steps.
. "$(dirname "$0")/lib.sh"
data=$(realpath ../shared/data/bccd)
trained=$(realpath ../shared/oracle/golden/trained)
recipe=$(realpath ../shared/oracle/accuracy/bccd_s_256_60e.yml)
if [ -z "${PPDET:-}" ] || [ -z "${PYTHON:-}" ]; then
	echo "skip PaddleDetection reads and writes the same files: PPDET and PYTHON are not given"
	exit 0
fi
if [ ! -d "$data" ] || [ ! -e "$trained/bccd_s_256_60e.pdparams" ]; then
	echo "skip PaddleDetection reads and writes the same files: no $data or no $trained"
	exit 0
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} CUDA_VISIBLE_DEVICES=
patience=900
chain='sample_transforms: [{Decode: {}}, {Resize: {target_size: [192, 192], keep_ratio: false, interp: 0}}]
  batch_transforms: [{NormalizeImage: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], is_scale: true}},
    {Permute: {}}, {PadGT: {}}]'
cat >"$work/cross.yml" <<END
_BASE_: [$PPDET/configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml]
use_gpu: false
pretrain_weights: ''
num_classes: 3
epoch: 6
snapshot_epoch: 1
log_iter: 1
worker_num: 1
eval_size: [192, 192]
LearningRate:
  base_lr: 0.002
  schedulers:
    - {name: CosineDecay, max_epochs: 8}
    - {name: LinearWarmup, start_factor: 0., epochs: 2}
PPYOLOEHead: {static_assigner_epoch: 4}
TrainDataset: {name: COCODataSet, dataset_dir: $data, image_dir: images, anno_path: annotations/train.json,
  data_fields: ['image', 'gt_bbox', 'gt_class', 'is_crowd'], sample_num: 8}
EvalDataset: {name: COCODataSet, dataset_dir: $data, image_dir: images, anno_path: annotations/val.json, allow_empty: true}
TrainReader:
  batch_size: 8
  $chain
END
cd "$PPDET" || exit 1
ours="$flotilla train -c $work/cross.yml -o sampler=paddle keep_checkpoints=9"
theirs="$PYTHON tools/train.py -c $work/cross.yml"
# The loss column of a log, one line a step.
losses() { sed -n 's/.* loss: \([0-9.]*\) .*/\1/p' "$1"; }
close() { # FILE FILE LIMIT: numbers line by line
	paste "$1" "$2" | awk -v limit="$3" 'NF != 2 { exit 1 } { d = ($1 - $2) / $2; if (d < 0) d = -d; if (d > w) w = d }
		END { print NR " numbers, worst " w; exit NR == 0 || w > limit }'
}

# Both programs alone, from the same weights.
start=$trained/bccd_s_256_60e.pdparams
$ours pretrain_weights="$start" save_dir="$work/a" >"$work/a.log" 2>&1 || not_ok "flotilla trains" "$work/a.log"
$theirs -o pretrain_weights="$start" save_dir="$work/b" >"$work/b.log" 2>&1 || not_ok "PaddleDetection trains" "$work/b.log"
losses "$work/a.log" >"$work/a.loss"
losses "$work/b.log" >"$work/b.loss"
check "six steps alone" close "$work/a.loss" "$work/b.loss" 2e-5

# flotilla's half-finished run goes on in PaddleDetection.
mkdir "$work/to"
check "a checkpoint becomes three files" "$flotilla" convert "$work/a/cross/2.safetensors" "$work/to/2.pdparams"
says "PaddleDetection goes on with them" 0 "learning_rate" $theirs -r "$work/to/2" -o save_dir="$work/c"
losses "$work/says.log" >"$work/c.loss"
tail -n 3 "$work/a.loss" >"$work/a3.loss"
check "with momentum and rate: losses as undisturbed" close "$work/c.loss" "$work/a3.loss" 2e-5

# PaddleDetection's goes on in flotilla.
says "flotilla goes on with PaddleDetection's" 0 "resumed from $work/b/2.pdparams: epoch 3, step 3" \
	$ours save_dir="$work/d" -r "$work/b/2"
losses "$work/says.log" >"$work/d.loss"
tail -n 3 "$work/b.loss" >"$work/b3.loss"
check "with momentum and rate: losses as undisturbed there" close "$work/d.loss" "$work/b3.loss" 2e-5

# The averages at the end of all four agree with those of the undisturbed run.
"$flotilla" convert "$work/a/cross/model_final.safetensors" "$work/a/model_final.pdparams" >/dev/null
"$flotilla" convert "$work/d/cross/model_final.safetensors" "$work/d/model_final.pdparams" >/dev/null
cat >"$work/far.py" <<'END'
import pickle, sys
import numpy as np
a, b = (pickle.load(open(p, "rb")) for p in sys.argv[1:3])
names = [k for k in a if hasattr(a[k], "shape")]
assert names == [k for k in b if hasattr(b[k], "shape")], "other names"
far = [np.linalg.norm((a[k] - b[k]).ravel()) / max(np.linalg.norm(a[k].ravel()), 1e-6) for k in names]
print(len(far), "tensors, worst", max(far), names[int(np.argmax(far))])
sys.exit(int(max(far) > float(sys.argv[3])))
END
far() { "$PYTHON" "$work/far.py" "$@"; }
# Resuming, PaddleDetection takes the average it has stored divided for undivided (spec G.5): after so few steps that
# shows in c, and only there.
for ending in pdparams pdema; do
	for who in b c d; do
		limit=1e-4
		[ $ending$who = pdparamsc ] && limit=1e-2
		check "$ending of run $who as of the undisturbed one" \
			far "$work/a/model_final.$ending" "$work/$who/model_final.$ending" "$limit"
		sed 's/^/    /' "$work/check.log"
	done
done

# A good model evaluated by both from a file that flotilla wrote.
"$flotilla" convert "$trained/bccd_s_256_60e.pdparams" "$work/t.safetensors" >/dev/null
"$flotilla" convert "$work/t.safetensors" "$work/t.pdparams" >/dev/null
sed "s#'./ppyoloe_crn#'$PPDET/configs/ppyoloe/ppyoloe_crn#" "$recipe" >"$work/bccd.yml"
says "PaddleDetection evaluates flotilla's file" 0 "bbox" "$PYTHON" tools/eval.py \
	-c "$work/bccd.yml" -o weights="$work/t" EvalDataset.dataset_dir="$data" --output_eval "$work"
"$flotilla" eval --gt "$data/annotations/val.json" --dt "$work/bbox.json" --json "$work/theirs.json" >/dev/null
"$flotilla" eval -c "$work/bccd.yml" -o weights="$work/t" EvalDataset.dataset_dir="$data" \
	--json "$work/ours.json" >/dev/null 2>&1
for who in ours theirs; do
	sed 's/[{},]/\n/g' "$work/$who.json" | sed -n 's/.*"ap": *//p' >"$work/$who.ap"
done
check "the same AP" close "$work/ours.ap" "$work/theirs.ap" 1e-5
echo "    AP $(cat "$work/ours.ap") here, $(cat "$work/theirs.ap") there"
