#!/usr/bin/env bash
# Guess: faster-coco-eval takes every file that pycocotools takes; it is made to replace it without a change.
# Happens: image ids that are text are scored by pycocotools 2.0.11, which only compares and sorts them. faster-coco-eval
#   1.8.0 makes whole numbers of those in the detections: "shelf-1" is a ValueError, and "7", now 7, belongs to no image
#   of the ground truth any more, an AssertionError.
# Matters: exporters that name images by their file stem write such files (Ultralytics does for detections). An
#   evaluation that ran for years ends with an error on the day that the faster package is put in its place.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check pycocotools==2.0.11 faster-coco-eval==1.8.0 numpy==2.4.6
said=$("$tmp/venv/bin/python" - <<'END'
import contextlib, io

def score(coco_class, eval_class, image_id):
    truth = {"images": [{"id": image_id, "file_name": "a.jpg", "width": 64, "height": 64}],
             "categories": [{"id": 1, "name": "box"}],
             "annotations": [{"id": 1, "image_id": image_id, "category_id": 1, "bbox": [8, 8, 40, 40], "area": 1600,
                              "iscrowd": 0}]}
    found = [{"image_id": image_id, "category_id": 1, "bbox": [8, 8, 40, 40], "score": 0.9}]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            gt = coco_class()
            gt.dataset = truth
            gt.createIndex()
            e = eval_class(gt, gt.loadRes(found), "bbox")
            e.evaluate()
            e.accumulate()
            e.summarize()
        return f"AP {e.stats[0]:.3f}"
    except Exception as error:
        return type(error).__name__

from pycocotools.coco import COCO as A
from pycocotools.cocoeval import COCOeval as B
from faster_coco_eval import COCO as C, COCOeval_faster as D
for image_id in (7, "7", "shelf-1"):
    print(f"image id {image_id!r}: pycocotools {score(A, B, image_id)}, faster-coco-eval {score(C, D, image_id)}")
END
)
echo "pycocotools 2.0.11, faster-coco-eval 1.8.0, numpy 2.4.6; one image, one box, found exactly"
echo "$said"
[ "$said" = "image id 7: pycocotools AP 1.000, faster-coco-eval AP 1.000
image id '7': pycocotools AP 1.000, faster-coco-eval AssertionError
image id 'shelf-1': pycocotools AP 1.000, faster-coco-eval ValueError" ]
