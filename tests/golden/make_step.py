"""Makes step/micro.json and step/micro.f64.json: the oracle's recorded case with 4 of the 16
samples of each tensor, without sums.

    python make_step.py golden/step/micro.json > step/micro.json     (and the same for .f64.json)
"""
import json
import sys


def reduce(x):
    if isinstance(x, dict) and "at" in x and "l2" in x:
        return dict(shape=x["shape"], l2=float(f"{x['l2']:.12g}"), at=x["at"][0::4])
    if isinstance(x, dict):
        return {k: reduce(v) for k, v in x.items()}
    return x


with open(sys.argv[1]) as f:
    json.dump(reduce(json.load(f)), sys.stdout, separators=(",", ":"))
print()
