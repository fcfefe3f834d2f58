#!/usr/bin/env bash
# Pictures that an export or cp writes again while a training reads them (python/cpython issue 84897, fish-shell pull
# request 5097): one that is short at the moment is reported and replaced; the training goes on. A mapped file that is
# cut short would end the process by SIGBUS.
set -u
. "$(dirname "$0")/lib.sh"

case_job
cd "$work/job" || exit 1
cp -r images originals
(
	end=$((SECONDS + 8))
	while [ "$SECONDS" -lt "$end" ]; do
		for f in originals/*; do cat "$f" >"images/${f##*/}"; done
	done
) &
writer=$!
timeout 6 "$flotilla" train -c recipe.yml >"$work/train.txt" 2>&1
status=$?
kill "$writer" 2>/dev/null
wait "$writer" 2>/dev/null
# timeout's TERM is a stop by the user: 124 from timeout, whatever the training said
check "the training went on until it was stopped" test "$status" -eq 124
check "it trained" grep -q 'Epoch: \[' "$work/train.txt"

# The other files of a job: cut to nothing and written again under whoever reads them.
(
	end=$((SECONDS + 8))
	while [ "$SECONDS" -lt "$end" ]; do
		: >again.json
		cat train.json >again.json
	done
) &
writer=$!
worst=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	timeout 20 "$flotilla" data check again.json images >/dev/null 2>&1
	status=$?
	[ "$status" -le 3 ] || worst=$status
done
kill "$writer" 2>/dev/null
wait "$writer" 2>/dev/null
check "annotations written again end with an answer" test "$worst" -eq 0
