#!/usr/bin/env bash
# Guess: a BMP of 32 bits with BI_BITFIELDS says by three masks which byte is red, and a reader obeys or refuses.
# Happens: OpenCV 5.0.0 obeys masks that lie within a header of 56 bytes and more, and passes over the same three masks behind
#   a header of 40 bytes: red and blue change places without a word. Pillow 13.0.0 refuses the second file.
# Matters: the short header is the natural one for a program that has RGBA in memory and writes it as it is. A data set with
#   red for blue still trains, so nothing points to the file format.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6 pillow==13.0.0
said=$("$tmp/venv/bin/python" - <<'END'
import io, struct
import cv2, numpy as np
from PIL import Image

pixels = bytes([200, 100, 50, 255]) * 16  # red first, as the masks say
masks = struct.pack("<III", 0x000000FF, 0x0000FF00, 0x00FF0000)
def bmp(header):
    info = struct.pack("<IiiHHIIiiII", header, 4, 4, 1, 32, 3, len(pixels), 2835, 2835, 0, 0) + masks
    info += struct.pack("<I", 0xFF000000) if header == 56 else b""
    at = 14 + len(info)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + info + pixels
for header in 56, 40:
    data = bmp(header)
    blue, green, red = (int(v) for v in cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[0, 0])
    try:
        pillow = Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0))
    except OSError as e:
        pillow = str(e)
    print(header, "OpenCV", (red, green, blue), "Pillow", pillow)
END
)
echo "opencv-python-headless 5.0.0.93, pillow 13.0.0; bytes of the header, a pixel of (200, 100, 50)"
echo "$said"
[ "$said" = "56 OpenCV (200, 100, 50) Pillow (200, 100, 50)
40 OpenCV (50, 100, 200) Pillow Unsupported BMP bitfields layout" ]
