#!/usr/bin/env bash
# Annotations whose ids begin anew in every image, as datumaro 1.13.12 exports a VOC or YOLO folder to COCO (unless
# reindex=True): the AP is pycocotools 2.0.11's, where the last of an id stands for all, and it is said.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
sed -i 's/{"id": [368], "image_id"/{"id": 1, "image_id"/; s/{"id": [57], "image_id"/{"id": 1, "image_id"/; s/{"id": 4, "image_id"/{"id": 2, "image_id"/' "$work/gt.json"
sed -i 's/"id": 1, "image_id": 4, "category_id": 1/"id": 2, "image_id": 4, "category_id": 1/' "$work/gt.json"
scores 'AP as pycocotools gives it, with a word' 0.099134 'ids of annotations repeat: 8 annotations have 2 ids, 8 of them one that others have too'
check 'the word says what to make of it' grep -q 'the AP is therefore not that of the boxes' "$work/err"
says 'the check has it as a note' 0 'note    8 annotations whose id others have too (scores suffer, training does not' "$flotilla" data check "$work/gt.json"
check 'with how often' grep -q 'id 1: 5 times' "$work/says.log"
says 'and training does not suffer' 0 'fit for training' "$flotilla" data check "$work/gt.json"
