#!/usr/bin/env bash
# Weights pickled with protocol 5, the default from Python 3.14 on: an array is _frombuffer(buffer, dtype, shape, order)
# of numpy.core.numeric or numpy._core.numeric. paddle.load 3.3.1 reads them; nothing is run.
set -u
. "$(dirname "$0")/lib.sh"

# One array of the floats 1, 2: protocol 4 (_reconstruct), then 5, numpy 1 and 2, each as Python writes it.
dtype='\214\005numpy\214\005dtype\223\214\002f4\211\210\207R(K\003\214\001<NNNJ\377\377\377\377J\377\377\377\377K\000tb'
floats='\000\000\200?\000\000\000@'
printf '\200\004}\214\001w\214\025numpy.core.multiarray\214\014_reconstruct\223\214\005numpy\214\007ndarray\223K\000\205C\001b\207R(K\001K\002\205'"$dtype"'\211C\010'"$floats"'tbs.' >"$work/p4.pdparams"
printf '\200\005}\214\001w\214\022numpy.core.numeric\214\013_frombuffer\223(\226\010\000\000\000\000\000\000\000'"$floats$dtype"'K\002\205\214\001CtRs.' >"$work/p5.pdparams"
printf '\200\005}\214\001w\214\023numpy._core.numeric\214\013_frombuffer\223(C\010'"$floats$dtype"'K\002\205\214\001FtRs.' >"$work/p5numpy2.pdparams"
digest() { "$flotilla" ckpt show "$1" --digest 2>&1; }
due=$(digest "$work/p4.pdparams")
check "protocol 4 is read" grep -qxE '[0-9a-f]{64}' <<<"$due"
for name in p5 p5numpy2; do
	check "$name has the same weights" test "$(digest "$work/$name.pdparams")" = "$due"
done
says "it becomes safetensors" 0 "1 tensor," "$flotilla" convert "$work/p5.pdparams" "$work/p5.safetensors"
check "with the same weights" test "$(digest "$work/p5.safetensors")" = "$due"
printf '\200\005}\214\001w\214\022numpy.core.numeric\214\013_frombuffer\223(\227'"$dtype"'K\002\205\214\001CtRs.' >"$work/outside.pdparams"
says "buffers that lie elsewhere" 3 "pickled with a buffer_callback" "$flotilla" ckpt show "$work/outside.pdparams"
printf '\200\005}\214\001w\214\005posix\214\006system\223\214\004true\205Rs.' >"$work/runs.pdparams"
says "what would run is refused" 3 "'posix.system', which plain weights never need" "$flotilla" ckpt show "$work/runs.pdparams"
printf 'PK\003\004archive' >"$work/torch.pdparams"
says "torch.save is named" 3 "a zip archive, as PyTorch writes" "$flotilla" ckpt show "$work/torch.pdparams"
if [ -d ../shared/cases/pdparams-protocol-5 ]; then
	check "recorded files of both protocols" test "$(digest ../shared/cases/pdparams-protocol-5/p4.pdparams)" = \
		"$(digest ../shared/cases/pdparams-protocol-5/p5.pdparams)"
else
	echo "skip recorded files: ../shared is not here"
fi
