#!/usr/bin/env bash
# Programs of others, unmodified, with the real packages:
#     TORCH_PYTHON=<virtual environment with torch>/bin/python
#     PADDLE_PYTHON=<virtual environment with paddlepaddle>/bin/python
#     tests/e2e/foreign.sh
. "$(dirname "$0")/lib.sh"
scripts=tests/e2e/foreign
patience=600
run="$fleetrun --log_dir $work/log --follow all"
if [ -z "${TORCH_PYTHON:-}" ]; then
	echo "skip a PyTorch program on one machine: TORCH_PYTHON is not given"
else
	says "a PyTorch program with two trainers" 0 "ddp: rank 1 of 2, local 1: weights are the same, the loss fell" \
		$run --nproc_per_node 2 "$TORCH_PYTHON" $scripts/ddp.py
	check "its first trainer too" grep -q "ddp: rank 0 of 2, local 0: weights are the same, the loss fell" "$work/says.log"
	ln -s "$(realpath $scripts/ddp.py)" "$work/train.py"
	export PATH=$(dirname "$TORCH_PYTHON"):$PATH
	says "started by its name, as Paddle's launcher does" 0 "ddp: rank 0 of 1" $run "$work/train.py"
fi
if [ -z "${PADDLE_PYTHON:-}" ]; then
	echo "skip a Paddle program on one machine: PADDLE_PYTHON is not given"
	echo "skip Paddle's role maker on one machine: PADDLE_PYTHON is not given"
	exit 0
fi
says "a Paddle program with two trainers" 0 "paddle: rank 1 of 2, local 1: weights are the same, the loss fell" \
	$run --nproc_per_node 2 "$PADDLE_PYTHON" $scripts/parallel.py
check "its first trainer too" grep -q "paddle: rank 0 of 2, local 0: weights are the same, the loss fell" "$work/says.log"

# Paddle's role maker understands what servers and workers are given.
says "a Paddle program with servers" 0 "all workers are done" \
	$run --start_port 21870 --server_num 1 --worker_num 2 "$PADDLE_PYTHON" $scripts/ps.py
servers="servers ['127.0.0.1:21870'] workers ['127.0.0.1:21871', '127.0.0.1:21872'] of 2"
check "the server" grep -qF "ps: server 0: $servers, at 127.0.0.1:21870" "$work/log/serverlog.0"
check "a worker" grep -qF "ps: worker 0: $servers, at 127.0.0.1:21871" "$work/log/workerlog.0"
check "the other worker" grep -qF "ps: worker 1: $servers, at 127.0.0.1:21872" "$work/log/workerlog.1"
