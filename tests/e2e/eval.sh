#!/usr/bin/env bash
# flotilla eval --gt --dt as a person uses it: the table, the file of numbers, and what it says about bad files.
set -u
flotilla=${BUILD:-build}/bin/flotilla
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/    /' "$dir/log"
	fi
}
# Ends with this status and says this.
ends() { # STATUS TEXT COMMAND...
	local due=$1 text=$2 rc
	shift 2
	"$@" >"$dir/out" 2>&1
	rc=$?
	echo "exit $rc"
	cat "$dir/out"
	[ "$rc" -eq "$due" ] && grep -qF -- "$text" "$dir/out"
}
evaluate() { "$flotilla" eval --gt "$dir/gt.json" --dt "$dir/dt.json" "$@"; }
# With these detections: exit 3 and this text.
bad_dt() { # NAME TEXT DETECTIONS
	printf '%s' "$3" >"$dir/dt.json"
	check "$1" ends 3 "$2" evaluate --json "$dir/none.json"
}
bad_gt() { # NAME TEXT ANNOTATIONS
	printf '%s' "$3" >"$dir/gt.json"
	check "$1" ends 3 "$2" evaluate --json "$dir/none.json"
}

gt='{"images":[{"id":7,"file_name":"a.jpg","width":64,"height":64}],"categories":[{"id":3,"name":"ship"},{"id":4,"name":"buoy"}],
"annotations":[{"id":1,"image_id":7,"category_id":3,"bbox":[1,2,30,30],"area":900,"iscrowd":0}]}'
dt='[{"image_id":7,"category_id":3,"bbox":[1,2,30,30],"score":0.9}]'
printf '%s' "$gt" >"$dir/gt.json"
printf '%s' "$dt" >"$dir/dt.json"

check 'table' ends 0 ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000' evaluate
check 'twelve lines' test "$(evaluate | wc -l)" -eq 12
check 'absent size' ends 0 'area= large | maxDets=100 ] = -1.000' evaluate
check 'by class' ends 0 'buoy                             AP = -1.000' evaluate --classwise
check 'numbers to a file' ends 0 '' evaluate --json "$dir/score.json"
check 'ap' grep -q '"ap": 0.999999999999999' "$dir/score.json"
check 'ap by class' grep -q '"ship": 0.999999999999999' "$dir/score.json"
check 'help' ends 0 'flotilla eval --gt' "$flotilla" eval --help
check 'unknown option' ends 2 "did you mean '--json'" evaluate --jsn x
check 'no detections named' ends 2 '--dt' "$flotilla" eval --gt "$dir/gt.json"
check 'no ground truth named' ends 2 '--gt' "$flotilla" eval --dt "$dir/dt.json"
check 'stray word' ends 2 "unexpected argument 'x'" evaluate x
check 'no such ground truth' ends 3 'none.json' "$flotilla" eval --gt "$dir/none.json" --dt "$dir/dt.json"
check 'no such detections' ends 3 "cannot open '$dir/none.json'" "$flotilla" eval --gt "$dir/gt.json" --dt "$dir/none.json"
check 'folder for detections' ends 3 "is not a file" "$flotilla" eval --gt "$dir/gt.json" --dt "$dir"
check 'unwritable output' ends 4 "cannot write '$dir/no/score.json'" evaluate --json "$dir/no/score.json"

bad_dt 'empty file' 'json broken at byte 0 (line 1): expected a value, found the end of the file' ''
bad_dt 'cut off' 'json broken at byte 35 (line 1): expected a value' '[{"image_id":7,"category_id":3,"s":'
bad_dt 'comma at the end' "json broken at byte $((${#dt})) (line 1): expected a value, found ']'" "${dt%]},]"
bad_dt 'two documents' 'expected the end of the file' "$dt []"
bad_dt 'not an array' 'is no file of detections' '{"boxes":[]}'
bad_dt 'number in the array' 'detection 0 (byte 1, line 1): a detection must be an object' '[5]'
bad_dt 'image_id as a list' "'image_id' must be a number or a text" '[{"image_id":[7],"category_id":3,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'image_id with a fraction' "is of image '7.5', which the ground truth does not have" '[{"image_id":7.5,"category_id":3,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'category_id null' "'category_id' must be a number or a text" '[{"image_id":7,"category_id":null,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'bbox of three' "'bbox' must be four finite numbers" '[{"image_id":7,"category_id":3,"bbox":[1,2,3],"score":0.5}]'
bad_dt 'bbox of five' "'bbox' must be four finite numbers" '[{"image_id":7,"category_id":3,"bbox":[1,2,3,4,5],"score":0.5}]'
bad_dt 'bbox NaN' "'bbox' must be four finite numbers" '[{"image_id":7,"category_id":3,"bbox":[1,2,NaN,4],"score":0.5}]'
bad_dt 'bbox object' "'bbox' must be four finite numbers" '[{"image_id":7,"category_id":3,"bbox":{},"score":0.5}]'
bad_dt 'score NaN' "detection 1 (byte 118, line 1): 'score' must be a finite number" "${dt%]},"'{"image_id":7,"category_id":3,"bbox":[1,2,3,4],"score":NaN}]'
bad_dt 'score infinite' "'score' must be a finite number" '[{"image_id":7,"category_id":3,"bbox":[1,2,3,4],"score":1e999}]'
bad_dt 'score as text' "'score' must be a finite number" '[{"image_id":7,"category_id":3,"bbox":[1,2,3,4],"score":"0.5"}]'
bad_dt 'no score' "'score' is missing" '[{"image_id":7,"category_id":3,"bbox":[1,2,3,4]}]'
bad_dt 'no bbox' "'bbox' is missing" '[{"image_id":7,"category_id":3,"score":0.5}]'
bad_dt 'no image_id' "'image_id' is missing" '[{"category_id":3,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'no category_id' "'category_id' is missing" '[{"image_id":7,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'key twice' 'a key stands here twice' '[{"image_id":7,"image_id":7,"category_id":3,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'unknown image' 'detection 0 is of image 8, which the ground truth does not have' '[{"image_id":8,"category_id":3,"bbox":[1,2,3,4],"score":0.5}]'
bad_dt 'nested without end' 'at most 256 levels of nesting' "[{\"x\":$(printf '[%.0s' $(seq 300))"

printf '[]' >"$dir/dt.json"
check 'no detection at all' ends 0 'maxDets=100 ] = 0.000' evaluate
check 'said so' ends 0 'holds no detection' evaluate
printf '%s' "$dt" >"$dir/dt.json"

bad_gt 'annotations broken' 'json broken at byte' "${gt%\}}"
bad_gt 'annotations not an object' 'a COCO annotation file is an object' '[]'
bad_gt 'no annotations' "has no 'annotations'" '{"images":[{"id":7,"file_name":"a.jpg"}],"categories":[]}'
bad_gt 'annotation without bbox' 'annotation 1 of image 7 has no bbox' "${gt/\"bbox\":\[1,2,30,30\],/}"
bad_gt 'annotation with NaN' 'annotation 1 of image 7 has no bbox of four finite numbers' "${gt/30,30/30,NaN}"
bad_gt 'image without id' "needs an 'id'" "${gt/\"id\":7,/}"
check 'no numbers of a failed score' test ! -e "$dir/none.json"
