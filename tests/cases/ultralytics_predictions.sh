#!/usr/bin/env bash
# predictions.json of Ultralytics 8.4.190 (val with save_json=True): image_id is the file name without folder and ending,
# a number where it is all digits; file_name stands beside it, in older versions not. And the other ways in which tools
# name images: texts as ids, digits in quotes, a list of images of their own. The AP is pycocotools 2.0.11's on joined ids.
set -u
. "$(dirname "$0")/lib.sh"

ultralytics() { # with file_name "$1" in front of the bbox, or without
	case_scores
	sed -i "s/\"image_id\": 1,/\"image_id\": \"shelf\", ${1:+\"file_name\": \"shelf.jpg\",}/; s/\"image_id\": 2,/\"image_id\": 123, ${1:+\"file_name\": \"000123.jpg\",}/
		s/\"image_id\": 3,/\"image_id\": \"img\", ${1:+\"file_name\": \"img.jpg\",}/; s/\"image_id\": 4,/\"image_id\": 42, ${1:+\"file_name\": \"42.jpg\",}/
		s/\"image_id\": 5,/\"image_id\": \"cam.7\", ${1:+\"file_name\": \"cam.7.jpg\",}/" "$work/dt.json"
}
ultralytics names
scores 'joined by file name' 0.550990 "the 9 detections are joined to images by file name: image_id shelf (detection 0) is no id of the ground truth"
ultralytics ''
scores 'without file names: by what the id is made of' 0.550990 'are joined to images by file name'
ultralytics names
sed -i 's#"day 2/img.jpg"#"day 2/shelf.jpg"#; s/img.jpg/shelf.jpg/; s/"img"/"shelf"/' "$work/gt.json" "$work/dt.json"
says 'two images of one name' 3 "detection 0 is of image 'shelf', which the ground truth does not have, and several of its images are named 'shelf.jpg'" \
	"$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json"
ultralytics names
sed -i 's/"file_name": "shelf.jpg"/"file_name": "other.jpg"/' "$work/dt.json"
says 'a name that no image has' 3 "no image of it is named 'other.jpg'; give detections the ground truth's ids" \
	"$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json"
ultralytics names
sed -i 's/"image_id": 42, "file_name": "42.jpg"/"image_id": 4/' "$work/dt.json"
says 'one with an id of the truth, others without' 3 "detection 6 is of image 4 and has no 'file_name' of the ground truth's" \
	"$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json"

# numeric names that are ids of other images by chance
case_scores
sed -i 's/000123.jpg/4.jpg/; s/"42.jpg"/"2.jpg"/' "$work/gt.json"
sed -i 's/"image_id": 2,/"image_id": "4x", "file_name": "4.jpg",/; s/"image_id": 4,/"image_id": 2, "file_name": "2.jpg",/; s/"4x"/4/
	s/"image_id": 1,/"image_id": 1, "file_name": "shelf.jpg",/; s/"image_id": 3,/"image_id": 3, "file_name": "img.jpg",/; s/"image_id": 5,/"image_id": 5, "file_name": "cam.7.jpg",/' "$work/dt.json"
scores 'ids that fit by chance' 0.550990 "image_id 4 (detection 2) is another image's id of the ground truth"
sed -i 's/"shelf.jpg"/"crop.jpg"/' "$work/dt.json"
scores 'names that do not fit all: ids, with a word' 0.289604 '5 detections name another file than that of the image with their image_id'

case_scores
sed -i 's/"image_id": \([0-9]\)/"image_id": "i\1"/' "$work/dt.json"
sed -i 's/"image_id": \([0-9]\)/"image_id": "i\1"/; s/{"id": \([0-9]\), "file/{"id": "i\1", "file/' "$work/gt.json"
scores 'texts as ids on both sides' 0.550990
check 'without a word' test ! -s <(grep -v '^exit\|^AP' "$work/err")
sed -i 's/"i\([0-9]\)"/"\1"/' "$work/gt.json" "$work/dt.json"
scores 'digits in quotes on both sides' 0.550990
check 'without a word either' test ! -s <(grep -v '^exit\|^AP' "$work/err")
sed -i 's/"image_id": "\([0-9]\)"/"image_id": \1/' "$work/dt.json"
scores 'digits in quotes on one side' 0.550990 'the image_id of 9 detections is in quotes'
case_scores
sed -i 's/"image_id": \([0-9]\)/"image_id": "\1"/' "$work/gt.json"
scores 'annotations with quotes, images without' 0.550990 '8 annotations have ids in quotes'
case_scores
sed -i 's/"image_id": \([0-9]\)/"image_id": \1.0/' "$work/gt.json" "$work/dt.json"
scores 'ids as reals' 0.550990

# an object around the list, with its own numbering (FiftyOne, Datumaro)
case_scores
{
	sed 's/"annotations": \[/"x": [/; s/"id": \([0-9]\), "file/"id": 9\1, "file/; s/"id": 1, "name": "cup"/"id": 7, "name": "Cup"/; s/\]}$/],/' "$work/gt.json"
	sed 's/"image_id": /&9/; s/"category_id": 1/"category_id": 7/; 1s/^/"annotations": /; $s/$/}/' "$work/dt.json"
} >"$work/wrapped.json"
mv "$work/wrapped.json" "$work/dt.json"
scores 'an object with its own images and categories' 0.550990 "3 detections are given the ground truth's id of the same name"
case_scores
sed -i '1s/^/{"predictions": /; $s/$/}/' "$work/dt.json"
scores 'an object around the list alone' 0.550990
printf '\357\273\277' | cat - "$work/dt.json" >"$work/bom.json" && mv "$work/bom.json" "$work/dt.json"
scores 'a byte order mark' 0.550990

# what cannot be read says where and why, and writes nothing
case_scores
broken() { # NAME TEXT FILE'S CONTENTS
	printf '%s' "$3" >"$work/bad.json"
	says "$1" 3 "$2" "$flotilla" eval --gt "$work/gt.json" --dt "$work/bad.json" --json "$work/none.json"
}
broken 'ground truth as detections' "detection 0 (byte 71, line 1): 'score' is missing; is this file ground truth?" '{"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]}'
broken 'an object without a list' 'is no file of detections' '{"images": []}'
broken 'a list of another name' 'is no file of detections' '{"boxes": [{"image_id": 1}]}'
broken 'a number' 'is no file of detections' '7'
broken 'text of YOLO' 'is no file of detections' '0 0.5 0.5 0.1 0.1'
broken 'boxes without images' "'image_id' is missing" '[{"name": "cup", "class": 0, "confidence": 0.5, "box": {"x1": 1}}]'
broken 'an id that is null' "'image_id' must be a number or a text" '[{"image_id": null, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]'
broken 'an id that is a list' "'category_id' must be a number or a text" '[{"image_id": 1, "category_id": [1], "bbox": [1, 2, 3, 4], "score": 1}]'
broken 'a name twice' 'a key stands here twice' '[{"file_name": "a", "file_name": "b"}]'
broken 'a list in the list' 'a detection must be an object' '[[1, 2, 3, 4, 0.5]]'
broken 'cut off inside the object' 'json broken' '{"annotations": [{"image_id": 1'
broken 'its own images without ids' "an image needs an 'id'" '{"images": [{}], "predictions": []}'
broken 'a number that is none' "'image_id' must be a number or a text" '[{"image_id": NaN, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]'
check 'nothing was written' test ! -e "$work/none.json"
