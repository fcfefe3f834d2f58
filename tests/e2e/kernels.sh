#!/usr/bin/env bash
# Kernels by table and by measuring: what is kept in the cache, what ranks agree on, what a checkpoint says of it.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1 XDG_CACHE_HOME=$work/cache
grep -qw avx2 /proc/cpuinfo || { echo "skip kernels: one of each on a processor without AVX2"; exit 0; }
compare=$build/programs/compare_ckpt
not() { ! "$@"; }
tiny_data 16
final=ppyoloe_demo/model_final.safetensors
T="$flotilla train $(EPOCHS=1 tiny) TrainReader.batch_size=4"
run() { # DIR MORE...
	local dir=$1
	shift
	$T save_dir="$work/$dir" "$@" >"$work/$dir.log" 2>&1
}
says "a word that is none" 3 "'kernels' is 'fast', but must be one of table|measure" $T kernels=fast

check "by the table" run table
check "says so in one line" grep -qE "kernels of the [0-9]+ shapes .* by Winograd, .* 0 shapes measured" "$work/table.log"
check "and keeps no file" [ ! -e "$work/cache" ]

check "measured" run first kernels=measure
check "says how many" grep -qE "kernels of the [0-9]+ shapes .* [1-9][0-9]* shapes measured" "$work/first.log"
file=$(echo "$work"/cache/flotilla/kernels-*.txt)
check "keeps one file, its key in front" grep -qE "^flotilla kernels 1; .*; oneDNN [0-9.]+ .* threads$" "$file"
cp "$file" "$work/kept"
check "measured once more" run second kernels=measure
check "the file is the choice" cmp "$file" "$work/kept"
check "so the bits are the same" "$compare" "$work/first/$final" "$work/second/$final" "" 0
check "a checkpoint names it" grep -q "Winograd as measured" <("$flotilla" ckpt show "$work/first/$final")

# Everything the other way round: by the file, not by the clock.
sed -i '2,$ { s/oneDNN/other/g; s/Winograd/oneDNN/g; s/other/Winograd/g }' "$file"
cp "$file" "$work/turned.txt"
check "as the file says" run turned kernels=measure
check "without timing" cmp "$file" "$work/turned.txt"
check "other kernels, other bits" not "$compare" "$work/first/$final" "$work/turned/$final" "" 0
check "near ones" "$compare" "$work/first/$final" "$work/turned/$final" model. 1e-2
says "a resume by other kernels says so" 0 "the checkpoint was made with" \
	$T save_dir="$work/turned" epoch=2 -r "$work/turned/$final"
ranks() { # DIR
	timeout 60 "$fleetrun" --devices 0,1 "$flotilla" train $(EPOCHS=1 tiny) TrainReader.batch_size=2 save_dir="$work/$1" \
		kernels=measure >"$work/$1.log" 2>&1
}
check "two ranks, rank 0's file" ranks two
check "once more" ranks again
check "have the same bits" "$compare" "$work/two/$final" "$work/again/$final" "" 0

# A file that is not ours is told of and written anew; a place that cannot be written is told of.
for bad in 'a line of somebody else' '4 24 24 16 16 train Winograd oneDNN measured' '0 24 24 16 16 train oneDNN oneDNN oneDNN table'; do
	{ head -n 1 "$work/kept"; echo "$bad"; } >"$file"
	check "a bad line: $bad" run bad kernels=measure
	check "is told" grep -qF "is not what this build writes: line 1 is no choice of a kernel: '$bad'" "$work/bad.log"
	check "and gone" not grep -qF "$bad" "$file"
done
printf 'x' >"$file"
check "another key" run bad kernels=measure
check "is told" grep -q "its first line is not 'flotilla kernels 1" "$work/bad.log"
nowhere() { XDG_CACHE_HOME=/proc/none run none kernels=measure; }
check "a place that is none" nowhere
check "is told" grep -q "the measured kernels are not kept for later runs" "$work/none.log"

says "the table of plans" 0 "Winograd by table 1" "$flotilla" plans $(tiny) TrainReader.batch_size=4
check "has a row of this network" grep -qE "^ +4 +[0-9]+x[0-9]+ +[0-9]+ to [0-9]+ +(Winograd|oneDNN) " "$work/says.log"
says "plans as measured" 0 " measured" "$flotilla" plans $(tiny) kernels=measure
says "plans of ref" 0 "device ref has one kernel of each operation" "$flotilla" plans $(tiny) --device ref
says "plans want a recipe" 2 "no recipe given" "$flotilla" plans
