# Sourced by the tests of real reports and of files that other tools write: one file for each kind of report, named
# after it, opening with the report's source. A test makes its input small in $work and says what is right.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
case_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A job of seconds in $work/job: recipe.yml, images/, train.json and val.json (8 pictures of six shapes, 96 x 96).
case_job() {
	local made=$work/made
	"$flotilla" data synth "$made" --images 8 --val 4 --width 96 --height 96 >"$work/synth.log" 2>&1 || return 1
	mkdir -p "$work/job"
	cp -r "$made/images/train" "$work/job/images"
	cp "$made/annotations/train.json" "$work/job/train.json"
	cp "$made/annotations/train.json" "$work/job/val.json"
	cp "$case_root/recipe.yml" "$work/job/recipe.yml"
}

# Ground truth $work/gt.json and detections $work/dt.json of five pictures and three classes; pycocotools 2.0.11 gives
# AP 0.550990. A case changes them with sed.
case_scores() {
	cat >"$work/gt.json" <<-'END'
	{"images": [{"id": 1, "file_name": "shelf.jpg", "width": 160, "height": 120},
	{"id": 2, "file_name": "000123.jpg", "width": 160, "height": 120},
	{"id": 3, "file_name": "day 2/img.jpg", "width": 160, "height": 120},
	{"id": 4, "file_name": "42.jpg", "width": 160, "height": 120},
	{"id": 5, "file_name": "cam.7.jpg", "width": 160, "height": 120}],
	"categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "fork"}, {"id": 3, "name": "plate"}],
	"annotations": [
	{"id": 1, "image_id": 1, "category_id": 1, "bbox": [40, 32, 31, 16], "area": 496, "iscrowd": 0},
	{"id": 2, "image_id": 1, "category_id": 3, "bbox": [6, 14, 26, 32], "area": 832, "iscrowd": 0},
	{"id": 3, "image_id": 2, "category_id": 2, "bbox": [109, 9, 32, 31], "area": 992, "iscrowd": 0},
	{"id": 4, "image_id": 2, "category_id": 1, "bbox": [12, 43, 20, 21], "area": 420, "iscrowd": 0},
	{"id": 5, "image_id": 3, "category_id": 3, "bbox": [60, 20, 40, 44], "area": 1760, "iscrowd": 0},
	{"id": 6, "image_id": 4, "category_id": 2, "bbox": [20, 70, 33, 30], "area": 990, "iscrowd": 0},
	{"id": 7, "image_id": 4, "category_id": 1, "bbox": [100, 60, 24, 40], "area": 960, "iscrowd": 0},
	{"id": 8, "image_id": 5, "category_id": 3, "bbox": [15, 15, 50, 36], "area": 1800, "iscrowd": 0}]}
	END
	cat >"$work/dt.json" <<-'END'
	[{"image_id": 1, "category_id": 1, "bbox": [41, 33, 31, 16], "score": 0.91},
	{"image_id": 1, "category_id": 3, "bbox": [6, 15, 27, 30], "score": 0.88},
	{"image_id": 2, "category_id": 2, "bbox": [108, 9, 32.5, 30], "score": 0.83},
	{"image_id": 2, "category_id": 1, "bbox": [14, 47, 20, 21], "score": 0.42},
	{"image_id": 2, "category_id": 3, "bbox": [70, 70, 20, 20], "score": 0.95},
	{"image_id": 3, "category_id": 3, "bbox": [61.5, 21, 40, 42], "score": 0.77},
	{"image_id": 4, "category_id": 2, "bbox": [27, 76, 33, 30], "score": 0.64},
	{"image_id": 4, "category_id": 1, "bbox": [100, 61, 24.25, 40], "score": 0.58},
	{"image_id": 5, "category_id": 3, "bbox": [15, 16, 49, 36], "score": 0.55}]
	END
}
# A score of the two files must be this (six digits) and, where a TEXT is given, standard error must hold it.
scores() { # NAME AP [TEXT]
	local got
	"$flotilla" eval --gt "$work/gt.json" --dt "$work/dt.json" --json "$work/score.json" >"$work/out" 2>"$work/err"
	echo "exit $?" >>"$work/err"
	got=$(sed -n 's/^ *"ap": \([-0-9.e]*\),*$/\1/p' "$work/score.json" 2>/dev/null)
	rm -f "$work/score.json"
	echo "AP ${got:-none}, wanted $2${3:+ and: $3}" >>"$work/err"
	if [ -n "$got" ] && awk -v a="$got" -v b="$2" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }' &&
		{ [ -z "${3:-}" ] || grep -qF -- "$3" "$work/err"; }; then
		ok "$1"
	else
		not_ok "$1" "$work/err"
	fi
}

# One of the small files of tests/golden/pictures.tsv.
picture() { # NAME TO
	local at size
	read -r at size < <(awk -v n="$1" '$1 == n { print $2, $3 }' "$case_root/../golden/pictures.tsv")
	[ -n "${size:-}" ] && tail -c +$((at + 1)) "$case_root/../golden/pictures.bin" | head -c "$size" >"$2"
}
# Bytes, as printf writes them, over those of a file.
patch_at() { # FILE OFFSET BYTES
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
