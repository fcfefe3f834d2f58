#!/usr/bin/env bash
# A container's filter of system calls forbids process_vm_readv: open-mpi/ompi issue 4948, hpc/charliecloud issue 128,
# deepmodeling/abacus-develop pull request 4060. Open MPI said so for every message of every step.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
filter=$build/programs/forbid_calls
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
if ! "$filter" errno true 2>/dev/null; then
	echo "skip forbidden calls: no filter of system calls may be set here"
	exit 0
fi
two="--nproc_per_node 2 flotilla train -c recipe.yml -o epoch=2"
quiet() { ! grep -n 'Read -1\|errno = \|Bad system call' "$1" log/workerlog.*; }

says "two trainers train without it" 0 "Save checkpoint" "$filter" errno "$fleetrun" $two
check "and nobody complains" quiet "$work/says.log"
check "one line says so" test "$(grep -c 'process_vm_readv is forbidden here' "$work/says.log")" -eq 1
says "where the filter kills as well" 0 "Save checkpoint" "$filter" kill "$fleetrun" $two
check "without a complaint" quiet "$work/says.log"
# Who asked was killed; who was asked about must not stay.
stay() { for p in $(pgrep -x 'fleetrun|flotilla'); do [ "$(readlink "/proc/$p/cwd")" != "$PWD" ] || return 0; done; return 1; }
for _ in $(seq 40); do "$filter" kill "$fleetrun" --dry_run $two >/dev/null 2>&1; done
nobody_stays() { ! stay; }
within 5 nobody_stays
check "no process stays" nobody_stays
says "the dry run shows it" 0 "OMPI_MCA_btl_vader_single_copy_mechanism=none" "$filter" errno "$fleetrun" --dry_run $two
says "Open MPI 5 is told by its own name" 0 "OMPI_MCA_smsc=^cma" "$filter" errno "$fleetrun" --dry_run $two
says "what the user chose stays" 0 "is emulated" env OMPI_MCA_btl_vader_single_copy_mechanism=emulated "$filter" errno "$fleetrun" \
	sh -c 'echo is $OMPI_MCA_btl_vader_single_copy_mechanism'
says "where it is allowed nothing is set" 0 "is unset" "$fleetrun" sh -c 'echo is ${OMPI_MCA_btl_vader_single_copy_mechanism-unset}'
says "one trainer alone does not care" 0 "Save checkpoint" "$filter" kill "$flotilla" train -c recipe.yml -o epoch=2
if command -v mpirun >/dev/null; then
	says "under mpirun as well" 0 "Save checkpoint" "$filter" errno mpirun --allow-run-as-root --oversubscribe -n 2 "$flotilla" train -c recipe.yml -o epoch=2
	check "no complaint there" quiet "$work/says.log"
fi
