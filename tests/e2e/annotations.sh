#!/usr/bin/env bash
# A huge list of boxes: made without pictures, kept as an index for the second time, by processes that begin together too.
. "$(dirname "$0")/lib.sh"
export XDG_CACHE_HOME=$work/cache
list=$work/set/annotations/train.json
index=$XDG_CACHE_HOME/flotilla/annotations
synth() { "$flotilla" data synth "$work/$1" --annotations-only "${@:2}"; }
score() { # NAME: the scores go to NAME.json, what is said to NAME.log
	"$flotilla" eval --gt "$list" --dt "$work/none.json" --json "$work/$1.json" >"$work/$1.log" 2>&1
}
kept() { grep -q 'opens at once from now on' "$work/$1.log"; }
not_kept() { ! kept "$1"; }
same() { cmp "$work/first.json" "$work/$1.json" && diff <(grep -v 'at once' "$work/first.log" | grep ' = ') <(grep ' = ' "$work/$1.log"); }
one_file() { [ "$(find "$index" -type f | wc -l)" -eq 1 ]; }

# Detections on what is there, so that the scores speak of every box.
echo '[{"image_id": 3, "category_id": 1, "bbox": [10, 10, 100, 100], "score": 0.5}]' >"$work/none.json"
check "a small list without pictures" synth small --images 30 --val 5
check "its boxes are of 365 classes" grep -q '"name": "class 365"' "$work/small/annotations/val.json"
check "no pictures are made" test ! -e "$work/small/images"
check "the same seed, the same list" synth again --images 30 --val 5
check "byte for byte" cmp "$work/small/annotations/train.json" "$work/again/annotations/train.json"

check "a list of 70 MB" synth set --images 28000 --val 1
check "its first opening" score first
check "keeps an index" kept first
check "that is one file" one_file
check "the second opening" score second
check "reads that index" not_kept second
check "and finds the same" same second

file=$(find "$index" -type f)
printf 'x' | dd of="$file" bs=1 seek=5000000 conv=notrunc 2>/dev/null
check "a changed byte of the index" score changed
check "has it made anew" kept changed
check "with the same scores" same changed
truncate -s 3000000 "$file"
check "a torn index" score torn
check "has it made anew" kept torn
check "with the same scores" same torn

rm -r "$index"
for rank in 1 2 3; do score "rank$rank" & done
wait
for rank in 1 2 3; do check "process $rank of three that begin together" same "rank$rank"; done
check "there is one index, and nothing beside it" one_file

touch "$list"
check "a list that was touched" score touched
check "is read again" kept touched
XDG_CACHE_HOME=/proc/none check "without a place for indices" score nowhere
check "nothing is said of one" not_kept nowhere
check "with the same scores" same nowhere
