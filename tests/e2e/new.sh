#!/usr/bin/env bash
# From a folder as a tool exports it to a score, in the README's words: flotilla new, flotilla train. Each layout is the
# same made-up pictures, arranged as the tool of that name was seen to (docs/your-data.md has the versions); the boxes that
# training gets must be the made-up ones.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
"$flotilla" data synth "$work/made" --images 12 --val 4 --width 96 --height 96 >"$work/synth.log" 2>&1
names=(circle square triangle star ring cross)
mkdir "$work/out"

# "picture class x y w h" of each box of a file as data synth writes it
table() { # JSON
	awk '/"annotations": \[/ { part = 2 } /"categories": \[/ { part = 3 }
		function value(line) { sub(/.*: */, "", line); gsub(/[",]/, "", line); return line }
		part < 2 && /"id":/ { id = value($0) }
		part < 2 && /"file_name":/ { name[id] = value($0); sub(/\.jpg$/, "", name[id]) }
		part == 2 && /"image_id":/ { image = value($0) }
		part == 2 && /"category_id":/ { class = value($0) }
		part == 2 && /"bbox": \[/ { n = 0; inside = 1; next }
		inside && /\]/ { inside = 0; print name[image], class - 1, v[0], v[1], v[2], v[3] }
		inside { v[n++] = value($0) + 0 }' "$1"
}
for s in train val; do
	table "$work/made/annotations/$s.json" >"$work/$s.boxes"
	(cd "$work/made/images/$s" && ls) | sed 's/\.jpg$//' >"$work/$s.names"
done

# The same of the files that flotilla new wrote; class by name, pixels rounded.
found() { # JSON...
	cat "$@" | awk -v names="${names[*]}" 'BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) class[list[i]] = i - 1 }
		function take(key, line) { sub(".*\"" key "\": *\"?", "", line); sub(/["},].*/, "", line); return line }
		/"file_name"/ { file = take("file_name", $0); sub(/.*\//, "", file); sub(/\.[a-z]*$/, "", file)
			name[take("id", $0)] = file }
		/^{"id": [0-9]*, "name"/ { of[take("id", $0)] = class[take("name", $0)] }
		/"image_id"/ { box = $0; sub(/.*\[/, "", box); sub(/\].*/, "", box); split(box, v, ", ")
			printf "%s %d %.1f %.1f %.1f %.1f\n", name[take("image_id", $0)], of[take("category_id", $0)], v[1], v[2], v[3], v[4] }' | sort
}
same() { # the boxes of one part: BOXES JSON; to a fifth of a pixel
	found "$2" >"$work/found.boxes"
	sort "$1" | awk '{ printf "%s %d %.1f %.1f %.1f %.1f\n", $1, $2, $3, $4, $5, $6 }' >"$work/wanted.boxes"
	[ "$(wc -l <"$work/found.boxes")" -eq "$(wc -l <"$work/wanted.boxes")" ] || { diff "$work/wanted.boxes" "$work/found.boxes"; return 1; }
	paste -d' ' "$work/wanted.boxes" "$work/found.boxes" | awk '
		{ for (k = 3; k <= 6; k++) if ($k - $(k + 6) > 0.21 || $(k + 6) - $k > 0.21) bad = 1; if ($1 != $7 || $2 != $8) bad = 1 }
		bad { print; exit 1 }'
}
# NAME [train]: new, the boxes, the recipe's data sets; training with a score
try() {
	local name=$1 dir=$work/$1 out=$work/out/$1 rc=0 train=${2:-}
	"$flotilla" new "$dir" --out "$out.yml" >"$out.log" 2>&1 || rc=1
	if [ "$rc" -ne 0 ]; then not_ok "$name: new" "$out.log"; return; fi
	ok "$name: new"
	if [ -f "$out.train.json" ] && [ "$parts" = two ]; then
		check "$name: the boxes of training" same "$work/train.boxes" "$out.train.json"
		check "$name: the boxes of validation" same "$work/val.boxes" "$out.val.json"
	elif [ -f "$out.train.json" ]; then
		check "$name: all boxes" same_both "$out"
	fi
	says "$name: fit for training" 0 'fit for training' "$flotilla" data check -c "$out.yml"
	[ -n "$train" ] || return 0
	check "$name: train" trained "$out"
	check "$name: leaves a score" grep -q '"ap": [0-9]' "$(dirname "$out")/output/$name/summary.json"
}
same_both() { # of one part that was dealt out
	found "$1.train.json" >"$work/a.found"
	found "$1.val.json" >"$work/b.found"
	[ -s "$work/a.found" ] && [ -s "$work/b.found" ] || return 1
	sort "$work/a.found" "$work/b.found" | awk '{ print $1, $2 }' >"$work/both"
	sort "$work/train.boxes" | awk '{ print $1, $2 }' | sort | diff - <(sort "$work/both")
}
# In another folder than the one it was made in.
trained() {
	(cd / && "$flotilla" train -c "$1.yml" --eval -o epoch=1 width_mult=0.125 snapshot_epoch=1 eval_size=[96,96] worker_num=1 \
		TrainReader.batch_size=4 "$sizes")
}
coco() { sed "$1" "$work/made/annotations/$2.json"; } # SED SPLIT

# ---- COCO ----
parts=two
mkdir -p "$work/coco" && cp -r "$work/made/images" "$work/made/annotations" "$work/coco"
try coco train
check "COCO that is whole is read in place" test ! -e "$work/out/coco.train.json"
says "a file of it can be named" 0 'made here: pictures in order of the digest' "$flotilla" new "$work/coco/annotations/train.json" --out "$work/out/one.yml"

mkdir -p "$work/roboflow_coco"/{train,valid}
for s in train val; do
	d=$work/roboflow_coco/${s/val/valid}
	cp "$work/made/images/$s"/*.jpg "$d"
	coco 's/"categories": \[/"categories": [{"id": 0, "name": "shapes", "supercategory": "none"},/; s/"name": "\(.*\)"/"name": "\1", "supercategory": "shapes"/' $s |
		sed '0,/"name": "shapes", "supercategory": "shapes"/s//"name": "shapes", "supercategory": "none"/' >"$d/_annotations.coco.json"
done
try roboflow_coco train
check "the category above the others is left out" grep -q '^num_classes: 6 ' "$work/out/roboflow_coco.yml"
check "and said" grep -q "'*shapes'*" "$work/out/roboflow_coco.log"

mkdir -p "$work/other_order" && cp -r "$work/made/images" "$work/made/annotations" "$work/other_order"
coco 's/"name": "circle"/"name": "X"/; s/"name": "square"/"name": "circle"/; s/"name": "X"/"name": "square"/' val >"$work/other_order/annotations/val.json"
awk '{ if ($2 < 2) $2 = 1 - $2; print }' "$work/val.boxes" >"$work/swapped" && cp "$work/val.boxes" "$work/kept" && cp "$work/swapped" "$work/val.boxes"
try other_order
cp "$work/kept" "$work/val.boxes"

parts=one
mkdir -p "$work/cvat_coco"/{annotations,images} && cp "$work/made/images/train"/* "$work/cvat_coco/images"
cp "$work/made/annotations/train.json" "$work/cvat_coco/annotations/instances_default.json"
try cvat_coco
mkdir -p "$work/label_studio_coco/images"
while read -r n; do cp "$work/made/images/train/$n.jpg" "$work/label_studio_coco/images/5a31c0de-$n.jpg"; done <"$work/train.names"
coco 's#"file_name": "#"file_name": "\\/data\\/upload\\/1\\/5a31c0de-#; s/"width": .*,/"width": null,/' train >"$work/label_studio_coco/result.json"
sed -i 's/^/5a31c0de-/' "$work/train.boxes"
try label_studio_coco train
sed -i 's/^5a31c0de-//' "$work/train.boxes"
mkdir -p "$work/labelme2coco/photos" && cp "$work/made/images/train"/* "$work/labelme2coco/photos"
coco 's#"file_name": "#"file_name": "C:\\\\work\\\\labelme\\\\#' train >"$work/labelme2coco/dataset.json"
try labelme2coco

# ---- YOLO ----
yolo() { # SPLIT FOLDER
	mkdir -p "$2"
	awk -v dir="$2" '{ printf "%d %.6f %.6f %.6f %.6f\n", $2, ($3 + $5 / 2) / 96, ($4 + $6 / 2) / 96, $5 / 96, $6 / 96 >(dir "/" $1 ".txt") }' "$work/$1.boxes"
}
parts=two
for s in train val; do
	d=$work/roboflow_yolo/${s/val/valid}
	mkdir -p "$d/images" && cp "$work/made/images/$s"/* "$d/images"
	yolo $s "$d/labels"
done
printf 'train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 6\nnames: [%s]\n' "$(IFS=,; echo "${names[*]/%/}" | sed "s/[a-z]*/'&'/g; s/''//g")" >"$work/roboflow_yolo/data.yaml"
try roboflow_yolo train
check "a part that is not there is said" grep -q "test of data.yaml: '../test/images'" "$work/out/roboflow_yolo.log"

for s in train val; do
	mkdir -p "$work/ultralytics/images/$s" && cp "$work/made/images/$s"/* "$work/ultralytics/images/$s"
	yolo $s "$work/ultralytics/labels/$s"
	(cd "$work/made/images/$s" && ls) | sed "s#^#data/images/$s/#" >"$work/ultralytics/$s.txt"
done
{ printf 'path: /content/somewhere\ntrain: train.txt\nval: val.txt\nnames:\n'; for i in 0 1 2 3 4 5; do echo "  $i: ${names[i]}"; done; } >"$work/ultralytics/data.yaml"
try ultralytics

for s in train val; do
	mkdir -p "$work/cvat_yolo/obj_${s}_data" && cp "$work/made/images/$s"/* "$work/cvat_yolo/obj_${s}_data"
	yolo $s "$work/cvat_yolo/obj_${s}_data"
	while read -r n; do [ -e "$work/cvat_yolo/obj_${s}_data/$n.txt" ] || : >"$work/cvat_yolo/obj_${s}_data/$n.txt"; done <"$work/$s.names"
	(cd "$work/made/images/$s" && ls) | sed "s#^#data/obj_${s}_data/#" >"$work/cvat_yolo/$s.txt"
done
printf 'classes = 6\ntrain = data/train.txt\nval = data/val.txt\nnames = data/obj.names\nbackup = backup/\n' >"$work/cvat_yolo/obj.data"
printf '%s\n' "${names[@]}" >"$work/cvat_yolo/obj.names"
try cvat_yolo train

parts=one
mkdir -p "$work/label_studio_yolo/images" && cp "$work/made/images/train"/* "$work/label_studio_yolo/images"
yolo train "$work/label_studio_yolo/labels"
printf '%s\r\n' "${names[@]}" >"$work/label_studio_yolo/classes.txt"
echo '{"categories": [{"id": 0, "name": "circle"}], "info": {"contributor": "Label Studio"}}' >"$work/label_studio_yolo/notes.json"
try label_studio_yolo

# ---- VOC ----
voc() { # SPLIT FOLDER
	mkdir -p "$2"
	while read -r n; do
		awk -v n="$n" -v names="${names[*]}" 'BEGIN { split(names, list, " ")
			print "<annotation><filename>" n ".jpg</filename><size><width>96</width><height>96</height><depth>3</depth></size>" }
			$1 == n { printf "<object><name>%s</name><difficult>0</difficult><bndbox><xmin>%s</xmin><ymin>%s</ymin><xmax>%s</xmax><ymax>%s</ymax></bndbox></object>\n",
				list[$2 + 1], $3, $4, $3 + $5, $4 + $6 }
			END { print "</annotation>" }' "$work/$1.boxes" >"$2/$n.xml"
	done <"$work/$1.names"
}
parts=two
for s in train val; do
	d=$work/roboflow_voc/${s/val/valid}
	mkdir -p "$d" && cp "$work/made/images/$s"/* "$d"
	voc $s "$d"
done
try roboflow_voc train
# one folder for all, as VOCdevkit has it: the parts' pictures need other names
voc_devkit() { # FOLDER PICTURES
	for s in train val; do
		mkdir -p "$1/$2" "$1/Annotations"
		(cd "$work/made/images/$s" && for f in *.jpg; do cp "$f" "$1/$2/$s$f"; done)
		voc $s "$work/xml.$s"
		for f in "$work/xml.$s"/*.xml; do cp "$f" "$1/Annotations/$s$(basename "$f")"; done
	done
}
with_parts() { # COMMAND...: while the truth has the same names
	cp "$work/train.boxes" "$work/t.kept"; cp "$work/val.boxes" "$work/v.kept"
	sed -i 's/^/train/' "$work/train.boxes"; sed -i 's/^/val/' "$work/val.boxes"
	"$@"
	mv "$work/t.kept" "$work/train.boxes"; mv "$work/v.kept" "$work/val.boxes"
}
voc_devkit "$work/vocdevkit/VOC2007" JPEGImages
mkdir -p "$work/vocdevkit/VOC2007/ImageSets/Main"
for s in train val; do sed "s/^/$s/" "$work/$s.names" >"$work/vocdevkit/VOC2007/ImageSets/Main/$s.txt"; done
cat "$work/vocdevkit/VOC2007/ImageSets/Main"/{train,val}.txt >"$work/vocdevkit/VOC2007/ImageSets/Main/trainval.txt"
sed 's/$/ -1/' "$work/vocdevkit/VOC2007/ImageSets/Main/train.txt" >"$work/vocdevkit/VOC2007/ImageSets/Main/circle_train.txt"
with_parts try vocdevkit
voc_devkit "$work/paddle_voc" JPEGImages
for s in train val; do sed "s#.*#JPEGImages/$s&.jpg Annotations/$s&.xml#" "$work/$s.names" >"$work/paddle_voc/$s.txt"; done
printf '%s\n' "${names[@]}" >"$work/paddle_voc/label_list.txt"
with_parts try paddle_voc
check "names in the order of label_list.txt" grep -q '^{"id": 1, "name": "circle"}' "$work/out/paddle_voc.train.json"
voc_devkit "$work/cvat_voc" JPEGImages
mkdir -p "$work/cvat_voc/ImageSets/Main"
for s in train val; do sed "s/^/$s/" "$work/$s.names" >"$work/cvat_voc/ImageSets/Main/$s.txt"; done
{ echo '# label:color_rgb:parts:actions'; for n in background "${names[@]}"; do echo "$n:::"; done; } >"$work/cvat_voc/labelmap.txt"
for n in $(grep -L '<object>' "$work/cvat_voc/Annotations"/*.xml); do rm "$n"; done
with_parts try cvat_voc
parts=one
mkdir -p "$work/labelme2voc"/{JPEGImages,Annotations} && cp "$work/made/images/train"/* "$work/labelme2voc/JPEGImages"
voc train "$work/labelme2voc/Annotations"
cp -r "$work/labelme2voc/JPEGImages" "$work/labelme2voc/AnnotationsVisualization"
cp -r "$work/labelme2voc/JPEGImages" "$work/labelme2voc/SegmentationClass"
printf '%s\n' __ignore__ _background_ "${names[@]}" >"$work/labelme2voc/class_names.txt"
try labelme2voc
check "drawings and masks of the same names are no pictures" bash -c '! grep -q "Annotations\|Segm" "$0" && grep -q JPEGImages "$0"' "$work/out/labelme2voc.train.json"

# ---- labelme ----
mkdir -p "$work/labelme" && cp "$work/made/images/train"/* "$work/labelme"
while read -r n; do
	awk -v n="$n" -v names="${names[*]}" 'BEGIN { split(names, list, " "); printf "{\"version\": \"5.4.1\", \"flags\": {}, \"shapes\": [" }
		$1 == n { printf "%s{\"label\": \"%s\", \"points\": [[%s, %s], [%s, %s]], \"group_id\": null, \"shape_type\": \"rectangle\", \"flags\": {}}",
			comma, list[$2 + 1], $3 + $5, $4, $3, $4 + $6; comma = ", " }
		END { printf "], \"imagePath\": \"..\\\\photos\\\\%s.jpg\", \"imageData\": null, \"imageHeight\": 96, \"imageWidth\": 96}\n", n }' \
		"$work/train.boxes" >"$work/labelme/$n.json"
done <"$work/train.names"
try labelme train
check "the parts are the same however often they are dealt" bash -c '"$0" new "$1" --out "$2/again.yml" >/dev/null && cmp "$2/again.train.json" "$2/labelme.train.json"' \
	"$flotilla" "$work/labelme" "$work/out"

# ---- the command itself ----
says "a recipe that is there stays" 2 "is there already; --out names another recipe, --force writes over it" "$flotilla" new "$work/labelme" --out "$work/out/labelme.yml"
says "unless told otherwise" 0 'now: flotilla train -c' "$flotilla" new "$work/labelme" --out "$work/out/labelme.yml" --force
says "the folder must be there" 2 "the folder '$work/none/' of the recipe does not exist" "$flotilla" new "$work/labelme" --out "$work/none/my.yml"
says "a recipe ends in .yml" 2 "a recipe ends in .yml or .yaml, unlike 'my.json'" "$flotilla" new "$work/labelme" --out my.json
says "no folder" 2 "new needs one folder: flotilla new DATA" "$flotilla" new
says "a folder that is not there" 3 "'$work/none' does not exist" "$flotilla" new "$work/none" --out "$work/out/none.yml"
says "an unknown layout" 2 "unknown layout 'tfrecord'; there are coco, voc, yolo and labelme" "$flotilla" new "$work/labelme" --layout tfrecord --out "$work/out/none.yml"
cp -r "$work/label_studio_yolo" "$work/two" && cp "$work/labelme"/*.json "$work/two/images"
says "two layouts: one is read, the other named" 0 "--layout labelme reads them" "$flotilla" new "$work/two" --out "$work/out/two.yml"
says "and can be asked for" 0 "labelme json" "$flotilla" new "$work/two" --layout labelme --out "$work/out/two_b.yml"
mkdir "$work/it's a \"folder\" # ä" && cp -r "$work/label_studio_yolo" "$work/it's a \"folder\" # ä/data"
says "a folder with quotes in its name" 0 'now:' "$flotilla" new "$work/it's a \"folder\" # ä/data" --out "$work/it's a \"folder\" # ä/my.yml"
check "trains" trained "$work/it's a \"folder\" # ä/my"
(cd "$work/label_studio_yolo" && "$flotilla" new . >"$work/inside.log" 2>&1)
check "inside of the data set" test -e "$work/label_studio_yolo/my.yml"
(cd "$work/label_studio_yolo" && "$flotilla" new . --force >"$work/inside.log" 2>&1)
check "what it wrote is no data" grep -q 'YOLO text files' "$work/inside.log"
