#!/usr/bin/env bash
# Folders as VoTT 2.2, VGG Image Annotator 2.0, Roboflow's and RectLabel's CreateML, Supervisely, Datumaro 1.0, Label Studio,
# FiftyOne, BDD100K, Labelbox, V7 and MMDetection write them (made by hand after their documents): no layout that is read, so
# each is named, with how that tool exports one. As a truth file, as detections and for data check, too. And labels of the
# right layout with corners the wrong way round (labelImg and scripts write them) or a score behind the box (Ultralytics'
# save_txt with save_conf).
set -u
. "$(dirname "$0")/lib.sh"

case_scores
"$flotilla" data synth "$work/made" --images 5 --val 1 --width 64 --height 64 >"$work/synth.log" 2>&1
fresh() { rm -rf "$work/d" && mkdir -p "$work/d" && cp "$work/made/images/train"/* "$work/d"; }
# NAME TEXT FILE CONTENTS
named() {
	fresh
	mkdir -p "$(dirname "$work/d/$3")"
	printf '%s' "$4" >"$work/d/$3"
	says "$1: new" 3 "; '$3' is $2" "$flotilla" new "$work/d" --out "$work/my.yml"
	case $3 in *.json)
		says "$1: new, named" 3 "$3' is $2" "$flotilla" new "$work/d/$3" --out "$work/my.yml"
		says "$1: truth" 3 "$3' is $2" "$flotilla" eval --gt "$work/d/$3" --dt "$work/dt.json"
		says "$1: detections" 3 "$3' is $2" "$flotilla" eval --gt "$work/gt.json" --dt "$work/d/$3"
		says "$1: data check" 3 "$3' is $2" "$flotilla" data check "$work/d/$3" "$work/d"
		;;
	esac
}
named 'VoTT' "VoTT's own json: export as Pascal VOC there" vott-json-export/cups-export.json '{"name": "cups", "tags": [{"name": "cup", "color": "#5db300"}], "assets": {"1a": {"asset": {"format": "jpg", "id": "1a", "name": "000001.jpg", "size": {"width": 64, "height": 64}},
 "regions": [{"id": "x", "type": "RECTANGLE", "tags": ["cup"], "boundingBox": {"height": 10, "width": 9, "left": 3, "top": 4}, "points": [{"x": 3, "y": 4}]}]}}}'
named 'a picture of VoTT' "VoTT's own json" 1a-asset.json '{"asset": {"id": "1a"}, "regions": [{"tags": ["cup"], "boundingBox": {"height": 10, "width": 9, "left": 3, "top": 4}}], "version": "2.2.0"}'
named "VoTT's project" 'a project of VoTT: export as Pascal VOC there' cups.vott '{"name": "cups", "sourceConnection": {}, "targetConnection": {}, "tags": []}'
named 'VIA' "VGG Image Annotator's own json: take 'Export Annotations (COCO format)' there" via_export_json.json '{"000001.jpg1234": {"filename": "000001.jpg", "size": 1234, "regions": [{"shape_attributes": {"name": "rect", "x": 3, "y": 4, "width": 9, "height": 10}, "region_attributes": {"name": "cup"}}], "file_attributes": {}}}'
named "VIA's table" "VGG Image Annotator's own table" via_export_csv.csv 'filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes
000001.jpg,1234,"{}",1,0,"{""name"":""rect"",""x"":3,""y"":4,""width"":9,""height"":10}","{""name"":""cup""}"'
named CreateML "CreateML's json: export as COCO, Pascal VOC or YOLO from the tool that wrote it" train/_annotations.createml.json '[{"image": "000001.jpg", "annotations": [{"label": "cup", "coordinates": {"x": 8, "y": 9, "width": 9, "height": 10}}]}]'
named Supervisely "Supervisely's own json: export as COCO there" ds/ann/000001.jpg.json '{"description": "", "tags": [], "size": {"height": 64, "width": 64}, "objects": [{"id": 1, "classTitle": "cup", "geometryType": "rectangle", "points": {"exterior": [[3, 4], [12, 14]], "interior": []}}]}'
named "Supervisely's project" 'a project of Supervisely' meta.json '{"classes": [{"title": "cup", "shape": "rectangle", "color": "#F0F"}], "tags": [], "projectType": "images"}'
named Datumaro "Datumaro's own json: export as 'COCO 1.0' in CVAT, or convert it with 'datum convert -if datumaro" annotations/train.json '{"info": {}, "categories": {"label": {"labels": [{"name": "cup", "parent": "", "attributes": []}]}}, "items": [{"id": "000001", "annotations": [{"id": 0, "type": "bbox", "label_id": 0, "bbox": [3, 4, 9, 10]}], "image": {"path": "000001.jpg"}}]}'
named 'Label Studio' "Label Studio's own json: export as COCO, YOLO or Pascal VOC there" tasks.json '[{"id": 1, "annotations": [{"result": [{"value": {"x": 1}}]}], "data": {"image": "/data/upload/1/000001.jpg"}}]'
named "Label Studio's short form" "Label Studio's own json" min.json '[{"image": "/data/upload/1/000001.jpg", "id": 1, "label": [{"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "rectanglelabels": ["cup"], "original_width": 64, "original_height": 64}]}]'
named FiftyOne "FiftyOne's own json: export with dataset_type=fiftyone.types.COCODetectionDataset" samples.json '{"samples": [{"filepath": "data/000001.jpg", "ground_truth": {"_cls": "Detections", "detections": [{"_cls": "Detection", "label": "cup", "bounding_box": [0.1, 0.2, 0.3, 0.4]}]}}]}'
named BDD100K 'json of Scalabel or BDD100K: convert it with bdd100k.label.to_coco' det_train.json '[{"name": "000001.jpg", "labels": [{"id": "0", "category": "car", "box2d": {"x1": 3, "y1": 4, "x2": 12, "y2": 14}}]}]'
named Labelbox "Labelbox's own json" export.json '{"data_row": {"id": "a", "external_id": "000001.jpg"}, "projects": {"p": {"labels": []}}}'
named V7 "V7's own json: convert it with 'darwin convert coco" 000001.json '{"version": "2.0", "item": {"name": "000001.jpg", "slots": []}, "annotations": [{"name": "cup", "bounding_box": {"x": 3, "y": 4, "w": 9, "h": 10}}]}'
named MMDetection "MMDetection's own json: give the COCO file that it was made from" train.json '{"metainfo": {"classes": ["cup"]}, "data_list": [{"img_path": "000001.jpg", "instances": [{"bbox": [3, 4, 12, 14], "bbox_label": 0}]}]}'
named TensorFlow "TensorFlow's records" train.tfrecord 'x'
fresh
printf '{"shapes": [], "imagePath": "000001.jpg"}' >"$work/d/000001.json"
says 'labelme as a truth' 3 "labelme's own json, of one picture: 'flotilla new FOLDER' reads them all" "$flotilla" eval --gt "$work/d/000001.json" --dt "$work/dt.json"
check 'nothing was written' test ! -e "$work/my.yml"

# ---- corners the wrong way round ----
xml() { # xmin ymin xmax ymax
	echo "<annotation><size><width>64</width><height>64</height></size><object><name>cat</name><bndbox><xmin>$1</xmin><ymin>$2</ymin><xmax>$3</xmax><ymax>$4</ymax></bndbox></object></annotation>"
}
fresh
for f in "$work/d"/*.jpg; do xml 1 2 30 40 >"${f%.jpg}.xml"; done
xml 30 2 1 40 >"$work/d/000002.xml"
xml 1 40 30 2 >"$work/d/000003.xml"
says 'VOC: new says it' 0 'left out 2 boxes of a negative width or height (corners the wrong way round, xmax below xmin?): swap them' "$flotilla" new "$work/d" --out "$work/voc.yml"
check 'with the corners' grep -q "000002.jpg: x 30 to 1, y 2 to 40 of 'cat'" "$work/says.log"
for n in 000001 000002 000003; do echo "$n.jpg $n.xml"; done >"$work/d/train.txt"
echo cat >"$work/d/label_list.txt"
cat >"$work/voc_set.yml" <<-END
	_BASE_: ['$case_root/recipe.yml']
	TrainDataset: !VOCDataSet {dataset_dir: $work/d, anno_path: train.txt, label_list: label_list.txt}
	EvalDataset: !VOCDataSet {dataset_dir: $work/d, anno_path: train.txt, label_list: label_list.txt}
	metric: VOC
	num_classes: 1
END
says 'VOC: data check says it' 3 "box (30, 2, 1, 40) is left out: its corners stand the wrong way round (xmax below xmin, or ymax below ymin)" "$flotilla" data check -c "$work/voc_set.yml"
case_job
cd "$work/job" || exit 1
sed -zi 's/"bbox": \[[^]]*\]/"bbox": [30, 40, -20, 10]/' train.json
says 'COCO: data check says it' 3 ': -20 x 10, area' "$flotilla" data check train.json images
check 'with the reason' grep -q '(corners the wrong way round?)' "$work/says.log"
cd - >/dev/null || exit 1

# ---- a score behind the box ----
fresh
mkdir -p "$work/d/labels" && mkdir "$work/d/images" && mv "$work/d"/*.jpg "$work/d/images"
for f in "$work/d/images"/*.jpg; do echo '0 0.5 0.5 0.25 0.25 0.87' >"$work/d/labels/$(basename "$f" .jpg).txt"; done
echo cat >"$work/d/classes.txt"
says 'YOLO: a sixth number is told' 0 'note     8 lines with a sixth number, which is taken for a score and not used' "$flotilla" new "$work/d" --out "$work/yolo.yml"
