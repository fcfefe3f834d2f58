#!/usr/bin/env python3
"""Small cases for NMS with the rows of Paddle's own multiclass_nms3 on the CPU.

make_nms.py > tests/golden/nms.json      (pip install paddlepaddle==3.3.1)

Each case: params [score_threshold, nms_threshold, nms_top_k, keep_top_k], boxes [points][4], scores [classes][points],
rows [class, score, x1, y1, x2, y2]; all numbers are float32, written exactly.
"""
import json, sys
import numpy as np
import paddle

r = np.random.default_rng(3)
exact = lambda a: [[float(v) for v in row] for row in np.asarray(a, np.float32)]


def boxes(n, spots=6, odd=True):
    c = r.uniform(0, 400, (spots, 2))[r.integers(0, spots, n)] + r.normal(0, 8, (n, 2))
    wh = np.exp(r.normal(4, .3, (n, 2)))
    b = np.concatenate([c, c + wh], 1).astype(np.float32)
    if odd and n > 20:
        b[3] = b[2]
        b[5, 2] = b[5, 0] - 4  # inverted along x
        b[7, 2:] = b[7, :2]  # a point, twice
        b[8] = b[7]
        b[9] = b[9, [2, 3, 0, 1]]  # inverted both ways
        b[11] = [b[10, 2], b[10, 1], b[10, 2] + 20, b[10, 3]]  # touches the one before
    return b


cases = []


def add(name, b, s, score_threshold=.01, nms_threshold=.7, nms_top_k=1000, keep_top_k=300):
    b, s = b.astype(np.float32), s.astype(np.float32)
    out, _, num = paddle._C_ops.multiclass_nms3(paddle.to_tensor(b[None]), paddle.to_tensor(s[None]), None,
                                                score_threshold, nms_top_k, keep_top_k, nms_threshold, True, 1., -1)
    n = int(num.numpy()[0])
    cases.append({'name': name, 'params': [score_threshold, nms_threshold, nms_top_k, keep_top_k],
                  'boxes': exact(b), 'scores': exact(s), 'rows': exact(out.numpy()[:n])})


add('plain', boxes(120), r.random((3, 120)))
add('ties', boxes(120), np.round(r.random((3, 120)) * 5) / 5)
add('cut by nms_top_k', boxes(150), r.random((2, 150)), nms_top_k=40)
add('cut by keep_top_k', boxes(100, spots=60), r.random((4, 100)), keep_top_k=25)
add('cut among ties', boxes(100, spots=60), np.round(r.random((4, 100)) * 3) / 3, keep_top_k=25, nms_top_k=50)
add('no limits', boxes(60), r.random((2, 60)), nms_top_k=-1, keep_top_k=-1)
add('low threshold', boxes(80), r.random((2, 80)), nms_threshold=.2)
add('few candidates', boxes(80), r.random((5, 80)) ** 12, score_threshold=.3)
add('nothing', boxes(10), np.zeros((2, 10)))
json.dump(cases, sys.stdout, separators=(',', ':'))
print()
