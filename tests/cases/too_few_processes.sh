#!/usr/bin/env bash
# A container's limit of processes and threads (docker --pids-limit) and ulimit -u: soedinglab/metaeuk issue 80, ray issue
# 8546, containers/toolbox issue 849. What failed was some thread of some library.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
two="--nproc_per_node 2 flotilla train -c recipe.yml -o epoch=2"

# Groups of this machine; other layouts: tests/unit/base/test_processes.c.
for group in /sys/fs/cgroup/pids /sys/fs/cgroup; do
	group=$group/flotilla.$$
	mkdir "$group" 2>/dev/null && [ -e "$group/pids.max" ] && break
	rmdir "$group" 2>/dev/null
done
trap 'rmdir "$group/below" "$group" 2>/dev/null; rm -rf "$work"' EXIT
inside='echo $$ >"$0/cgroup.procs" && exec "$@"'
if [ -d "$group" ]; then
	mkdir "$group/below"
	echo 6 >"$group/pids.max"
	says "the control group's limit is named" 2 "the control group (--pids-limit) allows 6 processes and threads, 1 are there), this job needs 13 at least" \
		sh -c "$inside" "$group" "$fleetrun" $two
	check "before anything started" sh -c '! ls log output 2>/dev/null | grep -q .'
	says "that of a group above as well" 2 "--pids-limit) allows 6" sh -c "$inside" "$group/below" "$fleetrun" $two
	echo 12 >"$group/pids.max"
	says "more trainers need more" 2 "this job needs 23 at least" sh -c "$inside" "$group" "$fleetrun" --nproc_per_node 4 flotilla train -c recipe.yml
	echo 3 >"$group/pids.max"
	says "one trainer of many threads" 2 "this program needs 8 at least" sh -c "$inside" "$group" env OMP_NUM_THREADS=8 "$flotilla" train -c recipe.yml
	echo 24 >"$group/pids.max"
	says "what is enough is enough" 0 "Save checkpoint" sh -c "$inside" "$group" "$fleetrun" $two
	echo max >"$group/pids.max"
	says "no limit" 0 "Save checkpoint" sh -c "$inside" "$group" "$flotilla" train -c recipe.yml -o epoch=1
else
	echo "skip the control group's limit: needs root and control groups with the pids controller"
fi

other='setpriv --reuid 65533 --regid 65533 --clear-groups'
if [ "$(id -u)" = 0 ] && $other test -x "$fleetrun"; then
	chmod 777 "$work" "$work/job"
	says "the user's limit is named" 2 "the user's limit (ulimit -u) allows 6 processes and threads" \
		prlimit --nproc=6 $other "$fleetrun" --log_dir "$work/job/log2" $two
else
	echo "skip the user's limit: needs root, and a build folder that all may read"
fi
