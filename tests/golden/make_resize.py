"""Makes resize.json: what OpenCV's 8-bit bicubic, which the evaluation reader uses, makes of pictures
of random bytes. Needs opencv-python (4.5.5.64).

    python make_resize.py > resize.json                 (the kept cases)
    python make_resize.py 400 1 > more.json             (400 random ones from seed 1, for a longer check)

The x86 wheel resizes by Intel's IPP (cv2.ipp.useIPP() must say True); without it a value in 100 differs.
"""
import json
import random
import sys

import cv2
import numpy as np

KEPT = [  # width, height, to width, to height
    (40, 24, 20, 21), (32, 26, 16, 13), (32, 26, 64, 52), (40, 30, 20, 30), (25, 30, 25, 15), (40, 30, 16, 16),
    (30, 40, 26, 26), (20, 15, 41, 37), (31, 29, 17, 13), (23, 19, 24, 18), (48, 40, 6, 5), (13, 11, 40, 44),
    (5, 4, 9, 15), (1, 1, 3, 2), (37, 20, 37, 20), (20, 20, 15, 15), (20, 20, 12, 12), (15, 15, 18, 24)]


def picture(w, h):
    x, out = (w * 131 + h) % 2**32, np.empty(w * h * 3, np.uint8)
    for i in range(len(out)):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = x >> 24
    return out.reshape(h, w, 3)


def case(w, h, to_w, to_h):
    out = cv2.resize(picture(w, h), None, None, fx=to_w / w, fy=to_h / h, interpolation=cv2.INTER_CUBIC)
    assert out.shape == (to_h, to_w, 3)
    return {"from": [w, h], "to": [to_w, to_h],
            "out": out.tobytes().hex()}


cases = KEPT
if len(sys.argv) > 1:
    r = random.Random(int(sys.argv[2]))
    cases = []
    for _ in range(int(sys.argv[1])):
        w, h = r.randint(4, 300), r.randint(4, 300)
        f = r.choice([None, None, (1, 2), (2, 1), (1, 4), (3, 2), (5, 8), (7, 4), (3, 4), (3, 5), (2, 3)])
        g = r.choice([f, f, (1, 1), None])
        cases.append((w, h, max(1, w * f[0] // f[1]) if f else r.randint(4, 300),
                      max(1, h * g[0] // g[1]) if g else r.randint(4, 300)))
print(json.dumps({"cases": [case(*c) for c in cases]}, separators=(",", ":")))
