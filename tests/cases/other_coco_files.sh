#!/usr/bin/env bash
# Files of COCO's other tasks and of LVIS, which look like detection until their annotations: named as what they are.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
images='"images": [{"id": 1, "file_name": "000001.jpg", "width": 96, "height": 96}]'
every() { # NAME TEXT: check, training and scores refuse odd.json with the text
	says "$1: check" 3 "$2" "$flotilla" data check odd.json images
	says "$1: training" 3 "$2" "$flotilla" train -c recipe.yml -o TrainDataset.anno_path=odd.json save_dir="$work/run"
	says "$1: scores" 3 "$2" "$flotilla" eval --gt odd.json --dt odd.json
}
printf '{%s,\n"annotations": [{"image_id": 1, "id": 5, "caption": "A cup."}]}' "$images" >odd.json
every captions "odd.json' line 2 (byte 138): an annotation has a 'caption' and no category: this is a file of captions"
printf '{%s, "categories": [],\n"annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": [{"id": 3}]}]}' "$images" >odd.json
every panoptic "an annotation has 'segments_info': this is a panoptic file"
printf '{%s, "annotations": [{"image_id": 1, "category_id": {}}]}' "$images" >odd.json
every 'an id that is an object' "an annotation needs 'image_id' and 'category_id' that are numbers or texts"
printf '{"images": [\n{"file_name": "000001.jpg"}]}' >odd.json
every 'an image without an id' "odd.json' line 2 (byte 39): an image needs an 'id'"
printf '{"images": {}}' >odd.json
every 'images that are no list' "'images', 'annotations' and 'categories' must be arrays"
printf '{"images": [7]}' >odd.json
every 'an image that is no object' 'expected an object here'
printf '{"categories": [{"name": "x"}]}' >odd.json
every 'a category without an id' "a category needs an 'id'"
printf '[]' >odd.json
every 'a list' 'a COCO annotation file is an object'
printf '{"images": [{"id": 1, ' >odd.json
every 'a file that is cut off' 'json broken'
printf '{%s, "annotations": [{"id": 1, "image_id": true, "category_id": 1}]}' "$images" >odd.json
every 'an id that is true' "an annotation needs 'image_id' and 'category_id'"
check 'nothing was left behind' test ! -e "$work/run/recipe/model_final.safetensors"

mkdir -p images/train2017
cp images/000001.jpg images/train2017/000000391895.jpg
printf '{"images": [{"id": 391895, "coco_url": "http://images.cocodataset.org/train2017/000000391895.jpg", "width": 96,
 "height": 96, "neg_category_ids": [2], "not_exhaustive_category_ids": []}], "categories": [{"id": 1, "name": "cup",
 "synset": "cup.n.01", "frequency": "f"}], "annotations": [{"id": 1, "image_id": 391895, "category_id": 1,
 "bbox": [5, 5, 40, 40], "area": 1600}]}' >odd.json
says 'LVIS: check' 0 "note    1 file of LVIS (not every object is annotated: COCO's AP is not LVIS's own)" "$flotilla" data check odd.json images
says 'LVIS: its pictures are found by coco_url' 0 '1 image with 1 box' \
	"$flotilla" train -c recipe.yml -o TrainDataset.anno_path=odd.json num_classes=1 TrainReader.batch_size=1 epoch=1 save_dir="$work/run"
printf '[{"image_id": 391895, "category_id": 1, "bbox": [5, 5, 40, 40], "score": 1}]' >dt.json
says 'LVIS: scores say so' 0 "this is an LVIS file" "$flotilla" eval --gt odd.json --dt dt.json
