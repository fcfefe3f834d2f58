#!/usr/bin/env bash
# The page that describes the protocol has the tables that the program has.
. "$(dirname "$0")/lib.sh"
"$fleetrun" --frames >"$work/tables"
check "both tables are printed" sh -c "[ \$(grep -c '^|---' '$work/tables') = 2 ]"
awk -v out="$work/table." '/^$/ { n++; next } { print >(out n+0) }' "$work/tables"
for n in 0 1; do
	# line by line, in order and without a gap
	check "docs/launch-protocol.md has table $n" awk 'FNR == NR { want[++n] = $0; next }
		$0 == want[at + 1] { if (++at == n) found = 1; next } { at = $0 == want[1] }
		END { exit !found }' "$work/table.$n" docs/launch-protocol.md
done
