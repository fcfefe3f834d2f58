#!/usr/bin/env bash
# Programs of MPICH and Intel MPI (mpi4py's own wheels, conda environments) were N jobs of one rank each, or ended with
# "Runtime environment uses unsupported PMI version PMIx": MPICH 4.0.2, 4.3.2, 5.0.2, Intel MPI 2021.18.1. With the real
# ones: MPI_PYTHONS="A/bin/python B/bin/python", virtual environments with mpi4py and mpich==5.0.2, impi-rt==2021.18.1, ...
. "$(dirname "$0")/../fleet/lib.sh"
pmi=$build/programs/pmi1_sum
run="$fleetrun --log_dir $work/log"
says "three ranks of PMI-1" 0 "rank 0 of 3: sum 18" $run --nproc_per_node 3 "$pmi"
check "each adds up all" test "$(cat "$work"/log/workerlog.* | grep -c "of 3: sum 18")" -eq 3
check "they know that they are neighbours" grep -qx "mapping value=(vector,(0,1,3))" "$work/log/workerlog.2"
says "a rank of PMI-1 that is alone" 0 "rank 0 of 1: sum 3" $run --nproc_per_node 1 "$pmi"
says "MPI_Abort ends all at once, with its status" 7 "first fault: rank 2 (127.0.0.1, device 2) called MPI_Abort" \
	$run --nproc_per_node 3 "$pmi" abort
says "status 0 without leaving MPI" 4 "without leaving MPI" $run --nproc_per_node 2 "$pmi" early
says "names are not served, in words" 0 "rank 1 calls MPI_Publish_name: fleetrun offers" $run --nproc_per_node 2 "$pmi" names
says "nor is spawning" 0 "rank 1 calls MPI_Comm_spawn: fleetrun offers" $run --nproc_per_node 2 "$pmi" spawn
says "ranks of PMIx beside" 0 "sum 6 of 3" $run --nproc_per_node 3 "$sum"
says "Slurm's library for Intel MPI is not asked" 0 "unset" env I_MPI_PMI_LIBRARY=/usr/lib64/slurm/libpmi2.so \
	$run sh -c 'echo ${I_MPI_PMI_LIBRARY:-unset}'
says "one of PMIx is" 0 "libpmix.so.2" env I_MPI_PMI_LIBRARY=/usr/lib/libpmix.so.2 $run sh -c 'echo ${I_MPI_PMI_LIBRARY:-unset}'

# The first attempt leaves nothing to the second one.
says "after a restart" 0 "rank 0 of 2: sum 9" $run --nproc_per_node 2 --max_restart 1 \
	sh -c '"$0"; [ $RANK$FLOTILLA_ATTEMPT = 10 ] && exit 9; exit 0' "$pmi"

machines 3
fleet --nproc_per_node 2 --follow all "$pmi"
all_end "six ranks on three machines" 0
for r in 0 1 2 3 4 5; do said "rank $r adds up" 1 "|rank $r of 6: sum 63"; done
said "and knows its neighbours" 1 "mapping value=(vector,(0,3,2))"
machines 2
all="1 2"
agent 1 --ips 10.77.0.1,10.77.0.2 --nproc_per_node 1 "$pmi"
agent 2 --ips 10.77.0.1,10.77.0.2 --nproc_per_node 3 "$pmi"
all_end "machines of one and of three ranks" 0
said "their mapping" 2 "mapping value=(vector,(0,1,1),(1,1,3))"
fleet --nproc_per_node 1 "$pmi" abort
all_end "MPI_Abort on one machine is everyone's status" 7

cat >"$work/ranks.py" <<'P'
from mpi4py import MPI
c = MPI.COMM_WORLD
print(f"rank {c.rank} of {c.size}: sum {c.allreduce(c.rank + 1)}, {MPI.Get_library_version()[:24]!r}", flush=True)
P
[ -z "${MPI_PYTHONS:-}" ] && echo "skip MPICH and Intel MPI themselves: MPI_PYTHONS is not given"
for p in ${MPI_PYTHONS:-}; do
	says "$p: three ranks" 0 "rank 0 of 3: sum 6" $run --nproc_per_node 3 "$p" "$work/ranks.py"
	fleet --nproc_per_node 2 --follow all "$p" "$work/ranks.py"
	all_end "$p: two machines" 0
	said "$p: the last rank" 1 "rank 3 of 4: sum 10"
done
nothing_left "nothing stays behind"
