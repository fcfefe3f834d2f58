#!/usr/bin/env bash
# Annotations numbered from 0, as globox 2.9.0 (auto_ids=True), Label Studio, Roboflow and openimages2coco write them:
# pycocotools 2.0.11 takes id 0 for "not matched", and so do we, but say so; faster-coco-eval 1.8.0 warns as well.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
for i in 1 2 3 4 5 6 7 8; do sed -i "s/{\"id\": $i, \"image_id\"/{\"id\": $((i - 1)), \"image_id\"/" "$work/gt.json"; done
scores 'AP as pycocotools gives it, with a word' 0.431298 'annotation id 0 means "not matched" in COCO'
sed -i 's/{"id": 0, "image_id"/{"id": "0", "image_id"/' "$work/gt.json"
scores 'in quotes too' 0.431298 'annotation id 0 means "not matched"'
sed -i 's/{"id": "0", "image_id"/{"image_id"/' "$work/gt.json"
scores 'without an id it counts' 0.550990
sed -i 's/{"id": \([0-9]\), "image_id"/{"id": "a-\1", "image_id"/' "$work/gt.json"
scores 'texts as ids of annotations' 0.550990

case_scores
sed -i 's/{"id": 1, "image_id"/{"id": 0, "image_id"/' "$work/gt.json"
says 'the check has it as a note' 0 'note    1 annotation with id 0 (scores suffer, training does not' "$flotilla" data check "$work/gt.json"
says 'and training does not suffer' 0 'fit for training' "$flotilla" data check "$work/gt.json"
case_job
sed '/"annotations"/,/"id": 1,/s/"id": 1,/"id": 0,/' "$work/job/train.json" >"$work/job/zero.json"
cd "$work/job" || exit 1
says 'training that scores says it before the first step' 0 'annotation id 0 means "not matched"' \
	"$flotilla" train -c recipe.yml -o epoch=1 EvalDataset.anno_path=zero.json save_dir="$work/run" --eval
