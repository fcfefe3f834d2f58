#!/usr/bin/env bash
# Guess: whether cv2.imdecode turns a picture by its Exif orientation is settled by the flag (IMREAD_COLOR turns), so an
#   upgrade of OpenCV changes nothing in a data set.
# Happens: where XMP stands before Exif in a JPEG (both are APP1 segments), OpenCV 4.10.0 does not turn; OpenCV 5.0.0 does.
#   WebP with an EXIF chunk: 4.10.0 does not turn, 5.0.0 does.
# Matters: boxes count in turned pixels or in unturned ones. After the upgrade width and height of such pictures are
#   swapped and every box lies elsewhere, while files and code are the same.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
run() { # VERSION: the shapes of the three pictures
	"${PYTHON:-python3}" -m venv "$tmp/$1"
	"$tmp/$1/bin/pip" install -q --disable-pip-version-check "opencv-python-headless==$1" numpy==2.2.6 pillow==11.3.0
	"$tmp/$1/bin/python" - <<'END'
import io, struct
import cv2, numpy as np
from PIL import Image

wide = Image.fromarray(np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (32, 1, 3)))
exif = Image.Exif()
exif[0x0112] = 6  # turn by 90 degrees: 64 x 32 becomes 32 x 64
def save(kind):
    b = io.BytesIO()
    wide.save(b, kind, exif=exif)
    return b.getvalue()
jpeg = save("JPEG")
note = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
xmp_first = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note + jpeg[2:]
for data in jpeg, xmp_first, save("WEBP"):
    h, w, _ = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape
    print(f"{w}x{h}", end=" ")
END
}
old=$(run 4.10.0.84)
new=$(run 5.0.0.93)
echo "JPEG, JPEG with XMP before Exif, WebP; all 64x32 with orientation 6"
echo "opencv-python-headless 4.10.0.84: $old"
echo "opencv-python-headless 5.0.0.93:  $new"
[ "$old" = "32x64 64x32 64x32 " ] && [ "$new" = "32x64 32x64 32x64 " ]
