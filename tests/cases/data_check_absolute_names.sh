#!/usr/bin/env bash
# file_name with the whole path (HumanSignal/label-studio issue 4903): os.path.join drops the folder in front of it in
# ppdet/data/source/coco.py, so training finds the pictures; the check must look in the same places.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
sed "s#\"file_name\": \"#&$PWD/images/#" train.json >abs.json
both="TrainDataset.anno_path=abs.json EvalDataset.anno_path=abs.json"
says 'check of the file' 0 'fit for training' "$flotilla" data check abs.json images
says 'check of the recipe' 0 'fit for training' "$flotilla" data check -c recipe.yml -o $both
says 'training' 0 '6 images with 47 boxes' "$flotilla" train -c recipe.yml -o $both epoch=1 save_dir="$work/run"
elsewhere="TrainDataset.dataset_dir=/nowhere EvalDataset.dataset_dir=/nowhere"
for key in TrainDataset EvalDataset; do
	elsewhere="$elsewhere $key.anno_path=$PWD/train.json $key.image_dir=$PWD/images"
done
says 'whole paths in the recipe: check' 0 'fit for training' "$flotilla" data check -c recipe.yml -o $elsewhere
says 'whole paths in the recipe: training' 0 '6 images with 47 boxes' "$flotilla" train -c recipe.yml -o $elsewhere epoch=1 save_dir="$work/run"
