#!/usr/bin/env bash
# Guess: Image.open(...).convert("RGB") of a grey PNG of 16 bits gives its picture in 8 bits, as of colours of 16 bits.
# Happens: Pillow 13.0.0 clips: every value over 255 of 65535 is white. A grey ramp comes out 99.6 % white; the same ramp
#   saved as colours of 16 bits keeps its high bytes. OpenCV 5.0.0 takes the high byte of both.
# Matters: thermal and X-ray sets are grey and 16 bits. A loader built on Pillow trains on white pictures and reports no
#   error.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6 pillow==13.0.0
said=$("$tmp/venv/bin/python" - <<'END'
import io
import cv2, numpy as np
from PIL import Image

ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
for name, picture in ("grey", ramp), ("colour", np.stack([ramp] * 3, -1)):
    data = cv2.imencode(".png", picture)[1]
    pillow = np.array(Image.open(io.BytesIO(data.tobytes())).convert("RGB"))
    opencv = cv2.imdecode(data, cv2.IMREAD_COLOR)
    print(f"{name}: white {(pillow == 255).mean():.1%} by Pillow, {(opencv == 255).mean():.1%} by OpenCV")
END
)
echo "pillow 13.0.0, opencv-python-headless 5.0.0.93; a ramp of all values of 16 bits as PNG"
echo "$said"
[ "$said" = "grey: white 99.6% by Pillow, 0.4% by OpenCV
colour: white 0.4% by Pillow, 0.4% by OpenCV" ]
