#!/usr/bin/env bash
# The inputs of tests/fuzz/corpus, every one that fuzzing found a fault with among them, through each target once. Under
# the address and undefined sanitizers (scripts/test runs it so too) any of the mended faults would show again.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
for target in tests/fuzz/*.c tests/fuzz/launch/*.c; do
	name=${target#tests/fuzz/}
	name=${name%.c}
	check "inputs of $name" timeout 120 "$build/fuzz/$name" "tests/fuzz/corpus/$name"
done
