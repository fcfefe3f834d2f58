#!/usr/bin/env bash
# Guess: a model whose input and output are int64 (or double), and whose compiled outputs say int64 (or double) too, computes
#   in 64 bits; numbers that fit come through an addition right.
# Happens: OpenVINO 2026.4.1 computes them in 32 bits on the CPU and gives the result back under the wide type: 2147483648 + 1
#   is -2147483647, 2**40 + 1 is 1, and 16777216.0 + 1.0 is 16777216.0, also with execution mode ACCURACY.
#   ONNX Runtime 1.32.0 adds the same file right. Nothing is said at compilation.
# Matters: exporters put keys into graphs as int64 or double because ONNX asks for these types: ids of pictures or tracks that
#   travel beside boxes, place = image * points + point for a sort or a gather over a large batch. Small tests pass.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
said=$(cd "$tmp" && "$tmp/venv/bin/python" - <<'END'
import numpy, onnx, onnxruntime, openvino
from onnx import TensorProto, helper

for kind, name, values in ((TensorProto.INT64, "int64", [2**31, 2**40, 5]), (TensorProto.DOUBLE, "float64", [16777216.0, 1e8, 0.5])):
    info = [helper.make_tensor_value_info(n, kind, [3]) for n in ("a", "b", "sum")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "add", info[:2], info[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, name + ".onnx")
    fed = {"a": numpy.array(values, name), "b": numpy.ones(3, name)}
    right = onnxruntime.InferenceSession(name + ".onnx").run(None, fed)[0]
    compiled = openvino.Core().compile_model(name + ".onnx", "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"})
    got = compiled(fed)[0]
    print(f"{name}: ONNX Runtime {right.tolist()}, OpenVINO {got.tolist()} as {got.dtype}")
END
)
echo "OpenVINO 2026.4.1, ONNX Runtime 1.32.0, onnx 1.23.2, opset 17; a + 1"
echo "$said"
[ "$said" = "int64: ONNX Runtime [2147483649, 1099511627777, 6], OpenVINO [-2147483647, 1, 6] as int64
float64: ONNX Runtime [16777217.0, 100000001.0, 1.5], OpenVINO [16777216.0, 100000000.0, 1.5] as float64" ]
