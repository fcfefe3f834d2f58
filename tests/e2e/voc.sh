#!/usr/bin/env bash
# A VOC data set as a person uses it: training and evaluation by VOC's metric, on one rank and on two.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tiny_data 12

# The made-up data set as VOC: an XML beside every picture, a list of pairs, the class names.
to_voc() { # SPLIT
	mkdir -p "$work/data/xml/$1"
	awk -v dir="$work/data/xml/$1" '
		/"annotations": \[/ { part = 2 } /"categories": \[/ { part = 3 }
		function value(line) { sub(/.*: */, "", line); gsub(/[",]/, "", line); return line }
		part < 2 && /"id":/ { id = value($0) }
		part < 2 && /"file_name":/ { name[id] = value($0); sub(/\.jpg$/, "", name[id]) }
		part == 2 && /"image_id":/ { image = value($0) }
		part == 2 && /"category_id":/ { class = value($0) }
		part == 2 && /"bbox": \[/ { n = 0; inside = 1; next }
		inside && /\]/ { inside = 0
			object[image] = object[image] sprintf("<object><name>%s</name><difficult>0</difficult><bndbox>" \
				"<xmin>%s</xmin><ymin>%s</ymin><xmax>%s</xmax><ymax>%s</ymax></bndbox></object>\n", \
				"class" class, v[0], v[1], v[0] + v[2], v[1] + v[3]) }
		inside { v[n++] = value($0) + 0 }
		END { for (i in name) { file = dir "/" name[i] ".xml"
			print "<annotation><size><width>96</width><height>96</height></size>\n" object[i] "</annotation>" >file
			close(file) } }' "$work/data/annotations/$1.json"
	for f in "$work/data/xml/$1"/*.xml; do
		base=$(basename "$f" .xml)
		echo "images/$1/$base.jpg xml/$1/$base.xml"
	done >"$work/data/$1.txt"
}
to_voc train
to_voc val
for i in 1 2 3 4 5 6; do echo "class$i"; done >"$work/data/labels.txt"
check "every picture has an annotation" test "$(wc -l <"$work/data/train.txt")" -eq 12
check "with objects" grep -q '<object>' -r "$work/data/xml/train"

as_voc="name: VOCDataSet, dataset_dir: $work/data, image_dir: '', label_list: labels.txt, allow_empty: true"
sets=("TrainDataset={$as_voc, anno_path: train.txt}" "EvalDataset={$as_voc, anno_path: val.txt}")
train() { # DIR RANKS BATCH
	EPOCHS=1
	"$fleetrun" --nproc_per_node "$2" --log_dir "$work/log" "$flotilla" train $(tiny) "$sizes" metric=VOC "${sets[@]}" \
		TrainReader.batch_size="$3" save_dir="$work/$1" --eval >"$work/$1.log" 2>&1
}
check "training with evaluation" train one 1 4
check "prints VOC's line" grep -rq 'mAP(0.50, 11point) = [0-9.]*%' "$work/one.log" "$work/log"
check "two ranks" train two 2 2
page=$work/two/ppyoloe_demo/report.html
check "the run's page has VOC's one curve" grep -q '<h3>Mean average precision</h3>' "$page"
no_coco() { grep -q 'Scores by class' "$page" && ! grep -q 'AP by size of object' "$page"; }
check "scores by class, and none of COCO's sizes" no_coco
weights=$work/one/ppyoloe_demo/model_final
evaluate() { # RANKS MORE...
	local ranks=$1
	shift
	"$fleetrun" --nproc_per_node "$ranks" --log_dir "$work/log" "$flotilla" eval $(tiny) metric=VOC "${sets[@]}" \
		weights="$weights" "$@"
}
check "evaluation" evaluate 1 --json "$work/a.json"
check "evaluation on two ranks" evaluate 2 --json "$work/b.json"
check "gives the same numbers" cmp "$work/a.json" "$work/b.json"
check "mAP stands for ap" grep -q '"ap": [0-9]' "$work/a.json"
says "the other curve" 0 'mAP(0.50, integral) = ' "$flotilla" eval $(tiny) metric=VOC "${sets[@]}" weights="$weights" \
	map_type=integral --classwise
says "a metric of the other kind" 3 "metric: COCO does not go with a VOCDataSet; set -o metric=VOC" "$flotilla" eval $(tiny) \
	"${sets[@]}" weights="$weights"
says "an unknown class" 3 "which the label list does not name" "$flotilla" eval $(tiny) metric=VOC "${sets[@]}" \
	EvalDataset.label_list=val.txt num_classes=6 weights="$weights"

# flotilla data check of a VOC recipe: fit; then with each fault.
inspect=("$flotilla" data check $(tiny) metric=VOC "${sets[@]}")
says "the data set is fit for training" 0 "fit for training" "${inspect[@]}"
mv "$work/data/images/train/$(ls "$work/data/images/train" | head -n 1)" "$work/kept.jpg"
says "a missing picture" 3 "PROBLEM 1 picture without a file" "${inspect[@]}"
echo "no picture" >"$work/data/images/val/$(ls "$work/data/images/val" | head -n 1)"
says "a damaged picture" 3 "PROBLEM 1 image that cannot be decoded" "${inspect[@]}"
xml=$(ls "$work/data/xml/train"/*.xml | tail -n 1)
sed -i '0,/<width>96/s//<width>95/' "$xml"
says "another size than stated" 3 "is 96x96, stated 95x96" "${inspect[@]}"
sed -i '0,/<xmax>[^<]*/s//<xmax>0/' "$xml"
says "a box of no area" 3 "PROBLEM 1 box of no area" "${inspect[@]}"
sed -i '0,/<xmax>[^<]*/s//<xmax>wide/' "$xml"
says "a box that is no number" 3 "$(basename "$xml")" "${inspect[@]}"

# Another list of the same names: the numbers of the classes differ, the score does not.
for i in 6 5 4 3 2 1; do echo "class$i"; done >"$work/data/reversed.txt"
check "a list in another order" evaluate 1 EvalDataset.label_list=reversed.txt --json "$work/c.json"
same_classes() { diff <(grep -o '"class[0-9]": .*[0-9]' "$work/a.json" | sort) <(grep -o '"class[0-9]": .*[0-9]' "$work/c.json" | sort); }
check "gives the same score for every class" same_classes
check "gives the same mAP" cmp <(grep '"ap"' "$work/a.json") <(grep '"ap"' "$work/c.json")
echo things | cat - "$work/data/labels.txt" >"$work/data/more.txt"
says "a list with a class more" 0 "1 class of '$work/data/val.txt' is not the model's, and no box is of it (things)" \
	"$flotilla" eval $(tiny) metric=VOC "${sets[@]}" EvalDataset.label_list=more.txt weights="$weights"
sed 's/class1/plus/' "$work/data/labels.txt" >"$work/data/plus.txt"
sed -i 's/<name>class1</<name>plus</' "$work"/data/xml/val/*.xml
says "a list with another class" 3 "a class that the model does not know" \
	"$flotilla" eval $(tiny) metric=VOC "${sets[@]}" EvalDataset.label_list=plus.txt weights="$weights"
