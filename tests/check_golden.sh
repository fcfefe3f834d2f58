#!/usr/bin/env bash
# Everything the reference recorded, against flotilla on both devices: step cases, evaluations, its own trained
# model. `make check-golden` runs this; minutes. The table of figures goes to $BUILD/golden.txt.
#   GOLDEN="DIR ..."   more folders of step cases, made by the oracle's golden_step.py
set -u
build=${BUILD:-build}
oracle=../shared/oracle/golden
data=../shared/data/bccd
table=$build/golden.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$table"

cases() { # the small ones first
	for dir in "$oracle/step" ${GOLDEN:-}; do ls -Sr "$dir"/*.f64.json 2>/dev/null; done
}
judge() { # FILE...: prints the verdicts, keeps the figures
	[ $# -eq 0 ] && return
	"$build/programs/check_golden" --device cpu --device ref "$@" >"$work/out" 2>&1
	rc=$?
	grep -E '^(ok|not ok|skip|    )' "$work/out"
	[ $rc -le 1 ] || echo "not ok $*: check_golden ended with $rc"
	grep -E '%' "$work/out" >>"$table"
}
for file in $(cases); do judge "$file"; done
[ -n "$(cases)" ] || echo "skip step cases: no $oracle/step"
if [ -d "$oracle/eval" ] && [ -d "$data" ]; then
	for file in "$oracle"/eval/*.json; do judge "$file"; done
else
	echo "skip evaluations: no $oracle/eval or $data"
fi

# The reference's own 60-epoch model: its twelve numbers from its .pdparams.
trained=$oracle/trained/bccd_s_256_60e
if [ -f "$trained.pdparams" ] && [ -d "$data" ]; then
	"$build/bin/flotilla" eval -c configs/ppyoloe/bccd_s_256_60e.yml -o weights="$trained.pdparams" \
		EvalDataset.dataset_dir="$data" --json "$work/ours.json" >"$work/log" 2>&1 || tail -n 5 "$work/log"
	number() { # FILE KEY
		sed -n "s/.*\"$2\": \([-0-9.e+]*\).*/\1/p" "$1" | head -n 1
	}
	for key in ap ap50 ap75 ap_small ap_medium ap_large ar1 ar10 ar100 ar_small ar_medium ar_large; do
		if awk -v a="$(number "$work/ours.json" $key)" -v b="$(number "$trained.eval.json" $key)" \
			-v key=$key 'BEGIN { d = a - b; if (d < 0) d = -d
				printf "trained, %s: ours %s, the reference %s, limit 2e-4 (%.0f%%)\n", key, a, b, d / 2e-6
				exit !(a != "" && b != "" && d <= 2e-4) }' >>"$table"; then
			echo "ok trained model, $key"
		else
			echo "not ok trained model, $key"
			tail -n 1 "$table"
		fi
	done
else
	echo "skip trained model: no $trained.pdparams or $data"
fi
echo "figures: $table"
