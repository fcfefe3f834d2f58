#!/usr/bin/env python3
"""Small cases for the VOC metric with the numbers of PaddleDetection's own DetectionMAP.

PPDET=<checkout of PaddleDetection> make_voceval.py > tests/golden/voceval.json      (numpy 1.26, as the reference pins; Python < 3.12)

Each case: classes, overlap, evaluate_difficult, images (each with dt rows [class, score, x1, y1, x2, y2] and gt rows
[class, difficult, x1, y1, x2, y2], all values exact in float32), map_11point, map_integral.
"""
import json, os, sys, types
import numpy as np

for name in ('paddle', 'ppdet', 'ppdet.modeling', 'ppdet.modeling.rbox_utils', 'ppdet.utils', 'ppdet.utils.logger'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['ppdet.modeling.rbox_utils'].poly2rbox_np = None
sys.modules['ppdet.utils.logger'].setup_logger = lambda n: None
scope = {'__name__': 'map_utils'}
exec(open(os.environ['PPDET'] + '/ppdet/metrics/map_utils.py').read(), scope)
assert np.__version__ < '2'
r = np.random.default_rng(5)
f32 = lambda v: [float(np.float32(x)) for x in v]


def box():
    w, h = np.exp(r.uniform(1, 5.5, 2))
    x, y = r.uniform(0, 500), r.uniform(0, 400)
    return f32((x, y, x + w, y + h))


def near(b, spread):
    w, h = b[2] - b[0], b[3] - b[1]
    return f32(np.array(b) + r.normal(0, spread, 4) * [w, h, w, h])


def scene(images, classes, per=5, hits=2, noise=4, grid=None, difficult=.2, spread=.12):
    score = lambda: float(np.float32(r.random() if grid is None else r.integers(0, grid) / grid))
    out = []
    for _ in range(images):
        gt, dt = [], []
        for _ in range(int(r.integers(0, per + 1))):
            g = [int(r.integers(0, classes)), int(r.random() < difficult)] + box()
            gt.append(g)
            for _ in range(int(r.integers(0, hits + 1))):
                dt.append([g[0] if r.random() < .85 else int(r.integers(0, classes)), score()] + near(g[2:], spread))
        for _ in range(int(r.integers(0, noise + 1))):
            dt.append([int(r.integers(0, classes)), score()] + box())
        r.shuffle(dt)
        dt = [[int(d[0])] + [float(v) for v in d[1:]] for d in dt]
        out.append({'gt': gt, 'dt': dt})
    return out


def judge(images, classes, overlap, hard, kind):
    m = scope['DetectionMAP'](class_num=classes, overlap_thresh=overlap, map_type=kind, evaluate_difficult=hard, catid2name={i: str(i) for i in range(classes)})
    for im in images:
        gt = np.array([g[2:] for g in im['gt']], np.float32).reshape(-1, 4)
        label = np.array([[g[0]] for g in im['gt']], np.int32).reshape(-1, 1)
        diff = None if hard else np.array([[g[1]] for g in im['gt']], np.int32).reshape(-1, 1)
        dt = np.array(im['dt'], np.float32).reshape(-1, 6)
        m.update(dt[:, 2:], dt[:, 1], dt[:, 0], gt, label, diff)
    m.accumulate()
    return float(m.get_map())


cases = []


def add(name, images, classes, overlap=.5, hard=False):
    cases.append({'name': name, 'classes': classes, 'overlap': overlap, 'evaluate_difficult': hard, 'images': images,
                  'map_11point': judge(images, classes, overlap, hard, '11point'), 'map_integral': judge(images, classes, overlap, hard, 'integral')})


add('plain', scene(10, 3), 3)
add('difficult counts', scene(10, 3, difficult=.5), 3, hard=True)
add('difficult does not', scene(10, 3, difficult=.5), 3)
add('ties', scene(14, 2, grid=3, hits=3), 2)
add('overlap .75', scene(14, 2, hits=3, spread=.05), 2, overlap=.75)
add('classes without one side', scene(6, 3) + [{'gt': [[5, 0] + box()], 'dt': [[4, .5] + box()]}], 7)
add('good', scene(12, 2, hits=1, noise=1, spread=.03, per=6), 2)
b = box()
add('one box', [{'gt': [[0, 0] + b], 'dt': [[0, .5] + b]}], 1)
add('one box, false first', [{'gt': [[0, 0] + b, [0, 0] + box()], 'dt': [[0, .5] + b, [0, .75] + [0, 0, 1, 1]]}], 1)
add('no detection', [{'gt': [[0, 0] + b], 'dt': []}], 1)
add('no ground truth', [{'gt': [], 'dt': [[0, .5] + b]}], 1)
half = [0., 0., 9., 9.]
add('overlap at the limit', [{'gt': [[0, 0] + half], 'dt': [[0, .5, 0., 0., 9., 4.], [0, .25, 0., 0., 9., 5.], [0, .125, 9., 9., 20., 20.]]}], 1)
json.dump(cases, sys.stdout, separators=(',', ':'))
print()
