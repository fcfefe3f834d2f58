#!/usr/bin/env bash
# A slice of tests/failing/run: calls of short jobs fail, chosen by a fixed seed. The whole: docs/reliability.md.
. "$(dirname "$0")/lib.sh"
slice() { # JOB MORE...
	check "$1: calls that fail end it in words, or it goes on" tests/failing/run --seed 17 --jobs "$@"
}
slice ckpt --most 2
slice convert --most 3
slice infer --calls 'open read thread' --most 3
slice train --calls 'malloc fsync thread' --most 2
slice fleetrun --calls socket --most 3
