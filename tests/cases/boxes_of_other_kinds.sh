#!/usr/bin/env bash
# Boxes that are not COCO's x, y, width, height in pixels: parts of the image in 0 .. 1 (YOLO's, exported as they are),
# corners x1, y1, x2, y2 (Pascal's), over the edge, and images or categories that are listed twice.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
train="$flotilla train -c recipe.yml -o epoch=1 save_dir=$work/run"
images='"images": [{"id": 1, "file_name": "000001.jpg", "width": 96, "height": 96}]'
classes='"categories": [{"id": 1, "name": "a"}]'
box() { echo "{\"id\": $1, \"image_id\": 1, \"category_id\": ${3:-1}, \"bbox\": [$2], \"area\": 9, \"iscrowd\": 0}"; }
file() { echo "{${images}, ${classes}, \"annotations\": [$1]}" >odd.json; }
odd() { says "$@" "$flotilla" data check odd.json images; }

file "$(box 1 '0.1, 0.2, 0.5, 0.25'), $(box 2 '0.5, 0.5, 0.5, 0.5')"
odd 'parts of the image' 3 'PROBLEM 2 boxes within 0 .. 1: parts of the image, not pixels; multiply by width and height'
says 'training refuses them' 3 "all 2 boxes of './odd.json' lie within 0 .. 1" $train TrainDataset.anno_path=odd.json num_classes=1
file "$(box 1 '0.1, 0.2, 0.5, 0.25'), $(box 2 '5, 5, 20, 20')"
odd 'some of them' 3 'PROBLEM 1 box within 0 .. 1'
says 'training warns' 0 "1 box of './odd.json' lies within 0 .. 1" $train TrainDataset.anno_path=odd.json num_classes=1 TrainReader.batch_size=1
file "$(box 1 '40, 40, 90, 90'), $(box 2 '10, 50, 60, 95'), $(box 3 '5, 5, 30, 30')"
odd 'corners' 3 'PROBLEM 1 file whose boxes look like corners x1, y1, x2, y2'
file "$(box 1 '40, 40, 90, 90'), $(box 2 '50, 50, 20, 20')"
odd 'over the edge, and no corners' 0 'note    1 box that reaches over the edge'
file "$(box 1 '-20, 5, 40, 40')"
odd 'a negative corner' 0 'note    1 box that reaches over the edge'
file "$(box 1 '-50, 5, 40, 40')"
odd 'wholly outside' 3 'PROBLEM 1 box wholly outside its image'
file "$(box 1 '5, 5, 40')"
odd 'three numbers' 3 'PROBLEM 1 annotation without a bbox of four numbers'
file "$(box 1 '5, 5, 40, 40' '"1"')"
odd 'a quoted category' 0 'note    1 annotation with ids in quotes where the lists have none'
file "$(box 1 '5, 5, 40, 40' 7)"
odd 'an unknown category' 3 'annotation 1 of 000001.jpg: category 7'
classes='"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}, {"id": 2, "name": "b"}]'
file "$(box 1 '5, 5, 40, 40')"
odd 'a category id twice' 3 'PROBLEM 1 category id that is used twice'
odd 'a name twice' 3 'note    1 name that several categories have'
odd 'categories without a box' 3 'note    2 categories without a box'
classes='"info": {}'
file "$(box 1 '5, 5, 40, 40')"
odd 'no categories' 3 "PROBLEM 1 file without 'categories'"
says 'training says it' 3 "lists no categories" $train TrainDataset.anno_path=odd.json num_classes=1
classes='"categories": [{"id": 1, "name": "a"}]'
images='"images": [{"id": 1, "file_name": "gone.jpg", "width": 96, "height": 96}, {"id": 1, "file_name": "000001.jpg", "width": 96, "height": 96}]'
file "$(box 1 '5, 5, 40, 40')"
odd 'an image id twice' 3 'PROBLEM 1 image id that stands for several images'
says 'training takes the last, as pycocotools' 0 '1 image with 1 box' $train TrainDataset.anno_path=odd.json num_classes=1 TrainReader.batch_size=1

cd - >/dev/null || exit 1
one="-c $work/job/recipe.yml -o TrainDataset.dataset_dir=$work/job TrainDataset.anno_path=odd.json num_classes=1 save_dir=$work/run2 TrainReader.batch_size=1"
OMP_NUM_THREADS=1 says 'one picture on two ranks: advice that can be followed' 3 \
	'1 image is fewer than the 2 ranks, of which each takes one at least; start 1 rank at most, or add images' \
	"$fleetrun" --nproc_per_node 2 --log_dir "$work/log" flotilla train $one
