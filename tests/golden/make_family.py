"""Records steps of PP-YOLOE with other keys than the published s, m, l and x have: a row of
family_cases.json is a row of the oracle's cases.json, and `keys` are overrides as `-o` takes them.

    PPDET=<checkout> <venv>/bin/python make_family.py ORACLE OUT --case NAME [--dtype float64]

ORACLE is the folder of golden_step.py, which does the work; here it is only told to hook as many
levels as the head has. make_step.py makes what step/ keeps of the result.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "family_cases.json")
sys.path.insert(0, sys.argv.pop(1))

import golden_step
import model
import yaml
from ppdet.core.workspace import merge_config


def nested(path, text):
    value = yaml.safe_load(text)
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def main():
    with open(CASES) as f:
        keys = json.load(f)[sys.argv[sys.argv.index("--case") + 1]]["keys"]
    config, probe = model.config, golden_step.Probe.__init__

    def with_keys(*args, **more):
        cfg = config(*args, **more)
        for path, text in keys.items():
            merge_config(nested(path, text))
        return cfg

    def with_levels(self, net):
        probe(self, net)
        head = net.yolo_head
        for i in range(3, len(head.pred_cls)):
            head.pred_cls[i].register_forward_post_hook(self.keep(f"head.cls_logit.{i}"))
            head.pred_reg[i].register_forward_post_hook(self.keep(f"head.reg_logit.{i}"))

    model.config = with_keys
    golden_step.Probe.__init__ = with_levels
    sys.argv += ["--cases", CASES]
    golden_step.main()


if __name__ == "__main__":
    main()
