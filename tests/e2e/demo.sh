#!/usr/bin/env bash
# scripts/demo, cut short: everything of the main job, from data set to pictures; a second call reuses what is there.
. "$(dirname "$0")/lib.sh"
BUILD=$build timeout 500 scripts/demo "$work/demo" --small >"$work/demo.log" 2>&1
status=$?
check "the demo ends with 0" test "$status" -eq 0
[ "$status" -eq 0 ] || tail -n 20 "$work/demo.log" | sed 's/^/    /'
check "two trainers" grep -q '"world_size": 2' "$work/demo/run-seed0-small/ppyoloe_demo/summary.json"
check "a score" grep -q 'COCO AP [0-9.]*, AP50' "$work/demo.log"
for what in weights log pictures next; do
	check "it says where: $what" grep -q "^$what " "$work/demo.log"
done
check "the weights are there" test -s "$(sed -n 's/^weights *//p' "$work/demo.log")"
check "pictures are drawn" sh -c "test \$(ls $work/demo/pictures/*.jpg | wc -l) -eq 16"
BUILD=$build timeout 300 scripts/demo "$work/demo" --small >"$work/again.log" 2>&1
check "a second call reuses the run" grep -q "done before" "$work/again.log"
says "an unknown option" 2 "unknown option" scripts/demo --smal
