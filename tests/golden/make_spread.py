"""How far apart float32 programs may end: the reference's own walk from starting weights that are moved
by up to half a unit of their last place, which is what another order of additions does. Prints, for each case,
the largest distance of RUNS such runs from the recorded float64 values, by figure of check_golden.

    PPDET=<checkout> python make_spread.py ORACLE RUNS CASES.json STEP_FOLDER CASE... > spread.json

ORACLE is the oracle's folder, STEP_FOLDER where CASE.f64.json lies. Made once; spread.json (with the evaluations, see docs/parity.md) keeps the result.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

oracle, runs, cases, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

PERTURBED = """
import sys
sys.path.insert(0, {oracle!r})
import numpy as np, formula, golden_step
plain = formula.state
def state(seed, shapes):
    r = np.random.default_rng({run})
    return {{k: v if k.endswith(("._mean", "._variance", "proj_conv.weight")) else
            (v * (1 + r.uniform(-1, 1, v.shape) * 2.0 ** -24)).astype(np.float32)
            for k, v in plain(seed, shapes).items()}}
formula.state = state
golden_step.main()
"""


def l2_and_samples(a, b):
    n = max(1, int(np.prod(a["shape"])))
    rms = a["l2"] / n ** 0.5 if a["l2"] > 0 else 1
    return (abs(a["l2"] - b["l2"]) / (a["l2"] or 1),
            max([abs(x - y) / rms for x, y in zip(a["at"], b["at"])], default=0))


def losses(a, b):
    return max(abs(a[k] - b[k]) / max(abs(a[k]), 1e-6)
               for k in ("loss", "loss_cls", "loss_iou", "loss_dfl", "loss_l1"))


def figures(a, b):
    out = {}
    groups = [("activations", a["activations"], b["activations"]), ("bn", a["bn_after_forward"], b["bn_after_forward"])]
    for p in ("atss", "tal"):
        out[f"{p}.loss, values"] = losses(a[p]["loss"], b[p]["loss"])
        groups += [(f"{p}.{g}", a[p][g], b[p][g]) for g in ("activation_grads", "grads")]
    ta, tb = a["trajectory"], b["trajectory"]
    out["trajectory.steps, values"] = max(losses(x, y) for x, y in zip(ta["steps"], tb["steps"]))
    groups += [(f"trajectory.{g}", ta[g], tb[g]) for g in ("weights", "velocity", "ema")]
    for name, x, y in groups:
        d = [l2_and_samples(x[k], y[k]) for k in x]
        out[name + ", l2"], out[name + ", samples"] = (max(v) for v in zip(*d))
    return out


result = {}
for case in sys.argv[5:]:
    with open(os.path.join(folder, case + ".f64.json")) as f:
        truth = json.load(f)
    rows = []
    for run in range(runs):
        with tempfile.TemporaryDirectory() as tmp:
            out = os.path.join(tmp, "o.json")
            subprocess.run([sys.executable, "-c", PERTURBED.format(oracle=oracle, run=run), out, "--case", case,
                            "--cases", cases], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(out) as f:
                rows.append(figures(truth, json.load(f)))
        print(case, run, rows[-1]["trajectory.steps, values"], file=sys.stderr, flush=True)
    result[case] = {k: float(f"{max(r[k] for r in rows):.3g}") for k in rows[0]}
json.dump(result, sys.stdout, indent=1)
print()
