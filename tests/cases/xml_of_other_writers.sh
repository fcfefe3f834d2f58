#!/usr/bin/env bash
# VOC's XML as other programs write it. Python's ElementTree.write() without an encoding gives character references for
# every letter beyond ASCII; editors on Windows save GBK or UTF-16 and say so in the first line; labelImg's plugins and
# label-studio-converter write width and height 0, or no <size> at all, where they do not know it (PaddleDetection issue
# 7788 on encodings; pylabel-project/pylabel issue 33 on sizes).
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
mkdir Annotations
name=$'\xe6\x9d\xaf' # a cup
object() { echo "<object><name>$1</name><bndbox><xmin>5</xmin><ymin>6</ymin><xmax>50</xmax><ymax>55</ymax></bndbox></object>"; }
annotate() { # HEAD SIZE NAME [ENCODING]
	for p in images/*.jpg; do
		echo "$1<annotation>$2$(object "$3")</annotation>" | iconv -f UTF-8 -t "${4:-UTF-8}" >"Annotations/$(basename "$p" .jpg).xml"
	done
}
for p in images/*.jpg; do echo "$p Annotations/$(basename "$p" .jpg).xml"; done >train.txt
echo "$name" >labels.txt
size='<size><width>96</width><height>96</height></size>'
voc="name: VOCDataSet, dataset_dir: ., image_dir: '', label_list: labels.txt, anno_path: train.txt"
train=("$flotilla" train -c recipe.yml -o metric=VOC num_classes=1 epoch=1 save_dir="$work/run" "TrainDataset={$voc}")
every() { # NAME: new and training read the class's name
	says "$1: new" 0 "$name  " "$flotilla" new . --layout voc --out "$work/my.yml" --force
	check "$1: its file has the name" grep -qF "\"name\": \"$name\"" "$work/my.train.json"
	says "$1: training" 0 "8 images with 8 boxes of 1 class" "${train[@]}"
}
head_of() { echo "<?xml version=\"1.0\" encoding=\"$1\"?>"; }
annotate "" "$size" "&#26479;"
every "character references"
annotate "" "$size" "&#x676F;"
every "hexadecimal ones"
annotate "$(head_of GBK)" "$size" "$name" GBK
every GBK
annotate "$(head_of utf-16)" "$size" "$name" UTF-16
every UTF-16
annotate "$(head_of GBK)" "$size" "$name"
every "UTF-8 under another name"
annotate "$(head_of Big5)" "$size" "$name" GBK
printf '\xff' >>Annotations/000001.xml
says "bytes that are neither" 3 "000001.xml:2: byte 0xff is neither Big5, as the first line says, nor UTF-8: save it as UTF-8" \
	"$flotilla" new . --layout voc --out "$work/bad.yml"
says "training too" 3 "is neither Big5" "${train[@]}"
annotate "" "$size" "$name" GBK
says "GBK that is not named" 3 "is not UTF-8: save it as UTF-8" "$flotilla" new . --layout voc --out "$work/bad.yml"
check "nothing is written" sh -c "! ls $work/bad.*"

for size in "" "<size/>" "<size><width>0</width><height>0</height></size>" "<size><width>none</width><height></height></size>"; do
	annotate "" "$size" "$name"
	says "sizes '$size'" 0 "8 images of './train.txt' state no usable size: it is taken from their files" "${train[@]}"
	check "every box counts" grep -q "8 images with 8 boxes of 1 class" "$work/says.log"
done
annotate "" "<size><width>-1</width><height>96</height></size>" "$name"
says "negative ones are left out, as there" 3 "states a negative size" "${train[@]}"

mkfifo images/pipe.jpg
says "a pipe in the place of a picture" 3 "'images/pipe.jpg' is not a file but a pipe" timeout 10 "$flotilla" data check images/pipe.jpg
