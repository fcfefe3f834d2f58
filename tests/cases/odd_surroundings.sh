#!/usr/bin/env bash
# What containers, services and schedulers leave out: a TMPDIR of a job that is over, no /dev/shm to write to, closed standard
# descriptors (log lines landed in metrics.jsonl), no HOME, odd masks and limits. And what a killed fleetrun left behind.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
two="--nproc_per_node 2 flotilla train -c recipe.yml -o epoch=2"

says "TMPDIR that is not there" 0 "Save checkpoint" env TMPDIR=/not/there "$fleetrun" $two
check "a line names what is used" grep -q "cannot make folder '/not/there/fleetrun\.[0-9]*': No such file or directory; using '/tmp/fleetrun\." "$work/says.log"
says "no HOME, no PATH to speak of" 0 "Save checkpoint" env -i PATH=/nothing "$fleetrun" $two
says "a low priority" 0 "Save checkpoint" nice -n 19 "$fleetrun" $two
says "a mask that hides files from others" 0 "Save checkpoint" sh -c 'umask 077 && exec "$@"' sh "$fleetrun" $two
says "little locked memory" 0 "Save checkpoint" sh -c 'ulimit -l 0 && exec "$@"' sh "$fleetrun" $two
says "files of a bounded size" 4 "model_final.safetensors': File too large" sh -c 'ulimit -f 100 && exec "$@"' sh "$flotilla" train -c recipe.yml -o epoch=1
check "nothing half-written stays" sh -c '! ls output/recipe/*.tmp.*'
says "files of a bounded size, two trainers" 4 "File too large" sh -c 'ulimit -f 100 && exec "$@"' sh "$fleetrun" --max_restart 0 $two
says "no terminal and no session" 0 "Save checkpoint" setsid "$fleetrun" $two

# Closed descriptors, of both programs.
lines() { ! grep -qv '^{' output/recipe/metrics.jsonl; }
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
	rm -rf output log
	status=0
	eval '"$flotilla" train -c recipe.yml -o epoch=2' "$closed" || status=$?
	check "flotilla with $closed" test "$status" -eq 0 -a -s output/recipe/metrics.jsonl
	check "metrics.jsonl holds what it should" lines
	rm -rf output log
	status=0
	eval '"$fleetrun" $two' "$closed" || status=$?
	check "fleetrun with $closed" test "$status" -eq 0 -a -s output/recipe/metrics.jsonl
	check "its metrics.jsonl too" lines
done >"$work/closed.log" 2>&1
cat "$work/closed.log"

# A killed fleetrun leaves its folders; the next start of this user sweeps those that nobody holds, and no others.
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
"$fleetrun" sh -c 'touch up; sleep 60' >killed.txt 2>&1 </dev/null &
killed=$!
within 20 test -e up
"$fleetrun" sh -c 'touch up2; until test -e go; do sleep 0.05; done' >other.txt 2>&1 </dev/null &
other=$!
within 20 test -e up2
kill -KILL $killed
wait $killed 2>/dev/null
mkdir "$TMPDIR/fleetrun.999999999"
says "the next start" 0 "" "$fleetrun" true
check "sweeps the killed one's folder" test ! -e "$TMPDIR/fleetrun.$killed"
check "and its shared memory" test ! -e "/dev/shm/fleetrun.$killed"
check "and what never had a process" test ! -e "$TMPDIR/fleetrun.999999999"
check "not that of a living job" test -e "$TMPDIR/fleetrun.$other" -a -e "/dev/shm/fleetrun.$other"
touch go
wait $other
