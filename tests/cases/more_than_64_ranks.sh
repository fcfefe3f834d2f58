#!/usr/bin/env bash
# fleetrun --nproc_per_node 96 ./solver on a machine of 96 to 192 cores ended with "must be within 1 and 64".
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
ranks() { # N: so many programs ran, each once, with the shell's own limit of open files
	local n
	n=$(sort -n seen | uniq -c | awk -v files="$(ulimit -Sn)" '$1 == 1 && $3 == files' | wc -l)
	[ "$n" -eq "$1" ] || { echo "$n of $1" && return 1; }
}
ulimit -Sn 1024
for n in 96 256; do
	rm -f seen
	says "$n trainers" 0 "$n trainers of 1 thread" "$fleetrun" --log_dir log --nproc_per_node $n --start_port 21000 \
		sh -c 'echo "$RANK $(ulimit -Sn)" >>seen'
	check "each ran once" ranks $n
	check "as many logs" test "$(ls log/workerlog.* | wc -l)" -eq $n
done
says "a fault of the last" 7 "first fault: rank 99" "$fleetrun" --log_dir log --nproc_per_node 100 \
	sh -c '[ $RANK = 99 ] && exit 7; exec sleep 60'
says "the ranks of MPI" 0 "sum 2628 of 72" "$fleetrun" --log_dir log --nproc_per_node 72 "$build/programs/mpi_sum"
says "too few open files" 4 "200 trainers and 1 machine need 1666 open files, and this process may have 512: raise the hard limit" \
	sh -c 'ulimit -n 512; exec "$@"' sh "$fleetrun" --log_dir log --nproc_per_node 200 true
says "more than there is room for" 2 "must be within 1 and 512" "$fleetrun" --log_dir log --nproc_per_node 513 true
