"""Makes transforms.json: a window of a photograph small enough to keep, what the reference's
transforms make of it (digests), and the statistics of its free draws.

    python golden_transforms.py OUT --image BloodImage_00000.jpg --annotations train.json \
        --window 190 205 48 32          (the oracle's script, with PPDET set)
    python make_transforms.py OUT golden/transforms/transforms.json > transforms.json
"""
import json
import os
import sys

from safetensors.numpy import load_file

out, shared = sys.argv[1:3]
with open(os.path.join(out, "transforms.json")) as f:
    made = json.load(f)
with open(shared) as f:
    statistics = json.load(f)["statistics"]
pixels = load_file(os.path.join(out, "transforms.safetensors"))["input.image"]


def wanted(name):
    """Of the 8-bit resizes only the evaluation reader's bicubic is promised."""
    return not name.startswith("resize uint8") or name.endswith("interp 2")


cases = {k: v["image"] for k, v in made["window"].items() if wanted(k)}
json.dump(dict(versions=made["versions"], image=made["image"], window=[190, 205, 48, 32],
               pixels=pixels.astype("uint8").tobytes().hex(), cases=cases, statistics=statistics),
          sys.stdout, separators=(",", ":"))
print()
