#!/usr/bin/env bash
# What people give in place of a COCO json: the archive it came in, the pickle that MMDetection's test.py --out writes, a
# table of FiftyOne or pandas, Labelbox's JSON Lines, what PowerShell's > saves (UTF-16), Python's print of a list, a pointer
# of Git LFS, the web page of a failed download. Each is named as what it is, with the cure, by every reader of JSON.
set -u
. "$(dirname "$0")/lib.sh"

case_scores
mkdir -p "$work/d"
"$flotilla" data synth "$work/made" --images 3 --val 1 --width 64 --height 64 >"$work/synth.log" 2>&1
cp "$work/made/images/train"/* "$work/d"
train=("$flotilla" train -c "$case_root/recipe.yml" -o "TrainDataset.dataset_dir=$work/d" TrainDataset.anno_path=x.json "save_dir=$work/run")
# NAME TEXT: of $work/x
named() {
	cp "$work/x" "$work/d/x.json"
	says "$1: truth" 3 "x.json' is $2" "$flotilla" eval --gt "$work/d/x.json" --dt "$work/dt.json"
	says "$1: detections" 3 "x.json' is $2" "$flotilla" eval --gt "$work/gt.json" --dt "$work/d/x.json"
	says "$1: data check" 3 "x.json' is $2" "$flotilla" data check "$work/d/x.json"
	says "$1: data check under its own name" 3 "x' is $2" "$flotilla" data check "$work/x"
	says "$1: training" 3 "x.json' is $2" "${train[@]}"
	says "$1: new" 3 "x.json' is $2" "$flotilla" new "$work/d" --out "$work/my.yml"
	says "$1: new, named" 3 "x.json' is $2" "$flotilla" new "$work/d/x.json" --out "$work/my.yml"
}
gzip -c "$work/gt.json" >"$work/x" && named gzip 'gzip data: unpack it with gunzip'
printf 'PK\003\004\024\000\000\000\010\000annotations/train.json' >"$work/x" && named zip 'a zip archive: unpack it first'
printf 'PK\003\004\000\000\000\000\000\000archive/data.pkl' >"$work/x" && named 'torch.save' 'a PyTorch file: load it with torch.load'
printf '\200\004\225\020\000\000\000\000\000\000\000]\224.' >"$work/x" && named pickle 'a Python pickle: load it with pickle.load'
printf 'PAR1\025\004\025\000PAR1' >"$work/x" && named Parquet 'a Parquet table: write its rows as JSON'
iconv -t UTF-16 "$work/gt.json" >"$work/x" && named 'UTF-16 with its mark' 'UTF-16: save it as UTF-8'
iconv -t UTF-16LE "$work/gt.json" >"$work/x" && named 'UTF-16 without a mark' 'UTF-16: save it as UTF-8'
iconv -t UTF-16BE "$work/gt.json" >"$work/x" && named 'UTF-16, the other way round' 'UTF-16: save it as UTF-8'
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n' >"$work/x" && named 'Git LFS' 'a pointer of Git LFS in place of the file'
head -c 300 /dev/zero >"$work/x" && named zeros 'nothing but zero bytes'

# NAME TEXT: text, but no JSON
told() {
	cp "$work/x" "$work/d/x.json"
	says "$1: truth" 3 "$2" "$flotilla" eval --gt "$work/d/x.json" --dt "$work/dt.json"
	says "$1: detections" 3 "$2" "$flotilla" eval --gt "$work/gt.json" --dt "$work/d/x.json"
	says "$1: data check" 3 "$2" "$flotilla" data check "$work/d/x.json"
	says "$1: new" 3 "$2" "$flotilla" new "$work/d" --out "$work/my.yml"
}
: >"$work/x" && told 'nothing' "json broken at byte 0 (line 1): expected a value, found the end of the file: the file is empty"
printf '{"image_id": 1, "category_id": 1, "bbox": [41, 33, 31, 16], "score": 0.91}\n{"image_id": 1, "category_id": 3, "bbox": [6, 15, 27, 30], "score": 0.88}\n' >"$work/x"
told 'JSON Lines' "byte 75 (line 2): expected the end of the file, found '{': this is JSON Lines, a value on each line; make one list of them (jq -s . FILE)"
printf '{"id": "a", "label": {}}\n[1]\n' >"$work/x" && told 'lines of other values' 'this is JSON Lines'
printf "[{'image_id': 1, 'category_id': 1}]" >"$work/x" && told 'Python' "this is Python's text and not JSON; write it with json.dump"
printf '<!DOCTYPE html><html>Sign in</html>' >"$work/x" && told 'a web page' 'this is XML, or a web page that was saved in place of the file'
check 'nothing was written' test ! -e "$work/my.yml" -a ! -e "$work/run/recipe"
cp "$work/made/images/train/000001.jpg" "$work/picture"
says 'a picture without an ending is a picture' 0 'JPEG, 64x64' "$flotilla" data check "$work/picture"
