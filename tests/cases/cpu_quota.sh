#!/usr/bin/env bash
# A limit of processor time (docker --cpus, Kubernetes limits.cpu) counts as cores: llvm issue 225493, ollama issue 17916,
# dmlc/xgboost issue 7653, loky's cpu_count. Layouts of control groups that are not here: tests/unit/base/test_cores.c.
. "$(dirname "$0")/lib.sh"
unset OMP_NUM_THREADS
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
for group in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
	group=$group/flotilla.$$
	mkdir "$group" 2>/dev/null && { [ -e "$group/cpu.max" ] || [ -e "$group/cpu.cfs_quota_us" ]; } && break
	rmdir "$group" 2>/dev/null
done
if [ ! -d "$group" ] || [ "$(nproc)" -lt 2 ]; then
	echo "skip processor quota: needs root, control groups with the cpu controller, and 2 cores"
	exit 0
fi
trap 'rmdir "$group/below" "$group" 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$group/below"
allow() { # FOLDER PERCENT of a core
	if [ -e "$1/cpu.max" ]; then echo "$(($2 * 1000)) 100000" >"$1/cpu.max"; else echo "$(($2 * 1000))" >"$1/cpu.cfs_quota_us"; fi
}
inside='echo $$ >"$0/cgroup.procs" && exec "$@"'

allow "$group" 50
says "half a core is one thread" 0 "OMP_NUM_THREADS=1" sh -c "$inside" "$group" "$fleetrun" --dry_run --nproc_per_node 1 flotilla train -c recipe.yml
says "in a group below as well" 0 "OMP_NUM_THREADS=1" sh -c "$inside" "$group/below" "$fleetrun" --dry_run --nproc_per_node 1 flotilla train -c recipe.yml
patience=120 says "of a trainer alone too" 0 " 1 thread on 'cpu'" sh -c "$inside" "$group/below" "$flotilla" train -c recipe.yml -o epoch=1
allow "$group" 150
says "one and a half are two" 0 "OMP_NUM_THREADS=2" sh -c "$inside" "$group/below" "$fleetrun" --dry_run --nproc_per_node 1 flotilla train -c recipe.yml
says "for two trainers one each" 0 "OMP_NUM_THREADS=1" sh -c "$inside" "$group" "$fleetrun" --dry_run --nproc_per_node 2 flotilla train -c recipe.yml
says "the mask counts too" 0 "OMP_NUM_THREADS=1" sh -c "$inside" "$group" taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$fleetrun" --dry_run --nproc_per_node 1 flotilla train -c recipe.yml
says "what the user chose stays" 0 "OMP_NUM_THREADS=3" sh -c "$inside" "$group" env OMP_NUM_THREADS=3 "$fleetrun" --dry_run --nproc_per_node 1 flotilla train -c recipe.yml
