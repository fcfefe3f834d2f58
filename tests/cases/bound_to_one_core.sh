#!/usr/bin/env bash
# OpenMP's variables that bind, set by site profiles: intel/ipex-llm issue 3569, pytorch issue 91989, llnl/mpibind issue 41.
# Each trainer counted places from the first core on; a trainer alone had one thread, and its loader the same core.
. "$(dirname "$0")/lib.sh"
unset OMP_NUM_THREADS
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
if [ "$(nproc)" -lt 2 ]; then
	echo "skip binding: needs 2 cores"
	exit 0
fi
all=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
# COMMAND...: while it trains, the cores of each of its trainers' threads, one a line.
cores_of() {
	rm -rf output log out
	"$@" >out 2>&1 </dev/null &
	local job=$! p
	within 30 grep -q 'Epoch: ' out
	for p in $job $(pgrep -P $job); do
		grep -q train "/proc/$p/cmdline" && grep -q '^flotilla' "/proc/$p/comm" &&
			sed -n 's/^Cpus_allowed_list:[[:space:]]*/'"$p"' /p' /proc/$p/task/*/status
	done >cores
	kill -TERM $job
	wait $job
}
free() { # all threads of two trainers
	[ "$(cut -d' ' -f1 cores | sort -u | wc -l)" -eq 2 ] && [ -z "$(cut -d' ' -f2 cores | grep -vFx -- "$all")" ]
}
two="--nproc_per_node 2 flotilla train -c recipe.yml"
for set in OMP_PROC_BIND=true OMP_PLACES=cores GOMP_CPU_AFFINITY=0-1 OMP_PROC_BIND=close; do
	cores_of env "$set" "$fleetrun" $two
	check "two trainers are free with $set" free
	check "and a line says so" grep -q "INFO: .*$set would bind all 2 trainers to the same cores" out
done
gone='test -z "$OMP_PROC_BIND$OMP_PLACES$KMP_AFFINITY" && echo gone'
says "programs of others too" 0 "gone" env KMP_AFFINITY=granularity=fine,compact,1,0 OMP_PROC_BIND=spread "$fleetrun" --nproc_per_node 2 sh -c "$gone"
says "one program keeps what the user set" 0 "is close" env OMP_PROC_BIND=close "$fleetrun" --nproc_per_node 1 sh -c 'echo is $OMP_PROC_BIND'
says "what does not bind is kept" 0 "is false none" env OMP_PROC_BIND=false KMP_AFFINITY=verbose,none "$fleetrun" --nproc_per_node 2 sh -c 'echo is $OMP_PROC_BIND ${KMP_AFFINITY#*,}'
check "and no line" sh -c '! grep -q "would bind" "$1"' sh "$work/says.log"

cores_of env OMP_PROC_BIND=true "$flotilla" train -c recipe.yml
check "alone it has a thread for each core" grep -q " $(nproc) threads on 'cpu'" out
check "loaders may use all of them" grep -qFx -- "$all" <(cut -d' ' -f2 cores)
check "loops are bound, as asked" grep -qvFx -- "$all" <(cut -d' ' -f2 cores)
cores_of env OMP_PLACES="{${all%%[-,]*}}" OMP_PROC_BIND=true "$flotilla" train -c recipe.yml
check "one place is one thread" grep -q " 1 thread on 'cpu'" out
