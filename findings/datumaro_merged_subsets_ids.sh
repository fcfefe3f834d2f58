#!/usr/bin/env bash
# Guess: merging the subsets of a COCO data set with Datumaro's own transform gives each image an id of its own again.
# Happens: datumaro 1.13.0 keeps each image's old id when map_subsets puts train and valid into one subset, and writes them:
#   ids 1 and 2 occur twice in one file, for images and for annotations. pycocotools 2.0.11 then sees two of the four images, and
#   the boxes of one lie on the other as well.
# Matters: nothing is refused on the way. A training on the merged file has half its pictures and wrong boxes, and still learns.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check datumaro==1.13.0 numpy==2.4.6 pycocotools==2.0.11
said=$(cd "$tmp" && "$tmp/venv/bin/python" - 2>"$tmp/stderr" <<'END'
import contextlib, io, json, os
import datumaro, numpy as np
from PIL import Image
from pycocotools.coco import COCO

os.makedirs("in/annotations")
for subset in "train", "valid":
    os.makedirs("in/images/" + subset)
    for i in 1, 2:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(f"in/images/{subset}/{subset}{i}.png")
    images = [dict(id=i, file_name=f"{subset}{i}.png", width=8, height=8) for i in (1, 2)]
    boxes = [dict(id=i, image_id=i, category_id=1, bbox=[1, 1, 3, 3], area=9, iscrowd=0) for i in (1, 2)]
    with open(f"in/annotations/instances_{subset}.json", "w") as out:
        json.dump(dict(images=images, annotations=boxes, categories=[dict(id=1, name="cell")]), out)
both = datumaro.Dataset.import_from("in", "coco").transform("map_subsets", mapping={"train": "all", "valid": "all"})
both.export("out", "coco_instances", save_media=True)
with open("out/annotations/instances_all.json") as file:
    written = json.load(file)
print("images", sorted((i["id"], i["file_name"]) for i in written["images"]))
print("annotations", sorted((a["id"], a["image_id"]) for a in written["annotations"]))
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO("out/annotations/instances_all.json")
print("pycocotools", len(coco.getImgIds()), "images,", [len(coco.getAnnIds(imgIds=[i])) for i in coco.getImgIds()], "boxes of each")
END
) || { cat "$tmp/stderr" >&2; exit 1; }
echo "datumaro 1.13.0, pycocotools 2.0.11: two subsets of two images, one box on each, mapped into one"
echo "$said"
[ "$said" = "images [(1, 'train1.png'), (1, 'valid1.png'), (2, 'train2.png'), (2, 'valid2.png')]
annotations [(1, 1), (1, 1), (2, 2), (2, 2)]
pycocotools 2 images, [2, 2] boxes of each" ]
