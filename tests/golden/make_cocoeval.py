#!/usr/bin/env python3
"""Small cases for the COCO evaluator with the numbers that pycocotools gives them.

make_cocoeval.py > tests/golden/cocoeval.json      (pip install pycocotools numpy; pycocotools 2.0.11, numpy 2.4.6)

Each case: name, gt (a COCO annotation file), dt (a list of detections), stats (the twelve numbers) and
per_class (AP by category in order of ids: mean over IoU and recall of the whole area range, 100 detections, -1 where absent).
"""
import contextlib, copy, io, json, sys
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

r = np.random.default_rng(11)


def judge(gt, dt):
    with contextlib.redirect_stdout(io.StringIO()):
        g = COCO()
        g.dataset = copy.deepcopy(gt)
        g.createIndex()
        if dt:
            d = g.loadRes(copy.deepcopy(dt))
        else:  # loadRes() cannot read an empty list
            d = COCO()
            d.dataset = {'images': gt['images'], 'categories': gt['categories'], 'annotations': []}
            d.createIndex()
        e = COCOeval(g, d, 'bbox')
        e.evaluate()
        e.accumulate()
        e.summarize()
    per = []
    for k in range(len(e.params.catIds)):
        p = e.eval['precision'][:, :, k, 0, -1]
        p = p[p > -1]
        per.append(float(np.mean(p)) if p.size else -1.0)
    return [float(v) for v in e.stats], per


def image(i):
    return {'id': i, 'width': 640, 'height': 480, 'file_name': f'{i}.jpg'}


def category(i):
    return {'id': i, 'name': f'class {i}'}


def box(lo=4, hi=300, digits=2):
    w, h = np.exp(r.uniform(np.log(lo), np.log(hi), 2))
    return [round(float(v), digits) for v in (r.uniform(0, 500), r.uniform(0, 400), w, h)]


def near(b, spread=.15, digits=2):
    d = r.normal(0, spread, 4) * [b[2], b[3], b[2], b[3]]
    return [round(float(v), digits) for v in (b[0] + d[0], b[1] + d[1], max(b[2] + d[2], .5), max(b[3] + d[3], .5))]


def annotation(i, im, cat, b, crowd=0, area=None):
    return {'id': i, 'image_id': im, 'category_id': cat, 'bbox': b, 'area': b[2] * b[3] if area is None else area, 'iscrowd': crowd}


def detection(im, cat, b, score):
    return {'image_id': im, 'category_id': cat, 'bbox': b, 'score': score}


def scene(images=(1, 2, 3, 4, 5, 6), cats=(1, 2, 3), per=5, hits=2, noise=6, grid=None, crowd=0.0, first=1, spread=.15, lo=4):
    """Random ground truth, detections near it and anywhere; scores on a grid make ties."""
    ann, det = [], []
    score = lambda: float(r.random()) if grid is None else round(float(r.integers(0, grid)) / grid, 3)
    for im in images:
        for _ in range(int(r.integers(0, per + 1))):
            cat = int(r.choice(cats))
            b = box(lo)
            ann.append(annotation(first + len(ann), im, cat, b, int(r.random() < crowd)))
            for _ in range(int(r.integers(0, hits + 1))):
                det.append(detection(im, cat if r.random() < .85 else int(r.choice(cats)), near(b, spread), score()))
        for _ in range(int(r.integers(0, noise + 1))):
            det.append(detection(im, int(r.choice(cats)), box(lo), score()))
    r.shuffle(det)
    return {'images': [image(i) for i in images], 'categories': [category(c) for c in cats], 'annotations': ann}, list(det)


cases = []


def add(name, gt, dt):
    stats, per = judge(gt, dt)
    cases.append({'name': name, 'gt': gt, 'dt': dt, 'stats': stats, 'per_class': per})


add('plain', *scene())
add('plain, more images', *scene(images=range(1, 31), cats=(1, 2, 3, 4, 5)))
add('ties of scores', *scene(images=range(1, 13), grid=4, hits=3))
add('one score for all', *scene(images=range(1, 9), grid=1, hits=3))
add('crowds', *scene(images=range(1, 13), crowd=.4, hits=3))
add('crowds and ties', *scene(images=range(1, 9), crowd=.3, hits=3, grid=3))
add('full digits', *(lambda s: s)(scene(images=range(1, 7))))
for c in (cases[-1],):
    for d in c['dt']:
        d['bbox'] = [float(np.float32(v * 1.0001)) for v in d['bbox']]
    c['stats'], c['per_class'] = judge(c['gt'], c['dt'])

# more than 100 detections of an image and class, with and without ties
gt, dt = scene(images=(7, 3), cats=(1, 2), per=12, hits=0, noise=0)
for g in gt['annotations']:
    for k in range(15):
        dt.append(detection(g['image_id'], g['category_id'], near(g['bbox'], .1 + .02 * k), round(float(r.random()), 2)))
for k in range(130):
    dt.append(detection(3, 1, box(), round(float(r.random()), 1)))
add('more than 100 detections', gt, dt)

# ground truth with id 0: pycocotools stores the id as the mark of a match
gt, dt = scene(images=range(1, 6), first=0, hits=3)
add('ground truth with id 0', gt, dt)
gt, dt = scene(images=range(1, 6), first=-4, hits=3, crowd=.3)
add('ids around 0, crowds', gt, dt)

# ids beyond 32 bits, categories not in order
big = [2**40 + 7, 2**33, 2**53 - 1, -5, 2**62 + 1]
gt, dt = scene(images=big, cats=(2**35, 90, 2**34 + 1), hits=3, first=2**53)
add('ids beyond 32 bits', gt, dt)
gt, dt = scene(cats=(9, 2, 5), images=(30, 4, 17, 2, 8))
add('nothing in order', gt, dt)

# images and classes without one side or both
gt, dt = scene(images=range(1, 11), cats=(1, 2, 3))
gt['annotations'] = [a for a in gt['annotations'] if a['image_id'] % 2 and a['category_id'] != 3]
dt = [d for d in dt if d['image_id'] % 3 and d['category_id'] != 2]
gt['categories'] += [category(4), category(5)]
dt += [detection(1, 5, box(), .5), detection(2, 77, box(), .9)]
gt['images'] += [image(99)]
gt['annotations'] += [annotation(900, 1, 66, box()), annotation(901, 555, 1, box())]
add('absent images, classes, sides', gt, dt)
add('no detections', gt, [])
add('no ground truth', {**gt, 'annotations': []}, dt)
add('only crowds', {**gt, 'annotations': [{**a, 'iscrowd': 1} for a in gt['annotations']]}, dt)
add('no categories', {**gt, 'categories': [], 'annotations': []}, dt)

# area limits are inside both ranges; the area field rules, not the box
gt, dt = {'images': [image(1), image(2)], 'categories': [category(1)], 'annotations': []}, []
for k, (side, area) in enumerate([(32, 1024), (32, 1024.0000001), (31, 1025), (96, 9216), (97, 9216), (96, 9216.5), (5, 0), (400, 1e10), (400, 1.1e10), (0.5, .25)]):
    b = [40. * k, 20., float(side), float(side)]
    gt['annotations'].append(annotation(k + 1, 1 + k % 2, 1, b, area=area))
    dt.append(detection(1 + k % 2, 1, b, .9 - .05 * k))
    dt.append(detection(1 + k % 2, 1, [b[0], b[1] + side / 4, b[2], b[3]], .88 - .05 * k))
    dt.append(detection(1 + k % 2, 1, [600., 400., 32., 32. + k * .01], .3))
    dt.append(detection(1 + k % 2, 1, [500., 300., 96., 96.], .2))
add('area limits', gt, dt)

# IoU exactly on thresholds; several matches for one; detection better at a later ground truth
gt, dt = {'images': [image(1), image(2)], 'categories': [category(1)], 'annotations': []}, []
for k, part in enumerate([.5, .55, .6, .65, .7, .75, .8, .85, .9, .95, 1.]):
    gt['annotations'].append(annotation(k + 1, 1, 1, [0., 50. * k, 200., 40.]))
    dt.append(detection(1, 1, [0., 50. * k, 200 * part, 40.], .5 + .01 * k))
    gt['annotations'].append(annotation(k + 100, 2, 1, [3. * k, 0., 100., 100.], crowd=int(k == 4), area=1e4 if k % 3 else 900))
    dt.append(detection(2, 1, [3. * k + 1, 0., 100., 100.], .5 if k % 2 else .6))
add('IoU on the thresholds', gt, dt)

# boxes of no or negative size, touching, far outside
gt, dt = scene(images=range(1, 5), cats=(1, 2))
gt['annotations'] += [annotation(500, 1, 1, [10., 10., 0., 20.]), annotation(501, 1, 1, [10., 10., 5., 0.]), annotation(502, 2, 1, [-50., -50., 60., 60.])]
dt += [detection(1, 1, [10., 10., 0., 20.], .7), detection(1, 1, [10., 10., -5., -20.], .95), detection(1, 1, [15., 10., 5., 5.], .6),
       detection(2, 1, [-50., -50., 60., 60.], .99), detection(2, 1, [1e6, 1e6, 10., 10.], .98), detection(2, 2, [0, 0, 10, 10], 1), detection(2, 2, [0, 0, 10, 10], 0),
       detection(3, 2, [0, 0, 1e5, 1e5], -1.5), detection(3, 2, [0, 0, 1e5, 100001], 1e-300)]
add('odd boxes and scores', gt, dt)

# two annotations with one id: the last stands for both
gt, dt = scene(images=range(1, 7), cats=(1, 2), hits=3, per=6)
a = gt['annotations']
for k in range(0, len(a) - 3, 4):
    a[k]['id'] = a[k + 2]['id']
a[1]['id'] = a[-1]['id'] = a[len(a) // 2]['id']
add('ids given twice', gt, dt)

# keys that the score does not look at
gt, dt = scene(images=range(1, 5))
for k, g in enumerate(gt['annotations']):
    g['ignore'] = k % 2
    g['segmentation'] = [[1, 2, 3.5, 4, 5, 6]]
for d in dt:
    d['segmentation'] = []
    d['id'] = 7
gt['info'] = {'year': 2026, 'deep': [[{'a': None, 'b': [True, False]}]]}
add('other keys', gt, dt)

json.dump(cases, sys.stdout, separators=(',', ':'))
print()
