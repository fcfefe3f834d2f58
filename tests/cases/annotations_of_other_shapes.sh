#!/usr/bin/env bash
# Annotations whose id is null, and boxes that are not four numbers: writers of segmentations leave bbox empty or null,
# others add a score or an angle to it. pycocotools 2.0.11 takes null for an id like any other, so that several are one, and
# stops at such a box; every sentence has the line.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
sed -i 's/"id": 3, "image_id"/"id": null, "image_id"/' "$work/gt.json"
scores 'an id that is null' 0.550990
case_scores
sed -i 's/{"id": [0-9], "image_id"/{"id": null, "image_id"/' "$work/gt.json"
scores 'all of them null' 0.028960 'ids of annotations repeat: 8 annotations have 1 id'
says 'data check tells' 0 'id null: 8 times' "$flotilla" data check "$work/gt.json"

case_job
# NAME TEXT SED: of the truth, whose annotation 3 stands in line 10
wrong() {
	case_scores
	sed -i "$3" "$work/gt.json"
	says "$1: scores" 3 "$2" "$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json"
}
wrong 'an id that is true' "gt.json' line 10 (byte 659): an annotation's 'id' must be a number or a text and is true" 's/"id": 3, "image_id"/"id": true, "image_id"/'
wrong 'an id that is a list' "an annotation's 'id' must be a number or a text and is a list" 's/"id": 3, "image_id"/"id": [3], "image_id"/'
wrong 'an image_id that is null' "('image_id' is null)" 's/"id": 3, "image_id": 2/"id": 3, "image_id": null/'
wrong 'no category_id' "('category_id' is missing)" 's/"image_id": 2, "category_id": 2, /"image_id": 2, /'
box() { # NAME TEXT JSON
	wrong "$1" "annotation 3 of image 2 has no bbox of four finite numbers, which the score needs: $2" "s/\\[109, 9, 32, 31\\]/$3/"
	says "$1: data check" 3 "annotation 3 of 000123.jpg: $2" "$flotilla" data check "$work/gt.json"
}
box 'three numbers' "'bbox' has 3 numbers (line 10)" '[109, 9, 32]'
box 'five numbers' "'bbox' has 5 numbers (line 10)" '[109, 9, 32, 31, 0.5]'
box 'none' "'bbox' is empty (line 10)" '[]'
box 'null' "'bbox' is null (line 10)" null
box 'a text' "'bbox' is a text (line 10)" '"109 9 32 31"'
box 'corners in a list each' "'bbox' holds a list (line 10)" '[[109, 9], [32, 31]]'
box 'an object' "'bbox' is an object (line 10)" '{"x": 109, "y": 9}'
box 'null inside' "'bbox' holds null (line 10)" '[109, null, 32, 31]'
box 'a word inside' "'bbox' holds a text (line 10)" '[109, 9, "wide", 31]'
wrong 'not a number' "'bbox' is [109, 9, nan, 31]" 's/\[109, 9, 32, 31\]/[109, 9, NaN, 31]/'
wrong 'no bbox' "it has no 'bbox' (line 10)" 's/"bbox": \[109, 9, 32, 31\], //'
case_scores
sed -i 's/\[109, 9, 32, 31\]/["109", 9, "32", 31]/' "$work/gt.json"
scores 'numbers in quotes are numbers' 0.550990

cd "$work/job" || exit 1
sed -zi 's/"bbox": \[[^]]*\]/"bbox": [1, 2, 3]/' train.json
says 'training leaves it out and says so' 0 "1 annotation has no 'bbox' of four numbers and is left out (the first in line" \
	"$flotilla" train -c recipe.yml -o epoch=1 save_dir="$work/run"
says 'new, too' 0 "'bbox' has 3 numbers (line" "$flotilla" new "$work/job" --out "$work/my.yml"
