#!/usr/bin/env bash
# Broken label files of every layout that flotilla new reads: each ends with 3 and a sentence that names the file, and
# leaves nothing behind. --skip_broken leaves the pictures of such files out and goes on.
. "$(dirname "$0")/lib.sh"
"$flotilla" data synth "$work/made" --images 5 --val 1 --width 64 --height 64 >"$work/synth.log" 2>&1
pictures=$work/made/images/train
mkdir "$work/out"

# NAME TEXT: what flotilla new must say of $work/d, which is then made anew by the layout's own function
refuses() {
	says "$layout: $1" 3 "$2" "$flotilla" new "$work/d" --out "$work/out/my.yml"
	check "$layout: $1: nothing is left behind" test -z "$(ls -A "$work/out")"
	"fresh_$layout"
}

# ---- YOLO ----
fresh_yolo() {
	rm -rf "$work/d" && mkdir -p "$work/d/images" "$work/d/labels" && cp "$pictures"/* "$work/d/images"
	for f in "$pictures"/*; do echo '1 0.5 0.5 0.25 0.25' >"$work/d/labels/$(basename "$f" .jpg).txt"; done
	printf 'names: [cat, dog]\ntrain: images\n' >"$work/d/data.yaml"
}
layout=yolo label=$work/d/labels/000002.txt
fresh_yolo
echo '0 0.5 0.5 0.5' >"$label" && refuses "four numbers" "labels/000002.txt:1: 4 numbers; a line is a class and a box of four"
printf '0 0.5 0.5 0.5 0.5\n0 0.1 0.1 0.2 0.2 0.3 0.3 0.4\n' >"$label" && refuses "an outline with half a point" "labels/000002.txt:2: 8 numbers"
echo 'cat 0.5 0.5 0.5 0.5' >"$label" && refuses "a name in place of a number" "labels/000002.txt:1: not numbers alone"
echo '0 0,5 0.5 0.5 0.5 0.5 0.5' >"$label" && refuses "commas as points" "labels/000002.txt:1: 8 numbers"
echo '2 0.5 0.5 0.5 0.5' >"$label" && refuses "a class beyond the names" "labels/000002.txt:1: class 2, but data.yaml names 2 (0 to 1)"
echo '-1 0.5 0.5 0.5 0.5' >"$label" && refuses "a negative class" "labels/000002.txt:1: class -1 is no whole number from 0"
echo '0.5 0.5 0.5 0.5 0.5' >"$label" && refuses "half a class" "class 0.5 is no whole number"
echo '0 32 32 10 10' >"$label" && refuses "pixels" "labels/000002.txt:1: 32 is no share of the picture (0 to 1); pixels have to be divided"
echo '0 nan 0.5 0.5 0.5' >"$label" && refuses "not a number" "labels/000002.txt:1: not numbers alone"
printf '0 0.5\000 0.5 0.5 0.5\n' >"$label" && refuses "zero bytes" "labels/000002.txt:1: byte 0x00 is not UTF-8"
printf 'names: cat\ntrain: images\n' >"$work/d/data.yaml" && refuses "one name without a list" "data.yaml: 'names' must be a list of class names"
printf 'names: [cat, dog\ntrain: images\n' >"$work/d/data.yaml" && refuses "YAML that does not end" "data.yaml:"
printf 'names: {0: cat, 2: dog}\ntrain: images\n' >"$work/d/data.yaml" && refuses "a number left out" "data.yaml: 'names' has no name for 1"
printf 'names: [cat, cat]\ntrain: images\n' >"$work/d/data.yaml" && refuses "a name twice" "class 'cat' is named twice in 'names'"
printf 'nc: 3\nnames: [cat, dog]\ntrain: images\n' >"$work/d/data.yaml" && refuses "nc against names" "'nc' is 3, but 'names' has 2"
printf 'names: [cat, dog]\ntrain: /content/other\n' >"$work/d/data.yaml" && refuses "a part that is elsewhere" "data.yaml names no part with pictures below '$work/d' (training of data.yaml: '/content/other')"
rm "$work/d/data.yaml" && refuses "no class names" "has YOLO labels but no class names"
rm "$work/d/data.yaml" && printf 'cat\n\ndog\n' >"$work/d/classes.txt" && refuses "a hole in the names" "classes.txt:2: an empty line between class names"
rm "$work/d/data.yaml" && printf 'cat\ncat\n' >"$work/d/classes.txt" && refuses "a name twice in classes.txt" "classes.txt:2: class 'cat' is named twice"
rm "$work/d/data.yaml" && printf 'cat\nch\351vre\n' >"$work/d/classes.txt" && refuses "names in Latin-1" "classes.txt:2: byte 0xe9 is not UTF-8"
rm -r "$work/d/labels" && refuses "no label at all" "and no label file for any"
rm "$work/d/data.yaml" && printf 'train = train.txt\nnames = obj.names\n' >"$work/d/obj.data" && refuses "obj.names is missing" "the file of class names that it speaks of (obj.names) is not"
rm "$work/d/images"/* && refuses "no picture" "names no part with pictures below"
for f in "$work/d/images"/*; do echo 'no picture' >"$f"; done && refuses "pictures that are none" "none of the 5 pictures can be read: "

# ---- VOC ----
fresh_voc() {
	rm -rf "$work/d" && mkdir -p "$work/d" && cp "$pictures"/* "$work/d"
	for f in "$pictures"/*; do xml cat 1 2 30 40 >"$work/d/$(basename "$f" .jpg).xml"; done
}
xml() {
	echo "<annotation><size><width>64</width><height>64</height></size><object><name>$1</name><bndbox><xmin>$2</xmin><ymin>$3</ymin><xmax>$4</xmax><ymax>$5</ymax></bndbox></object></annotation>"
}
layout=voc label=$work/d/000002.xml
fresh_voc
: >"$label" && refuses "an empty file" "000002.xml:1: "
xml cat 1 2 30 40 | head -c 90 >"$label" && refuses "half a file" "000002.xml:"
xml cat 1 2 30 40 | sed 's#</bndbox>##' >"$label" && refuses "an element that is not closed" "000002.xml:1: "
xml cat 1 2 x 40 >"$label" && refuses "a side that is no number" "000002.xml: <bndbox> has no number in <xmax>"
xml cat 1 2 '' 40 >"$label" && refuses "an empty side" "000002.xml: <bndbox> has no number in <xmax>"
xml cat 1 nan 30 40 >"$label" && refuses "not a number" "000002.xml: <bndbox> has no number in <ymin>"
xml cat 1 2 30 40 | sed 's#<ymax>40</ymax>##' >"$label" && refuses "a side that is not there" "000002.xml: <bndbox> has no number in <ymax>"
xml '' 1 2 30 40 >"$label" && refuses "no name" "000002.xml: an <object> has no <name>"
xml cat 1 2 30 40 | sed 's#<bndbox>.*</bndbox>##' >"$label" && refuses "no box" "000002.xml: an <object> has no <bndbox>"
xml cat 1 2 30 40 | sed 's#annotation>#labels>#g' >"$label" && refuses "another root" "000002.xml: its root is <labels>, VOC has <annotation>"
echo dog >"$work/d/label_list.txt" && refuses "a class that the list does not name" "000001.xml: class 'cat' is not among the 1 names of label_list.txt"
echo background >"$work/d/label_list.txt" && refuses "a list without a class" "label_list.txt names no class"
rm "$work/d"/*.jpg && refuses "no picture" "none of the 5 XML files has its picture below"
for f in "$work/d"/*.xml; do sed -i 's#annotation>#annotations>#g' "$f"; done; rm "$work/d"/*.jpg
refuses "CVAT's own format" "is CVAT's own XML: export as COCO 1.0 there"

# ---- labelme ----
shape='{"label": "cat", "points": [[1, 2], [30, 40]], "shape_type": "rectangle"}'
labelme() { echo "{\"version\": \"5.4.1\", \"shapes\": [$1], \"imagePath\": \"000002.jpg\", \"imageData\": null, \"imageHeight\": 64, \"imageWidth\": 64}"; }
fresh_labelme() {
	rm -rf "$work/d" && mkdir -p "$work/d" && cp "$pictures"/* "$work/d"
	for f in "$pictures"/*; do labelme "$shape" | sed "s/000002/$(basename "$f" .jpg)/" >"$work/d/$(basename "$f" .jpg).json"; done
}
layout=labelme label=$work/d/000002.json
fresh_labelme
labelme "$shape" | sed 's/"imageData": null.*//' >"$label" && refuses "half a file" "000002.json"
labelme "$shape," >"$label" && refuses "a comma too many" "json broken at byte"
labelme "$shape" | sed 's/$/ x/' >"$label" && refuses "text behind the end" "json broken at byte"
labelme '{"points": [[1, 2], [3, 4]]}' >"$label" && refuses "no label" "000002.json:1: a shape needs a 'label' and 'points'"
labelme '{"label": "cat"}' >"$label" && refuses "no points" "000002.json:1: a shape needs a 'label' and 'points'"
labelme '{"label": 7, "points": [[1, 2], [3, 4]]}' >"$label" && refuses "a number as label" "000002.json:1: a shape needs a 'label' and 'points'"
labelme '{"label": "cat", "points": [[1, 2], [3]]}' >"$label" && refuses "a point of one number" "000002.json:1: a point is a list of two numbers"
labelme '{"label": "cat", "points": [[1, 2], [3, 4, 5]]}' >"$label" && refuses "a point of three" "000002.json:1: a point is a list of two numbers"
labelme '{"label": "cat", "points": [[1, 2], [3, "4"]]}' >"$label" && refuses "a point of text" "000002.json:1: a point is a list of two numbers"
labelme '{"label": "cat", "points": [[1, NaN], [3, 4]]}' >"$label" && refuses "not a number" "000002.json:1: a point is a list of two numbers"
labelme '{"label": "cat", "points": [1, 2, 3, 4]}' >"$label" && refuses "points without brackets" "000002.json:1: a point is a list of two numbers"
labelme '7' >"$label" && refuses "a shape that is none" "000002.json:1: a shape is an object"
labelme "$shape" | sed 's/"shapes": \[.*\], "im/"shapes": {}, "im/' >"$label" && refuses "shapes that are no list" "000002.json:1: 'shapes' must be a list"
rm "$work/d"/*.jpg && refuses "no picture" "none of the 5 labelme files has its picture below"

# ---- COCO ----
fresh_coco() {
	rm -rf "$work/d" && mkdir -p "$work/d/images" && cp "$pictures"/* "$work/d/images"
	cp "$work/made/annotations/train.json" "$work/d/all.json"
}
layout=coco label=$work/d/all.json
fresh_coco
head -c 1500 "$work/made/annotations/train.json" >"$label" && refuses "half a file" "no COCO file ("
: >"$label" && refuses "an empty file" "is no COCO file ("
sed -i 's/"file_name": "000002.jpg",/"file_name": 7,,/' "$label" && refuses "a comma too many" "json broken at byte"
sed -i '0,/"image_id": .*,/s//"image_id": {},/' "$label" && refuses "an id that is an object" "all.json"
sed -i '0,/"name": "square"/s//"name": ""/' "$label" && refuses "a category without a name" "all.json: category 2 has no name"
sed -i '0,/"id": 2,/s//"id": 1,/' "$label" && refuses "one id for two pictures" "image id 1 stands for"
sed -i '/"categories"/,$s/"id": 2,/"id": 1,/' "$label" && refuses "one id for two categories" "category id 1 stands for 'circle' and 'square'"
sed -i '/"categories"/,$s/"id": \([1-6]\),/"id": 1\1,/' "$label" && refuses "ids that no category has" "which 'categories' does not name"
sed -i '/"annotations": \[/,/"categories"/{/"bbox": \[/,/\]/d}' "$label" && refuses "no box at all" "has a box in it"
sed -i 's/"file_name": "/"file_name": "other/' "$label" && refuses "names of other pictures" "none of the 5 pictures that all.json names lies below"
rm "$work/d/images"/* && refuses "no picture" "none of the 5 pictures that all.json names lies below"
sed -i 's/"images"/"photos"/' "$label" && refuses "no COCO file" "no labels of a known kind below"

# ---- all ----
layout=yolo label=$work/d/labels/000002.txt
fresh_yolo
for n in 2 3; do echo 'x' >"$work/d/labels/00000$n.txt"; done
refuses "several: the first is named" "2 label files are broken: labels/000002.txt:1: not numbers alone (the first)"
for n in 2 3; do echo 'x' >"$work/d/labels/00000$n.txt"; done
says "--skip_broken leaves their pictures out" 0 "2 broken label files" "$flotilla" new "$work/d" --out "$work/out/my.yml" --skip_broken
check "and takes the others" grep -q '^  training 2, validation 1' "$work/says.log"
rm -f "$work/out"/*
rm -rf "$work/d" && mkdir "$work/d" && cp "$pictures"/000001.jpg "$work/d" && xml cat 1 2 30 40 >"$work/d/000001.xml"
says "one picture is no data set" 3 "at least one of each is needed" "$flotilla" new "$work/d" --out "$work/out/my.yml"
rm "$work/d"/*
says "an empty folder" 3 "no labels of a known kind below '$work/d' (0 files, 0 pictures)" "$flotilla" new "$work/d" --out "$work/out/my.yml"
: >"$work/export.zip"
says "an archive" 3 "is an archive: unpack it first" "$flotilla" new "$work/export.zip" --out "$work/out/my.yml"
check "nothing is left behind" test -z "$(ls -A "$work/out")"
fresh_yolo
for f in "$work/d/labels"/*; do for i in $(seq 200); do echo '1 0.5 0.5 0.25 0.25'; done >"$f"; done
mkdir "$work/full"
check "a disk that fills leaves nothing" bash -c 'trap "" XFSZ; ulimit -f 16; ! "$0" new "$1" --out "$2/my.yml" 2>"$3" &&
	test -z "$(ls -A "$2")" && grep my.train.json "$3"' "$flotilla" "$work/d" "$work/full" "$work/full.log"
