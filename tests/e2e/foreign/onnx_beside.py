"""onnx_beside.py MODEL NMS_MODEL PICTURES DETECTIONS.json: runs an exported model in each reader of ONNX that is installed, on the same
pictures as 'flotilla infer', prepared by the model's own metadata, and compares with the detections that infer wrote. Prints ok, not ok
and skip lines. Wants numpy and OpenCV; onnx, onnxruntime and openvino are used where they are."""
import json, os, sys
import cv2
import numpy as np

model, nms_model, folder, detections = sys.argv[1:5]
TOLERANCE = 1e-4  # of a score, and of the input's side for a corner


def line(good, name, why=''):
    print(('ok ' if good else 'not ok ') + name + ('' if good else '\n    ' + why))


def prepare(path, meta):
    size = json.loads(meta['size'])
    picture = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    factors = np.array([size[1] / picture.shape[1], size[0] / picture.shape[0]], np.float32)
    picture = cv2.resize(picture, None, fx=float(factors[0]), fy=float(factors[1]), interpolation=json.loads(meta['interpolation']))
    x = picture.astype(np.float32)
    x = x / 255 if meta['scale'] == '1/255' else x
    x = (x - np.array(json.loads(meta['mean']), np.float32)) / np.array(json.loads(meta['std']), np.float32)
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None]), np.tile(factors, 2)


def runtime(path):
    import onnxruntime
    s = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    return lambda x: s.run(None, {'images': x})


def vino(path):
    import openvino
    compiled = openvino.Core().compile_model(path, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    return lambda x: [compiled({'images': x})[i] for i in range(len(compiled.outputs))]


def dnn(path):
    net = cv2.dnn.readNetFromONNX(path)

    def run(x):
        net.setInput(x, 'images')
        return list(net.forward(['boxes', 'scores']))
    return run


def metadata(path):
    try:
        import onnx
        loaded = onnx.load(path)
        onnx.checker.check_model(loaded, full_check=True)
        return {p.key: p.value for p in loaded.metadata_props}
    except ImportError:
        import onnxruntime
        return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider']).get_modelmeta().custom_metadata_map


def compare_raw(boxes, scores, factors, wanted, side):
    """Every detection of infer is one of the raw boxes of its picture, with its score: how far off at most."""
    return max(float(np.maximum(np.abs(scores[c] - score), np.abs(boxes - box * factors).max(1) / side).min())
               for c, score, box in wanted)


def compare_rows(rows, name, inputs, wanted):
    """The rows of one picture against infer's; a row of nearly the lowest score may be on one side alone."""
    x, factors = inputs[name]
    side, lowest = max(x.shape[2:]), min(s for _, s, _ in wanted[name])
    if np.any(np.diff(rows[:, 2]) > 0):
        return 'rows do not come by falling score'
    if abs(len(rows) - len(wanted[name])) > sum(1 for r in rows if r[2] < lowest + TOLERANCE):
        return f'{len(rows)} detections in {name}, infer has {len(wanted[name])}'
    for c, score, box in wanted[name]:
        mine = rows[rows[:, 1] == c]
        off = np.maximum(np.abs(mine[:, 2] - score), np.abs(mine[:, 3:] - box * factors).max(1) / side) if len(mine) else np.ones(1)
        if off.min() > TOLERANCE and score > lowest + TOLERANCE:
            return f'{name}: no detection like class {c}, score {score}, {box}: {off.min():.2e} off'
    return ''


def main():
    meta = metadata(model)
    names = sorted(os.listdir(folder))[:4]
    ids = json.loads(meta['class_ids'])
    wanted = {n: [] for n in names}
    for d in json.load(open(detections)):
        if d['file_name'] in wanted:
            x, y, w, h = d['bbox']
            wanted[d['file_name']].append((ids.index(d['category_id']), d['score'], np.array([x, y, x + w, y + h])))
    inputs = {n: prepare(os.path.join(folder, n), meta) for n in names}
    line(all(wanted.values()), 'infer detects something on each picture', str({n: len(w) for n, w in wanted.items()}))
    version = cv2.__version__
    for reader, module, make in (('ONNX Runtime', 'onnxruntime', runtime), ('OpenVINO', 'openvino', vino), (f'OpenCV {version}', 'cv2', dnn)):
        try:
            __import__(module)
        except ImportError:
            print(f'skip {reader}: {module} is not installed')
            continue
        run = make(model)
        raw = [run(inputs[n][0]) for n in names]
        batch = run(np.concatenate([inputs[n][0] for n in names]))
        for what, all_boxes, all_scores in (('boxes and scores of infer', [r[0][0] for r in raw], [r[1][0] for r in raw]),
                                            (f'and in a batch of {len(names)}', *batch)):
            off = max(compare_raw(b, s, inputs[n][1], wanted[n], max(inputs[n][0].shape[2:]))
                      for n, b, s in zip(names, all_boxes, all_scores))
            line(off <= TOLERANCE, f'{reader}: {what}, {off:.1e} off at most', f'{off}')
        if reader.startswith('OpenCV'):
            print(f'skip {reader} with suppression: 4 has none, and 5 keeps the number of rows of the first picture (docs/export.md)')
            continue
        run = make(nms_model)
        for n in names:
            rows = run(inputs[n][0])[0].reshape(-1, 7)
            why = compare_rows(rows, n, inputs, wanted)
            line(why == '' and np.all(rows[:, 0] == 0), f'{reader}: detections of infer in {n}', why)
        rows = run(np.concatenate([inputs[n][0] for n in names]))[0].reshape(-1, 7)
        why = [compare_rows(rows[rows[:, 0] == i], n, inputs, wanted) for i, n in enumerate(names)]
        line(not any(why) and np.all(np.diff(rows[:, 0]) >= 0), f'{reader}: a batch of {len(names)} has the same', str(why))


main()
