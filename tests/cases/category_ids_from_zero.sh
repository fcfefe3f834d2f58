#!/usr/bin/env bash
# Detections numbered from 0 against ground truth numbered from 1, as sahi 0.12.8 writes them (to_coco_prediction), and
# their kind: the numbers are pycocotools 2.0.11's, and a line on standard error says which categories count nowhere.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
scores 'the ground truth alone' 0.550990
check 'nothing to say then' test ! -s <(grep -v '^exit\|^AP' "$work/err")

sed -i 's/"category_id": 1/"category_id": 0, "category_name": "cup"/; s/"category_id": 2/"category_id": 1, "category_name": "fork"/
	s/"category_id": 3/"category_id": 2, "category_name": "plate"/' "$work/dt.json"
scores 'detections from 0' 0 'the detections use categories 0, 1, 2, the ground truth 1, 2, 3; those of category 0 (3 detections) count nowhere; is one of the files numbered from 0?'
check 'and the names beside the ids disagree' grep -q "9 detections name another category than their category_id does (detection 0: id 0 beside 'cup')" "$work/err"
# a parent category without a box, as Roboflow writes it: every id is listed and all are wrong
sed -i 's/"categories": \[/&{"id": 0, "name": "things"}, /' "$work/gt.json"
scores 'a dummy parent hides the shift' 0 'is one of the files numbered from 0?'

case_scores
sed -i 's/"category_id": 3/"category_id": 4/' "$work/gt.json"
scores 'annotations of a category that is not listed' 0.509901 \
	'the ground truth lists 1, 2, 3 and its annotations use 1, 2, 4; those of category 4 (3 annotations and 0 detections) count nowhere'
case_scores
sed -i 's/"categories": .*/"x": 0,/' "$work/gt.json"
scores 'no list of categories' -1 'the ground truth lists none and its annotations use 1, 2, 3; those of category 1, 2, 3 (8 annotations and 9 detections) count nowhere'
case_scores
sed -i 's/"category_id": 3/"category_id": 17/' "$work/dt.json"
scores 'a category of the detections alone' 0.339934 'those of category 17 (4 detections) count nowhere'
case_scores
sed -i 's/"category_id": 1/"category_id": "cup"/; s/"category_id": 2/"category_id": "Fork"/; s/"category_id": 3/"category_id": "plate"/' "$work/dt.json"
scores 'names in the place of ids' 0.550990 'the category_id of 9 detections is the name of a category; names are matched'
case_scores
sed -i 's/"category_id": \([0-9]\)/"category_id": "\1"/' "$work/dt.json"
scores 'ids in quotes' 0.550990 'the category_id of 9 detections is in quotes'
sed -i 's/"category_id": "\([0-9]\)"/"category_id": \1.0/' "$work/dt.json"
scores 'ids as reals' 0.550990
