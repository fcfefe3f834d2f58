#!/usr/bin/env bash
# Guess: a network that OpenCV's dnn module has loaded is a function: the same input gives the same output, whatever was
#   computed before.
# Happens: in OpenCV 5.0.0 the ONNX operator NonZero, where it reads what an operator of changing size made (here
#   NonMaxSuppression), never finds more places than it had values to look at in the first input. Later inputs lose the
#   rest, and no error is raised. A network that is loaded anew finds all; so does ONNX Runtime 1.32.0 in one session. With an input
#   of fixed size NonZero is right, and NonMaxSuppression, TopK and Range follow the values by themselves.
# Matters: NonZero (what x[mask] and torch.nonzero become) behind NonMaxSuppression is how exported detectors keep what they
#   report. A test of one picture passes; a video that begins with a quiet frame loses objects from then on.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
said=$(cd "$tmp" && "$tmp/venv/bin/python" - <<'END'
import cv2, numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

points = 6
nodes = [helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "lowest"], ["stayed"]),
         helper.make_node("GatherND", ["scores", "stayed"], ["score"]),
         helper.make_node("Greater", ["score", "wanted"], ["above"]), helper.make_node("NonZero", ["above"], ["at"]),
         helper.make_node("Squeeze", ["at", "axis"], ["places"]), helper.make_node("Gather", ["score", "places"], ["kept"], axis=0)]
constants = {"most": numpy.array([points], "int64"), "overlap": numpy.array([0.5], "f"), "lowest": numpy.array([0.3], "f"),
             "wanted": numpy.array([0.65], "f"), "axis": numpy.array([0], "int64")}
graph = helper.make_graph(nodes, "keep", [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, points, 4]),
                                          helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, points])],
                          [helper.make_tensor_value_info("kept", TensorProto.FLOAT, ["K"])],
                          [numpy_helper.from_array(v, k) for k, v in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "keep.onnx")
boxes = numpy.array([[[20 * i, 0, 20 * i + 10, 10] for i in range(points)]], "f")  # none meets another

def forward(net, scores):
    net.setInput(boxes, "boxes")
    net.setInput(scores, "scores")
    return net.forward("kept").size

session, net = onnxruntime.InferenceSession("keep.onnx"), cv2.dnn.readNetFromONNX("keep.onnx")
for row in ([0.9, 0.1, 0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.7, 0.7, 0.7, 0.1]):
    scores = numpy.array(row, "f").reshape(1, 1, points)
    print(f"kept: ONNX Runtime {session.run(None, {'boxes': boxes, 'scores': scores})[0].size}, OpenCV {forward(net, scores)},",
          f"OpenCV loaded anew {forward(cv2.dnn.readNetFromONNX('keep.onnx'), scores)}")
END
)
echo "OpenCV 5.0.0, ONNX Runtime 1.32.0, onnx 1.23.2, opset 17; three inputs, one after the other"
echo "$said"
[ "$said" = "kept: ONNX Runtime 1, OpenCV 1, OpenCV loaded anew 1
kept: ONNX Runtime 2, OpenCV 1, OpenCV loaded anew 2
kept: ONNX Runtime 5, OpenCV 1, OpenCV loaded anew 5" ]
