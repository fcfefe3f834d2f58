#!/usr/bin/env bash
# file_name that starts where the converter was run: labelme2coco 0.2.6 writes work/photos/001.jpg (from the current
# folder), label-studio-sdk 2.1.2 ../media/upload/1/5a31c0de-001.jpg beside pictures that it copied. And names of Windows,
# of URLs, with other capitals in the ending.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
named() { sed "s#\"file_name\": \"\(.*\)\.jpg\"#\"file_name\": \"$1\"#" train.json >"$2"; }
train="$flotilla train -c recipe.yml -o epoch=1 save_dir=$work/run"
named 'work/photos/\1.jpg' labelme.json
says 'labelme2coco: missing' 3 'PROBLEM 8 images whose file is missing' "$flotilla" data check labelme.json images
check 'where they are' grep -q "8 of 8 lie in 'images' under the last part of their names: set flat_names: true" "$work/says.log"
check 'what to write' grep -q "or write '000001.jpg' for 'work/photos/000001.jpg'" "$work/says.log"
says 'training names the cure' 3 '8 of the files lie in the image folder under the last part of their names: flat_names: true takes that' \
	$train TrainDataset.anno_path=labelme.json
says 'the cure helps training' 0 '6 images with 47 boxes' $train TrainDataset.anno_path=labelme.json TrainDataset.flat_names=true
says 'and the check' 0 'fit for training' "$flotilla" data check -c recipe.yml -o TrainDataset.anno_path=labelme.json TrainDataset.flat_names=true
named '..\\/media\\/upload\\/1\\/5a31-\1.jpg' studio.json
mkdir -p export/images
for p in images/*; do cp "$p" "export/images/5a31-${p#images/}"; done
says 'Label Studio' 3 "8 of 8 lie in 'export/images' under the last part of their names" "$flotilla" data check studio.json export/images

mended() { # NAME FILE
	says "$1: check" 0 'note    8 files under another spelling than written' "$flotilla" data check "$2" images
	says "$1: training" 0 "8 files of './$2' lie under another spelling than written" $train TrainDataset.anno_path="$2"
	check "$1: all pictures" grep -q '6 images with 47 boxes' "$work/says.log"
}
named '.\\\\\1.jpg' windows.json
check 'the name has a backslash' grep -qF '".\\000001.jpg"' windows.json
mended 'a backslash' windows.json
named '%30\1.JPG' url.json
for p in images/*; do mv "$p" "images/0${p#images/}"; done
mended 'per cent signs and capitals' url.json
named 'images/0\1.jpg' twice.json
mended 'the image folder in the name' twice.json
named './0\1.jpg' dot.json
says 'a leading ./' 0 'fit for training' "$flotilla" data check dot.json images
named '0\1.jpg' exact.json
for p in images/*; do mv "$p" "${p%.jpg}.JPG"; done
mended 'capitals in the ending of the file' exact.json
sed '/"file_name"/d' train.json >none.json
says 'no file_name: training' 3 "has no 'file_name' and is left out" $train TrainDataset.anno_path=none.json
says 'no file_name: check' 3 "PROBLEM 8 images without a 'file_name'" "$flotilla" data check none.json images
