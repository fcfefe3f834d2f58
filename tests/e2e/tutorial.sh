#!/usr/bin/env bash
# The commands of docs/tutorial.md and docs/tutorial_zh.md, in their order, as a reader types them: every block marked "sh" is run
# by one shell, with a network of an eighth of the width and two epochs. Blocks marked "sh fleet" need machines:
# tests/fleet/tutorial.sh. The program in the page is run where there are its packages:
#     ONNX_PYTHON=<virtual environment with onnxruntime and opencv-python-headless>/bin/python
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tree=$PWD

# What a reader's machine has and a test does not do: packages are installed, make has built.
mkdir -p "$work/home" "$work/shims" "$work/clone/scripts"
ln -s "$build" "$work/clone/build"
ln -s "$tree/configs" "$work/clone/configs"
printf '#!/bin/sh\n' | tee "$work/clone/scripts/install-deps" "$work/shims/make" >"$work/shims/pip"
# A recipe that was just written has its network cut down; all else of it stays.
cat >"$work/shims/flotilla" <<END
#!/bin/sh
"$flotilla" "\$@" || exit
[ "\$1" != new ] || sed -i 's/^width_mult: 0.5/width_mult: 0.125/; s/^epoch: [0-9]*/epoch: 2/; s/^snapshot_epoch: [0-9]*/snapshot_epoch: 1/' my.yml
END
# python3 is the one that has the packages; without it that line alone is passed over.
printf '#!/bin/sh\nexec "%s" "$@"\n' "${ONNX_PYTHON:-true}" >"$work/shims/python3"
chmod +x "$work/clone/scripts/install-deps" "$work/shims"/*

# PAGE: the shell blocks, each followed by a line that says how it ended; a python block becomes the file named in its first line.
script() {
	awk -v work="$work" '
		/^```sh$/ { part = "sh"; text = ""; at = NR; next }
		/^```python$/ { part = "python"; text = ""; next }
		/^```/ && part == "sh" { n++; printf "%src=$?\necho \"#block %d $rc\"\n[ $rc -eq 0 ] || exit $rc\n", text, at; part = ""; next }
		/^```/ && part == "python" {
			split(text, words, /[ :\n]/)
			printf "cat >%s <<\"END_OF_PROGRAM\"\n%sEND_OF_PROGRAM\n", words[2], text
			part = ""; next
		}
		part { text = text $0 "\n" }' "$1"
}
follow() { # PAGE BLOCKS: all blocks of it, in an empty home
	local name=$1 wanted=$2 got
	rm -rf "$work/home" && mkdir "$work/home"
	{
		echo 'set -e'
		script "$tree/docs/$name"
	} >"$work/$name.sh"
	# The shims stand before the programs that the page puts into PATH.
	sed -i "s|^export PATH=.*|&; PATH=$work/shims:\$PATH|" "$work/$name.sh"
	(cd "$work/clone" && HOME=$work/home PATH=$work/shims:$PATH timeout 500 bash "$work/$name.sh") >"$work/$name.log" 2>&1 </dev/null
	got=$(grep -c '^#block .* 0$' "$work/$name.log")
	if [ "$got" -eq "$wanted" ]; then ok "$name: $got blocks of commands"; else
		echo "$got blocks ended well, wanted $wanted; the last one begins behind line $(sed -n 's/^#block \([0-9]*\) .*/\1/p' "$work/$name.log" | tail -n 1)" >>"$work/$name.log"
		not_ok "$name: all commands" "$work/$name.log"
	fi
}
blocks() { grep -c '^```sh$' "$tree/docs/$1"; }
here=$work/home/shapes

follow tutorial.md "$(blocks tutorial.md)"
said() { grep -qF -- "$2" "$work/$1.log"; }
check "it says that my.yml is ready" said tutorial.md 'now: flotilla train -c my.yml --eval'
check "that the data set is fit" said tutorial.md 'fit for training'
check "the first run has moved, the second is whole" test -s "$here/output/my.1/summary.json" -a -s "$here/output/my/summary.json"
check "its page is there" test -s "$here/output/my/report.html"
check "as is that of both" test -s "$here/compare.html"
check "AP of each class was said" said tutorial.md 'triangle'
check "pictures are drawn" sh -c "test \$(ls $here/seen/*.jpg | wc -l) -eq 60"
check "a model for other programs" test -s "$here/my.onnx"
check "weights for PaddleDetection" test -s "$here/my.pdparams"
if [ -z "${ONNX_PYTHON:-}" ]; then
	echo "skip the tutorial's detect.py: ONNX_PYTHON is not given"
else
	check "detect.py has run" sh -c "cd '$here' && '$ONNX_PYTHON' detect.py photos/images/val/000001.jpg"
fi

follow tutorial_zh.md "$(blocks tutorial_zh.md)"
check "the plan of eight devices was said" said tutorial_zh.md '7     127.0.0.1            cpu7'
check "two trainers have trained" grep -q '"world_size": 2' "$here/output/my/summary.json"
check "their words are in the log file" grep -qF "'tools/train.py' is not here: starting flotilla's own trainer" "$here/logs.txt"
check "and a model is exported" test -s "$here/my.onnx"

# docs/coming-from.md: the commands of each table's last column, a line at a time. Of those for several machines the plan is asked for,
# with addresses of this one.
rm -rf "$here" && mkdir -p "$here"
cd "$here" || exit
"$flotilla" data synth photos --images 80 --val 8 --width 96 --height 96 >"$work/synth.log" 2>&1
awk -F'|' '/^\|/ { rest = $(NF - 1)
	while (match(rest, /`[^`]*`/)) {
		line = substr(rest, RSTART + 1, RLENGTH - 2); rest = substr(rest, RSTART + RLENGTH)
		if (line ~ /^(flotilla|fleetrun) / && !(line in seen)) { print line; if (line !~ / new /) seen[line] }
	} }' "$tree/docs/coming-from.md" >"$work/lines"
check "coming-from.md has lines" test "$(wc -l <"$work/lines")" -ge 30
while IFS= read -r line; do
	typed=$line
	case $line in *--ips=*) typed=$(echo "$line" | sed 's/--ips=[^ ]*/--dry_run --host 127.0.0.1 --ips=127.0.0.1,127.0.0.2/') ;; esac
	patience=200 PATH=$work/shims:$build/bin:$PATH says "$line" 0 "" bash -c "$typed"
done <"$work/lines"
check "what they leave is where the page says" test -s tuned/my/report.html -a -s output/my/results.csv -a -s output_inference/my/model.onnx
