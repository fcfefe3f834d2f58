#!/usr/bin/env bash
# A model as an ONNX file: what it says, what is refused, and what programs that read ONNX make of it.
#     ONNX_PYTHON=<virtual environment with numpy, opencv-python-headless, onnx, onnxruntime, openvino>/bin/python
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/foreign" && pwd)
tiny_data 24
job="$(tiny) TestDataset.dataset_dir=$work/data save_dir=$work/run"
check "a model" "$flotilla" train $job
best=$work/run/ppyoloe_demo/model_final
export="$flotilla export $job weights=$best"

says "export" 0 "to boxes and scores" $export --out "$work/model.onnx"
says "with suppression" 0 "to detections [K, 7]" $export --out "$work/nms.onnx" --nms
check "once more" $export --out "$work/again.onnx"
check "gives the same bytes" cmp "$work/model.onnx" "$work/again.onnx"
size() { [ "$(wc -c <"$work/model.onnx")" -lt "$(wc -c <"$best.safetensors")" ]; }
check "folded: smaller than its weights" size
digest=$("$flotilla" ckpt show "$best" --digest)
check "the card names the weights" grep -qaF "$digest" "$work/model.onnx"
check "and the classes" grep -qa 'class_names' "$work/model.onnx"
nobody() { ! grep -qaF "$work" "$work/model.onnx"; }
check "but no folder of this machine" nobody

(
	cd "$work" || exit
	job=${job/configs/$OLDPWD/configs}
	says "PaddleDetection's line" 0 "'tools/export_model.py' is PaddleDetection's: this is 'flotilla export'" \
		"$flotilla" tools/export_model.py $job weights="$best" exclude_nms=True trt=True
	check "writes where it would" [ -s output_inference/ppyoloe_demo/model.onnx ]
	says "another folder" 0 "there/ppyoloe_demo/model.onnx" "$flotilla" export $job weights="$best" --output_dir there
)
says "no weights" 3 "no weights given; use -o weights=FILE" "$flotilla" export $job weights= --out "$work/none.onnx"
says "weights that are not there" 3 "nowhere" "$flotilla" export $job weights="$work/nowhere" --out "$work/none.onnx"
says "of another model" 3 "does not cover the model" $export width_mult=0.25 --out "$work/none.onnx"
says "a folder for a file" 2 "is a folder; --out names a file" $export --out "$work"
says "two places" 2 "give one or the other" $export --out x --output_dir y
says "a folder that cannot be" 4 "/dev/null" $export --out /dev/null/x.onnx
says "Paddle Serving" 2 "'--export_serving_model' of PaddleDetection is not there" \
	$export --export_serving_model True
full() { # a disk that is full: nothing is left of the file, and what was there stays
	mkdir -p "$work/full" && mount -t tmpfs -o size=64k tmpfs "$work/full" 2>/dev/null || { echo "skip a full disk: no mounts here"; return; }
	echo old >"$work/full/model.onnx"
	says "a full disk" 4 "No space left" $export --out "$work/full/model.onnx"
	check "keeps the old file" [ "$(cat "$work/full/model.onnx")" = old ]
	check "and leaves nothing else" [ "$(ls "$work/full")" = model.onnx ]
	umount "$work/full"
}
full
none() { [ ! -e "$work/none.onnx" ]; }
check "nothing is written on a failure" none

if [ -z "${ONNX_PYTHON:-}" ]; then
	echo "skip readers of ONNX: ONNX_PYTHON is not given"
	exit
fi
# What infer sees: each detection above a score, with its file.
photos=$work/data/images/val
compare() { # CONFIGURATION AND WEIGHTS..., pictures in $photos
	"$flotilla" infer "$@" --infer_dir "$photos" --visualize False --save_results True --output_dir "$work/seen" >"$work/infer.log" 2>&1 &&
		"$flotilla" export "$@" --out "$work/m.onnx" >"$work/export.log" 2>&1 &&
		"$flotilla" export "$@" --nms --out "$work/n.onnx" >>"$work/export.log" 2>&1 &&
		"$ONNX_PYTHON" "$scripts/onnx_beside.py" "$work/m.onnx" "$work/n.onnx" "$photos" "$work/seen/bbox.json" 2>"$work/beside.log" ||
		{ cat "$work/infer.log" "$work/export.log" "$work/beside.log" 2>/dev/null >"$work/all.log"; not_ok "readers of ONNX" "$work/all.log"; }
}
compare $job weights="$best" PPYOLOEHead.nms.score_threshold=0.001
data=$PWD/../shared/data/bccd
if [ ! -d "$data" ]; then
	echo "skip ONNX on photographs: ../shared/data/bccd is not here"
	exit
fi
mkdir "$work/photos" && cp $(find "$data" -name '*.jpg' | sort | head -n 4) "$work/photos"
photos=$work/photos
bccd="-c configs/ppyoloe/bccd_s_256_60e.yml -o TrainDataset.dataset_dir=$data EvalDataset.dataset_dir=$data
	TestDataset.dataset_dir=$data width_mult=0.25 pretrain_weights= save_dir=$work/run"
check "a model of photographs" "$flotilla" train $bccd epoch=1 TrainDataset.sample_num=32 snapshot_epoch=1
compare $bccd weights="$work/run/bccd_s_256_60e/model_final" PPYOLOEHead.nms.score_threshold=0.001
