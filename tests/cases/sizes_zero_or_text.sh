#!/usr/bin/env bash
# Images whose width and height are 0, text or missing, of writers that do not know them (facebookresearch/detectron2
# issue 1966, pylabel-project/pylabel issue 33): PaddleDetection takes float(width) and drops negative ones alone, its Decode
# puts the real size in their place. -1, as VGG's annotator writes, is dropped there too.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
train="$flotilla train -c recipe.yml -o epoch=1 save_dir=$work/run"
sed 's/"width": 96/"width": 0/; s/"height": 96/"height": 0/' train.json >zero.json
says 'sizes of 0' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=zero.json
check 'with one line' test "$(grep -c "8 images of './zero.json' state no usable size: it is taken from their files" "$work/says.log")" -eq 1
says 'the check' 0 'note    8 images without a usable width and height (taken from the file)' "$flotilla" data check zero.json images
check 'no box is outside then' test "$(grep -c PROBLEM "$work/says.log")" -eq 0
sed 's/"width": 96/"width": "96"/; s/"height": 96/"height": "96.0"/' train.json >text.json
says 'sizes as text' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=text.json
says 'the check of those' 0 'fit for training' "$flotilla" data check text.json images
sed 's/"width": 96/"width": "unknown"/; s/"height": 96/"height": null/' train.json >words.json
says 'sizes that are words' 0 'state no usable size' $train TrainDataset.anno_path=words.json
sed '/"width"/d; s/"height": 96/"license": 1/' train.json >none.json
says 'no sizes' 0 'state no usable size' $train TrainDataset.anno_path=none.json
sed 's/"width": 96/"width": -1/' train.json >minus.json
says 'negative sizes are dropped' 3 "of 8 listed, 8 have no file or name and 0 no box" $train TrainDataset.anno_path=minus.json
says 'the check of negative sizes' 3 'PROBLEM 8 images of a negative size (left out)' "$flotilla" data check minus.json images
says 'a score needs no size' 0 'Best test bbox ap' $train EvalDataset.anno_path=none.json --eval
