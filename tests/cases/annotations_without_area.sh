#!/usr/bin/env bash
# Annotations without 'area': PaddleDetection ends at the evaluation (PaddlePaddle/PaddleDetection issue 2832), as
# mmdetection did (issue 804). width x height of the box is what every writer puts there for boxes
# (NVIDIA/retinanet-examples pull request 135). And sides, marks and numbers that are missing, null or in quotes.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
sed '/"area"/d' train.json >noarea.json
train="$flotilla train -c recipe.yml -o epoch=1 save_dir=$work/run"
says 'training scores with such a file' 0 "annotations have no 'area': width x height of the box is taken" \
	$train EvalDataset.anno_path=noarea.json --eval
check 'said once' test "$(grep -c "no 'area'" "$work/says.log")" -eq 1
says 'training takes all boxes of such a file' 0 '6 images with 47 boxes of 6 classes' $train TrainDataset.anno_path=noarea.json
check 'said once too' test "$(grep -c "no 'area'" "$work/says.log")" -eq 1
says 'the check has it as a note' 0 "note    47 annotations without 'area' (width x height of the box is taken)" \
	"$flotilla" data check noarea.json images
says 'and that is no harm' 0 'fit for training' "$flotilla" data check noarea.json images

sed 's/"area": .*,/"area": null,/' train.json >null.json
says 'area null' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=null.json
sed 's/"area": \(.*\),/"area": "\1",/; s/"iscrowd": 0/"iscrowd": "0"/' train.json >quoted.json
says 'numbers in quotes' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=quoted.json
sed '/"iscrowd"/d; s/\("area": .*\),/\1/' train.json >nocrowd.json
says 'no crowd mark' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=nocrowd.json
sed '/"bbox"/,/\]/s/^ *\([0-9.]*\)\(,*\)$/"\1"\2/' train.json >textbox.json
check 'the box is texts' grep -q '^"[0-9.]*",$' textbox.json
says 'sides in quotes' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=textbox.json
sed 's/"area": .*,/"area": 0,/' train.json >zero.json
says 'a stated area of 0 leaves the box out, as there' 3 '8 no box to train on (47 boxes are left out)' $train TrainDataset.anno_path=zero.json
says 'the check says so' 3 'PROBLEM 47 boxes of no area' "$flotilla" data check zero.json images
sed '/"area"/d; /"bbox"/,/\],/d' train.json >nobox.json
says 'annotations without a box' 3 '8 no box to train on' $train TrainDataset.anno_path=nobox.json
says 'the check names the cause' 3 'PROBLEM 47 annotations without a bbox of four numbers' "$flotilla" data check nobox.json images
echo '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}' >empty.json
says 'a file without images' 3 "lists no image" $train TrainDataset.anno_path=empty.json num_classes=1
