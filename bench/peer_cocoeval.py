"""peer_cocoeval.py DIR: pycocotools' whole job on DIR/gt.json and DIR/dt.json: load, evaluate, accumulate, summarise."""
import contextlib, io, json, resource, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    gt = COCO(sys.argv[1] + '/gt.json')
    e = COCOeval(gt, gt.loadRes(sys.argv[1] + '/dt.json'), 'bbox')
    e.evaluate()
    e.accumulate()
    e.summarize()
print(json.dumps({'peer': 'pycocotools', 'seconds': round(time.perf_counter() - start, 2),
                  'peak_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, 'stats': [float(v) for v in e.stats]}))
