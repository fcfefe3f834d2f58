#!/usr/bin/env bash
# Guess: IMREAD_COLOR drops the alpha channel, so one picture saved as PNG and as TIFF decodes to the same colours.
# Happens: of a PNG alpha is dropped; of a TIFF it is multiplied in (libtiff's RGBA view does it for unassociated alpha).
#   Pillow 13.0.0 drops it of both.
# Matters: cut-outs and tiles of aerial data sets that went through both formats: the same object is darker or black in
#   one of them, and training and serving differ if one of them reads by Pillow.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6 pillow==13.0.0
said=$("$tmp/venv/bin/python" - <<'END'
import io
import cv2, numpy as np
from PIL import Image

picture = Image.new("RGBA", (8, 8), (200, 100, 50, 64))  # a quarter opaque
for kind, more in ("PNG", {}), ("TIFF", {"tiffinfo": {338: 2}}):
    b = io.BytesIO()
    picture.save(b, kind, **more)
    data = np.frombuffer(b.getvalue(), np.uint8)
    blue, green, red = cv2.imdecode(data, cv2.IMREAD_COLOR)[0, 0]
    by_pillow = Image.open(io.BytesIO(b.getvalue())).convert("RGB").getpixel((0, 0))
    print(kind, "OpenCV", (int(red), int(green), int(blue)), "Pillow", by_pillow)
END
)
echo "opencv-python-headless 5.0.0.93, pillow 13.0.0; a pixel of (200, 100, 50), alpha 64 of 255"
echo "$said"
[ "$said" = "PNG OpenCV (200, 100, 50) Pillow (200, 100, 50)
TIFF OpenCV (50, 25, 13) Pillow (200, 100, 50)" ]
