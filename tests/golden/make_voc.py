"""Makes voc.json: small VOC data sets as files, and what the reference's VOCDataSet reads from them.

    PPDET=<checkout> python make_voc.py > voc.json
"""
import json
import logging
import os
import sys
import tempfile

sys.path.insert(0, os.environ["PPDET"])
logging.disable(logging.CRITICAL)
from ppdet.data.source.voc import VOCDataSet  # noqa: E402


def xml(size, objects, head="", id=None):
    text = head + "<annotation verified=\"no\"><!-- made up -->\n"
    if id is not None:
        text += f"\t<id>{id}</id>\n"
    text += f"<size><width>{size[0]}</width> <height>{size[1]}</height><depth>3</depth></size>\n"
    for name, box, difficult in objects:
        x1, y1, x2, y2 = box
        hard = "" if difficult is None else f"<difficult>{difficult}</difficult>"
        text += (f"<object>\n<name>{name}</name><pose>Left</pose>{hard}\n<bndbox>"
                 f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>\n")
    return text + "</annotation>\n"


FILES = {
    "a/1.xml": xml((100, 80), [("dog", (10, 20, 50, 60), 0), ("cat", (1.5, 2.25, 33.125, 44), 1)],
                   "<?xml version=\"1.0\"?>\n<!DOCTYPE annotation>\n"),
    "a/2.xml": xml((100, 80), []),
    "a/3.xml": xml((64, 48), [("cat", (-5, -7, 200, 300), None), ("dog", (70, 1, 80, 2), 0), ("dog", (5, 5, 5, 9), 0)]),
    "a/4.xml": xml((64, 48), [("dog", (63, 47, 64, 48), 1)]),
    "a/5.xml": xml((30, 40), [("big &amp; small", (1, 1, 29, 39), 0)], id=77),
    "a/6.xml": xml((30, 40), []),
    "a/8.xml": xml((30, 40), [("cat", (0, 0, 1, 1), 0)]),
    "names.txt": "cat\ndog\nbig & small\n",
    "list.txt": "p/1.jpg a/1.xml\np/2.jpg\ta/2.xml\np/3.jpg a/3.xml more\np/4.jpg a/4.xml\np/5.jpg  a/5.xml\n"
                "p/6.jpg a/6.xml\np/7.jpg a/1.xml\np/8.jpg a/9.xml\np/8.jpg a/8.xml\n",
    "twenty.txt": "p/1.jpg a/1.xml\np/8.jpg a/8.xml\n",
}
PICTURES = ["p/1.jpg", "p/2.jpg", "p/3.jpg", "p/4.jpg", "p/5.jpg", "p/6.jpg", "p/8.jpg"]
CASES = [
    dict(anno_path="list.txt", label_list="names.txt"),
    dict(anno_path="list.txt", label_list="names.txt", allow_empty=True),
    dict(anno_path="list.txt", label_list="names.txt", allow_empty=True, sample_num=3),
    dict(anno_path="twenty.txt"),
]

with tempfile.TemporaryDirectory() as folder:
    for name, text in list(FILES.items()) + [(p, "") for p in PICTURES]:
        path = os.path.join(folder, "data", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    cases = []
    for case in CASES:
        data = VOCDataSet(dataset_dir=folder, image_dir="data", **dict(
            case, anno_path="data/" + case["anno_path"],
            label_list="data/" + case["label_list"] if "label_list" in case else None),
            data_fields=["image", "gt_bbox", "gt_class", "difficult"])
        data.parse_dataset()
        cases.append(dict(settings=case, records=[dict(
            path=os.path.relpath(r["im_file"], os.path.join(folder, "data")), id=int(r["im_id"][0]),
            w=r["w"], h=r["h"], boxes=r["gt_bbox"].tolist(), classes=r["gt_class"][:, 0].tolist(),
            difficult=r["difficult"][:, 0].tolist()) for r in data.roidbs]))
json.dump(dict(files=FILES, pictures=PICTURES, cases=cases), sys.stdout, indent=1)
print()
