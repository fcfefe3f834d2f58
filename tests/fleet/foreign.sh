#!/usr/bin/env bash
# Programs of others over two machines, with the real packages: see tests/e2e/foreign.sh for TORCH_PYTHON and
# PADDLE_PYTHON. The name of the host resolves to no address of a machine here: Gloo is told the interface.
. "$(dirname "$0")/lib.sh"
scripts=$(realpath "$(dirname "$0")/../e2e/foreign")
LIMIT=400
machines 2
# NAME PYTHON SCRIPT MACHINE WORD: four ranks train together; each tells so on that machine's console, after its WORD.
trains() {
	fleet --nproc_per_node 2 --follow all "$2" "$scripts/$3"
	all_end "$1" 0
	for r in 0 1 2 3; do
		said "its rank $r" "$4" "|$5: rank $r of 4, local $((r % 2)): weights are the same, the loss fell"
	done
}
if [ -z "${TORCH_PYTHON:-}" ]; then
	echo "skip a PyTorch program on two machines: TORCH_PYTHON is not given"
else
	trains "a PyTorch program on two machines" "$TORCH_PYTHON" ddp.py 2 ddp
fi
if [ -z "${PADDLE_PYTHON:-}" ]; then
	echo "skip a Paddle program on two machines: PADDLE_PYTHON is not given"
	echo "skip Paddle's role maker on two machines: PADDLE_PYTHON is not given"
else
	trains "a Paddle program on two machines" "$PADDLE_PYTHON" parallel.py 1 paddle
	fleet --server_num 1 --worker_num 1 --follow all "$PADDLE_PYTHON" "$scripts/ps.py"
	all_end "a Paddle program with servers on two machines" 0
	lists="servers ['10.77.0.1:6070', '10.77.0.2:6070'] workers ['10.77.0.1:6071', '10.77.0.2:6071'] of 2"
	for i in $all; do
		said "the server of $i" "$i" "ps: server $((i - 1)): $lists, at 10.77.0.$i:6070"
		said "the worker of $i" "$i" "ps: worker $((i - 1)): $lists, at 10.77.0.$i:6071"
	done
fi
nothing_left "nothing stays behind"
