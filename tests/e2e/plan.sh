#!/usr/bin/env bash
# flotilla plan: what a training would take. The tutorial's speed-ups, neighbours and ranges, what it says of memory and
# accuracy, and recipes, lists and lines that are broken: a sentence and an exit code each.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1 XDG_CACHE_HOME="$work/cache"
coco=configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml
plan() { # NAME ARGS...: its table in $work/NAME
	local name=$1
	shift
	"$flotilla" plan "$@" >"$work/$name" 2>"$work/$name.err"
}
column() { awk -v n="$2" '$1 == "asked" { print $n; exit }' "$work/$1"; } # NAME NUMBER
near() { awk -v a="$1" -v b="$2" -v most="$3" 'BEGIN { d = a / b - 1; if (d < 0) d = -d; print a, b, d; exit !(a > 0 && d <= most) }'; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { print a, b; exit !(a < b) }'; }

# PaddleDetection's tutorial: one machine of eight V100 against several, and by how much they were quicker.
speed_up() { # MODEL RECIPE MACHINES FASTER
	check "$1 on one machine" plan one -c "$2" --cards 8 --gpu v100 --batch 8
	check "$1 on $3" plan several -c "$2" --cards 8 --gpu v100 --batch 8 --hosts "$3" --link 25Gb
	check "$1 is $4 times as fast, within a tenth" near \
		"$(awk -v a="$(column one 8)" -v b="$(column several 8)" 'BEGIN { print a / b }')" "$4" 0.1
}
o365() { echo "configs/ppyoloe/objects365/ppyoloe_plus_crn_$1_60e_objects365.yml"; }
speed_up "COCO, s" "$coco" 4 3.0
speed_up "Objects365, s" "$(o365 s)" 3 1.85
speed_up "Objects365, m" "$(o365 m)" 4 3.0
speed_up "Objects365, l" "$(o365 l)" 3 2.25
speed_up "Objects365, x" "$(o365 x)" 4 3.4
check "COCO on 4 machines takes the tutorial's 13 hours" plan four -c "$coco" --cards 8 --gpu v100 --batch 8 --hosts 4 --link 25Gb --price 10
check "to a tenth" near "$(column four 8)" 13 0.1
check "and costs hours by machines by price" near "$(column four 11)" "$(awk -v h="$(column four 8)" 'BEGIN { print h * 40 }')" 0.01
check "with a warning of what it learns" grep -q '^warning: 4 times the images a step at the same rate' "$work/four"
check "none where the rate follows" plan linear -c "$coco" --cards 8 --gpu v100 --hosts 4 --link 25Gb -o LearningRate.batch_rule=linear
check "and is told" bash -c 'grep -q "batch_rule linear: 0.04" "$1" && ! grep -q warning "$1"' - "$work/linear"
for row in "fewer machines" "more machines" "fewer cards" "more cards" "smaller batch" "larger batch"; do
	check "a neighbour has $row" grep -q "^$row " "$work/four"
done
check "a slower link" plan slow -c "$coco" --cards 8 --gpu v100 --batch 8 --hosts 4 --link 1Gb
check "takes longer" less "$(column four 8)" "$(column slow 8)"
check "and is the limit" bash -c 'awk "\$1 == \"asked\"" "$1" | grep -q "gradients on the link"' - "$work/slow"

check "12 to 1250 machines" plan range -c "$(o365 s)" --cards 8 --gpu h200 --hosts 12..1250 --link 100Gb
check "have the ends" bash -c 'awk "/^asked +12 / || \$1 == 1250" "$1" | wc -l | grep -qx 2' - "$work/range"
check "the last of 10000 cards" bash -c 'awk "\$1 == 1250 { exit !(\$4 == 80000) }" "$1"' - "$work/range"

tiny_data 40
small="-c configs/demo/ppyoloe_demo.yml -o width_mult=0.125 TrainDataset.dataset_dir=$work/data EvalDataset.dataset_dir=$work/data"
check "a data set that is here is counted" plan here $small --json "$work/here.json"
check "which it says" grep -Eq '[34][0-9] pictures \(counted here\)' "$work/here"
check "as JSON too" grep -q '"step_s": 0\.' "$work/here.json"
check "batch_size auto is what fits" plan auto $small TrainReader.batch_size=auto --gpu v100 --images 2000000000
check "in 32 GB" bash -c 'awk "\$1 == \"asked\" { sub(/!/, \"\", \$9); exit !(\$9 > 20 && \$9 < 29.9) }" "$1"' - "$work/auto"

# Broken: each ends with a sentence and a status.
broken() { # NAME STATUS TEXT RECIPE-TEXT [MORE...]
	local name=$1 status=$2 text=$3 recipe=$4
	shift 4
	printf '%b' "$recipe" >"$work/broken.yml"
	says "$name" "$status" "$text" "$flotilla" plan -c "$work/broken.yml" --images 1000 "$@"
}
base="_BASE_: [$PWD/configs/demo/ppyoloe_demo.yml]\n"
says "no recipe" 2 "no recipe given" "$flotilla" plan
says "one that is not there" 3 "nowhere.yml" "$flotilla" plan -c "$work/nowhere.yml"
broken "1: an empty one" 3 "" ""
broken "2: no YAML" 3 "broken.yml" "epoch: [1, 2\nfoo: }"
broken "3: an unknown key" 3 "epochs" "${base}epochs: 3\n"
broken "4: a word for a number" 3 "'epoch'" "${base}epoch: many\n"
broken "5: a number out of bounds" 3 "num_classes" "${base}num_classes: 0\n"
broken "6: a base that is not there" 3 "gone.yml" "_BASE_: [gone.yml]\n"
broken "7: another architecture" 3 "architecture" "${base}architecture: MaskRCNN\n"
broken "8: sizes of no multiple of 32" 3 "multiple of 32" "${base}" -o 'TrainReader.batch_transforms=[{BatchRandomResize: {target_size: [100], random_size: true}}, {NormalizeImage: {mean: [0, 0, 0], std: [1, 1, 1]}}, {Permute: {}}, {PadGT: {}}]'
broken "9: a model that fits no card" 3 "take" "${base}" --gpu v100 --batch 4096 --images 100000
broken "10: more ranks than pictures" 3 "the data set has 1000" "${base}" --gpu v100 --cards 1000 --batch 8
printf '\x00\x01\xff' >"$work/bytes.yml"
says "11: a file of bytes" 3 "bytes.yml" "$flotilla" plan -c "$work/bytes.yml"
says "12: a data set that is not here" 3 "--images N says" "$flotilla" plan -c configs/demo/ppyoloe_demo.yml -o TrainDataset.dataset_dir="$work/no"
head -c 300 "$work/data/annotations/train.json" >"$work/data/annotations/cut.json"
says "13: a list cut off" 3 "cut.json" "$flotilla" plan $small TrainDataset.anno_path=annotations/cut.json
broken "14: batch auto that no batch fits" 3 "not one image" "${base}" -o TrainReader.batch_size=auto width_mult=2 depth_mult=3 'TrainReader.batch_transforms=[{BatchRandomResize: {target_size: [8192], random_size: true}}, {NormalizeImage: {mean: [0, 0, 0], std: [1, 1, 1]}}, {Permute: {}}, {PadGT: {}}]' --gpu v100
for line in "--hosts 0" "--hosts x" "--hosts 12..3" "--hosts 4..." "--link 25" "--link 25GB" "--link fast" "--link 0Gb" \
	"--gpu t1000" "--cards 0" "--price -1" "--images 0" "--batch 0"; do
	says "a line with $line" 2 "${line%% *}" "$flotilla" plan -c "$coco" ${line}
done
says "machines without a link" 2 "--link 25Gb says" "$flotilla" plan -c "$coco" --hosts 4
says "a folder that cannot be written" 4 "no/such" "$flotilla" plan -c "$coco" --json "$work/no/such/plan.json"
echo '{"cores": 2}' >"$work/half.json"
says "a calibration of nothing" 3 "holds no constants" "$flotilla" plan -c "$coco" --calibration "$work/half.json"
says "one that is not there" 4 "absent.json" "$flotilla" plan -c "$coco" --calibration "$work/absent.json"
