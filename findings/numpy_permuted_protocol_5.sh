#!/usr/bin/env bash
# Guess: numpy 2.4 and numpy 2.2 read each other's pickles: the module names changed between 1 and 2, not within 2.
# Happens: with protocol 5 (the default from Python 3.14 on) numpy 2.4.6 writes an array whose axes are permuted with a fifth
#   argument, the order of the axes. numpy 2.2.6 ends with a TypeError. Arrays in rows or columns, and every array with
#   protocol 4, are read.
# Matters: converters of weights transpose: a convolution from a channels-last framework is such an array. A file then loads
#   where it was made and fails on the training machine, for one tensor out of hundreds.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for version in 2.2.6 2.4.6; do
	"${PYTHON:-python3}" -m venv "$tmp/$version"
	"$tmp/$version/bin/pip" install -q --disable-pip-version-check "numpy==$version"
done
cd "$tmp"
"$tmp/2.4.6/bin/python" - <<'END'
import pickle, numpy as np

kernel = np.zeros((3, 3, 8, 16), np.float32)  # height, width, in, out
arrays = {"rows": kernel, "columns": kernel.T, "permuted": kernel.transpose(3, 2, 0, 1)}
for name, a in arrays.items():
    for protocol in 4, 5:
        with open(f"{name}.{protocol}", "wb") as f:
            pickle.dump(a, f, protocol=protocol)
END
said=$("$tmp/2.2.6/bin/python" - <<'END'
import pickle

for protocol in 4, 5:
    for name in "rows", "columns", "permuted":
        try:
            with open(f"{name}.{protocol}", "rb") as f:
                print(protocol, name, pickle.load(f).shape)
        except TypeError as e:
            print(protocol, name, "TypeError:", e)
END
)
echo "written by numpy 2.4.6, read by numpy 2.2.6: protocol, array, what came of it"
echo "$said"
[ "$said" = "4 rows (3, 3, 8, 16)
4 columns (16, 8, 3, 3)
4 permuted (16, 8, 3, 3)
5 rows (3, 3, 8, 16)
5 columns (16, 8, 3, 3)
5 permuted TypeError: _frombuffer() takes 4 positional arguments but 5 were given" ]
