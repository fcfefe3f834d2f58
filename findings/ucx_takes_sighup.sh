#!/usr/bin/env bash
# Guess: loading a communication library changes nothing about signals before it is asked to communicate.
# Happens: libucs of UCX 1.22.0 (wheel libucx-cu12) puts a handler on SIGHUP as it is loaded, without a call into it, and
#   does so where nohup had SIGHUP ignored. It is the signal that its debugging waits for, by default and in release builds.
# Matters: Open MPI and several Python stacks load UCX where it is installed. `nohup train &` then no longer means what it
#   says, and a program that asks in its main() what was ignored at its start is told a lie. UCX_HANDLE_ERRORS does not settle
#   it; UCX_DEBUG_SIGNO names another signal.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check --no-deps libucx-cu12==1.22.0
cat >"$tmp/look.py" <<'END'
import ctypes, glob, sys

def told(signal):
    sets = dict(line.split(":\t") for line in open("/proc/self/status") if line.startswith(("SigIgn", "SigCgt")))
    bit = 1 << signal - 1
    return "ignored" if int(sets["SigIgn"], 16) & bit else "caught" if int(sets["SigCgt"], 16) & bit else "default"
before = told(1)
ctypes.CDLL(glob.glob(sys.prefix + "/lib/python*/site-packages/libucx/lib/libucs.so.0")[0])
print("SIGHUP", before, "->", told(1), "; SIGUSR1", told(10))
END
look() { # in a shell that ignores SIGHUP, as nohup does
	(
		trap '' HUP
		env -u UCX_HANDLE_ERRORS -u UCX_DEBUG_SIGNO "$@" "$tmp/venv/bin/python" "$tmp/look.py"
	)
}
said=$(look && look UCX_HANDLE_ERRORS=none && look UCX_DEBUG_SIGNO=SIGUSR1)
echo "libucx-cu12 1.22.0, SIGHUP ignored at the start; plain, UCX_HANDLE_ERRORS=none, UCX_DEBUG_SIGNO=SIGUSR1"
echo "$said"
[ "$said" = "SIGHUP ignored -> caught ; SIGUSR1 default
SIGHUP ignored -> caught ; SIGUSR1 default
SIGHUP ignored -> ignored ; SIGUSR1 caught" ]
