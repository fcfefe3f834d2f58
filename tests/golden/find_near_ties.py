"""The smallest margins of SPP's max pools at a step of a case, in float64: how near the two largest values of a
window are, in units of the map's root mean square. What is under 1e-4 and decides otherwise in float32 is kept in
near_ties.json.

    PPDET=<checkout> python find_near_ties.py ORACLE CASES.json CASE STEP
"""
import json
import sys

oracle, cases, name, step = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
sys.path.insert(0, oracle)
import model  # first: sets the import path
import formula
import golden_step
import numpy as np
from ppdet.core.workspace import create

with open(cases) as f:
    case = json.load(f)[name]
golden_step.use_float64()
cfg = model.config(case["size"], case.get("plus", False), case["num_classes"], case.get("depth"), case.get("width"),
                   PPYOLOEHead=dict(static_assigner_epoch=case["static_assigner_epoch"]),
                   LearningRate=dict(base_lr=case["base_lr"]))
net = model.build(cfg, case["seed"])
net.to(dtype="float64")
model.load(net, formula.state(case["seed"], model.shapes(net)))
lr = create("LearningRate")(case["steps_per_epoch"])
optimizer = create("OptimizerBuilder")(lr, net)
probe, seen = golden_step.Probe.of(net), {}
net.neck.fpn_stages[0][0].convs.spp.register_forward_pre_hook(lambda layer, x: seen.update(x=x[0].numpy().copy()))
for t in range(step + 1):
    golden_step.one_step(net, probe, golden_step.batch(case, t), t // case["steps_per_epoch"], "float64")
    optimizer.step()
    lr.step()
    optimizer.clear_grad()
x = seen["x"]
rms = np.sqrt((x * x).mean())
for k in (5, 9, 13):
    r = k // 2
    padded = np.pad(x, ((0, 0), (0, 0), (r, r), (r, r)), constant_values=-np.inf)
    top = np.sort(np.lib.stride_tricks.sliding_window_view(padded, (k, k), (2, 3)).reshape(x.shape + (-1,)), -1)[..., -2:]
    margin = (top[..., 1] - top[..., 0]) / rms
    for image, channel in sorted(set(map(tuple, np.argwhere(margin < 1e-4)[:, :2].tolist()))):
        at = margin[image, channel].argmin()
        print(f"pool of {k}, image {image}, channel {channel}: margin {margin[image, channel].min():.3g}, "
              f"values {top[image, channel].reshape(-1, 2)[at]}, {(margin[image, channel] < 1e-4).sum()} windows")
