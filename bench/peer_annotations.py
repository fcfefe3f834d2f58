"""peer_annotations.py FILE: pycocotools opens a list (json, then its indices); one line of JSON."""
import contextlib, io, json, resource, sys, time
from pycocotools.coco import COCO

start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO(sys.argv[1])
print(json.dumps({'peer': 'pycocotools', 'seconds': round(time.perf_counter() - start, 2), 'core_s': round(time.process_time(), 2),
                  'peak_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, 'images': len(coco.imgs), 'boxes': len(coco.anns)}))
