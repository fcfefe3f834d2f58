"""Makes topk.json: which points paddle.topk takes on a CPU where values are equal (paddlepaddle 3.3.1).

    python make_topk.py > topk.json
"""
import json
import sys

import numpy as np
import paddle

SHAPES = [  # n, k, largest: levels of small and large pictures, all points of a picture
    (9, 9, False), (25, 9, False), (49, 9, False), (100, 9, False), (576, 9, False), (577, 9, False),
    (900, 9, False), (20, 13, True), (252, 13, True), (832, 13, True), (833, 13, True), (1500, 13, True)]
rng = np.random.default_rng(5)
rows = []
for n, k, largest in SHAPES:
    for levels in (1, 3, 6, 20, 60):
        x = rng.integers(0, levels, n).astype("float32")
        taken = paddle.topk(paddle.to_tensor(x[None]), k, axis=-1, largest=largest)[1].numpy()[0]
        rows.append(dict(k=k, largest=largest, values=[int(v) for v in x], taken=sorted(int(v) for v in taken)))
json.dump(rows, sys.stdout, separators=(",", ":"))
print()
