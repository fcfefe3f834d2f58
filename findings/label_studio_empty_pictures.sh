#!/usr/bin/env bash
# Guess: a picture that was annotated as empty (a negative) comes out of Label Studio's converter alike in every format.
# Happens: label-studio-sdk 2.1.2 writes it in three ways. COCO: an entry whose width and height are null.
#   VOC: nothing at all. YOLO: an empty text file, which is what that format means by "no objects".
# Matters: a size is kept with each region, and an empty picture has none. The same project trains with its negatives from one
#   export, without them from another, and stops a reader that computes with the size in the third.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check label-studio-sdk==2.1.2
said=$(cd "$tmp" && "$tmp/venv/bin/python" - 2>"$tmp/stderr" <<'END'
import contextlib, io, json, os
from label_studio_sdk.converter import Converter

def task(i, regions):
    return dict(id=i, data=dict(image=f"/data/upload/1/{i}.jpg"), annotations=[dict(id=i, result=regions)])
region = dict(id="r", type="rectanglelabels", from_name="label", to_name="image", original_width=100, original_height=80,
              value=dict(x=10, y=10, width=20, height=25, rotation=0, rectanglelabels=["cell"]))
with open("tasks.json", "w") as out:
    json.dump([task(1, [region]), task(2, [])], out)
config = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
          '<Label value="cell"/></RectangleLabels></View>')
with contextlib.redirect_stdout(io.StringIO()):
    converter = Converter(config, ".", download_resources=False)
    converter.convert_to_coco("tasks.json", "coco", is_dir=False)
    converter.convert_to_voc("tasks.json", "voc", is_dir=False)
    converter.convert_to_yolo("tasks.json", "yolo", is_dir=False)
with open("coco/result.json") as file:
    print("COCO", [(i["width"], i["height"]) for i in json.load(file)["images"]])
print("VOC", sorted(os.listdir("voc/Annotations")))
print("YOLO", [(name, os.path.getsize("yolo/labels/" + name)) for name in sorted(os.listdir("yolo/labels"))])
END
) || { cat "$tmp/stderr" >&2; exit 1; }
echo "label-studio-sdk 2.1.2: task 1 with a region, task 2 annotated without any"
echo "$said"
[ "$said" = "COCO [(100, 80), (None, None)]
VOC ['1.xml']
YOLO [('1.txt', 21), ('2.txt', 0)]" ]
