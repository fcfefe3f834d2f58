#!/usr/bin/env bash
# Files of torchmetrics 1.9.0 (MeanAveragePrecision.tm_to_coco): images are {"id": 0} and nothing else, the categories
# list class 0 alone. pycocotools 2.0.11 scores them; so do we, and say what does not count.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
sed -i 's/"file_name": "[^"]*", "width": 160, "height": 120//; s/{"id": \([0-9]\), }/{"id": \1}/
	s/"categories": .*/"categories": [{"id": 1, "name": "1"}],/' "$work/gt.json"
check 'images are bare' grep -q '{"id": 5}' "$work/gt.json"
scores 'they score' 0.565347 'the ground truth lists 1 and its annotations use 1, 2, 3; those of category 2, 3 (5 annotations and 6 detections) count nowhere'

printf '%s' '{"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": [
 {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 30]}]}' >"$work/gt.json"
printf '[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 30], "score": 1}]' >"$work/dt.json"
scores 'no area, no crowd mark, no name' 1 "1 annotation has no 'area': width x height of the box is taken"
printf '%s' '{"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": [
 {"id": 1, "image_id": 1}]}' >"$work/gt.json"
says 'an error in the truth has a line' 3 "gt.json' line 2 (byte 92): an annotation needs 'image_id' and 'category_id'" \
	"$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json"
