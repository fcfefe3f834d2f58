#!/usr/bin/env bash
# Guess: IMREAD_COLOR reduces 16 bits a sample to 8 in one way, whatever file they came from.
# Happens: of a PNG, and of a grey TIFF, the high byte is taken; of a TIFF of colours the value is rounded,
#   (v + 128) / 257. A quarter of all values differ by one.
# Matters: whoever converts 16-bit TIFF to PNG "without loss" changes a quarter of the numbers that a detector sees; digests of
#   decoded pictures and bit-exact comparisons of two pipelines fail for no fault of theirs.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
said=$("$tmp/venv/bin/python" - <<'END'
import cv2, numpy as np

v = np.arange(65536, dtype=np.uint16).reshape(256, 256)
rules = {"high byte": v >> 8, "rounded": (v.astype(np.uint32) + 128) // 257}
for name, picture in ("grey", v), ("colour", np.stack([v] * 3, -1)):
    for kind in ".png", ".tiff":
        data = cv2.imencode(kind, picture)[1]
        seen = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., 0]
        rule = [r for r in rules if (seen == rules[r]).all()]
        print(name, kind, *rule)
print("differ:", round(float((rules["high byte"] != rules["rounded"]).mean()), 2))
END
)
echo "opencv-python-headless 5.0.0.93, every value of 16 bits"
echo "$said"
[ "$said" = "grey .png high byte
grey .tiff high byte
colour .png high byte
colour .tiff rounded
differ: 0.25" ]
