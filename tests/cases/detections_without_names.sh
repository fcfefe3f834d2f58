#!/usr/bin/env bash
# bbox.json of infer: image_id counts the folder's pictures, and nothing said which is which
# (PaddlePaddle/PaddleDetection issue 7213 and pull request 5698, open-mmlab/mmdetection issue 7659). Each detection names its
# file, and eval joins such a file with the ground truth by that.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
"$flotilla" train -c recipe.yml -o epoch=60 LearningRate.base_lr=0.02 >train.log 2>&1
cp images/000003.jpg 'images/0 "odd" ä.jpg'
echo nothing >images/000000.jpg
infer=("$flotilla" infer -c recipe.yml -o TestDataset.anno_path=train.json --infer_dir images --output_dir out --save_results)
says 'infer' 0 'bbox.json' "${infer[@]}"
check 'every detection names its file' test "$(grep -o '"image_id"' out/bbox.json | wc -l)" -eq "$(grep -o '"file_name": "' out/bbox.json | wc -l)"
check 'there are some' grep -q '"image_id": [0-9]*, "file_name": "000001.jpg", "category_id"' out/bbox.json
check 'names with quotes and other letters' grep -qF '"file_name": "0 \"odd\" ä.jpg"' out/bbox.json
rm images/000000.jpg images/0*odd*
says 'infer again' 0 'bbox.json' "${infer[@]}"
says 'the score of such a file' 0 'are joined to images by file name' "$flotilla" eval --gt train.json --dt out/bbox.json --json ap.json
"$flotilla" eval -c recipe.yml --json want.json >/dev/null 2>&1
check 'is that of eval' cmp <(grep '"ap"' ap.json) <(grep '"ap"' want.json)
