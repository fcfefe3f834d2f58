#!/usr/bin/env bash
# PaddleDetection issues 6814 (several trainings in one checkout, a card each) and 7193 (the log folder): two jobs at the
# same time write the same logs, and one goes on from the other's checkpoint after a fault.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed 's/recipe/other/' recipe.yml >other.yml
hold() { # WORD: a job that says it and lives until there is a file "go"
	timeout 60 "$fleetrun" sh -c "echo mine is $1; touch up.$1; until test -e go; do sleep 0.05; done" >"$1.txt" 2>&1 </dev/null &
	within 20 test -e "up.$1"
}

hold one
first=$!
hold two
hold three
check "the first has the log folder" grep -qx "mine is one" log/workerlog.0
check "the second one below it" grep -qx "mine is two" log/job.2/workerlog.0
check "the third as well" grep -qx "mine is three" log/job.3/workerlog.0
check "a sentence names the first" grep -q "log folder 'log' belongs to process $(pgrep -P $first) on $(hostname) (.*fleetrun sh -c.*'log/job.2'" two.txt
check "the first is told nothing" sh -c '! grep -q "belongs to" one.txt'
touch go
wait
check "nothing of it is left" sh -c '! ls log/owner log/job.?/owner'
rm -f go up.*

# A killed fleetrun owns nothing.
hold one
kill -KILL "$(pgrep -P $!)"
wait $! 2>/dev/null
says "the folder of a killed job is free" 0 "logs in log/" "$fleetrun" true
says "without its words" 0 "" sh -c '! ls log/owner'
touch go

# After a fault each goes on from its own checkpoint.
snap='-o snapshot_epoch=40 epoch=400'
timeout 120 "$fleetrun" --gpus 0 flotilla train -c recipe.yml $snap >a.txt 2>&1 </dev/null &
a=$!
within 20 grep -q "Epoch: " a.txt
timeout 120 "$fleetrun" --gpus 1 flotilla train -c other.yml $snap >b.txt 2>&1 </dev/null &
b=$!
within 60 sh -c 'ls log/copy.0.*.safetensors && ls log/job.2/copy.0.*.safetensors'
kill -KILL "$(pgrep -P "$(pgrep -P $a)" flotilla)"
within 30 grep -q 'resumed from' a.txt
check "it goes on from its own" grep -q "resumed from log/copy.0.[0-9]*.safetensors" a.txt
kill -TERM $a $b
wait $a $b
check "the other one never stopped" sh -c '! grep -q "starting again" b.txt'
check "its log is whole" sh -c 'tr -d "\000" <log/job.2/workerlog.0 | cmp - log/job.2/workerlog.0 && head -n 3 log/job.2/workerlog.0 | grep -q flotilla.train'
check "no half copies" sh -c '! ls log/*.own log/job.2/*.own log/*.part'

# Until a start has succeeded the last job's log is kept; three slips do not push it out.
rm -rf log
says "a job that ends well" 0 "" "$fleetrun" sh -c 'echo precious'
for slip in 1 2 3; do
	says "slip $slip" 3 "typo" "$fleetrun" flotilla train -c recipe.yml -o TrainDataset.anno_path=typo.json
done
check "its log is kept" grep -qx precious log/workerlog.0.before
check "the slip has its own" grep -q typo log/workerlog.0
check "and a fault file" test -e log/fault.json
says "a start that succeeds" 0 "" "$fleetrun" sh -c 'echo next'
check "clears them away" sh -c '! ls log/*.before log/fault.json && grep -qx next log/workerlog.0'

# Somebody else's folder, and a log of somebody else's in a folder for all.
other='setpriv --reuid 65534 --regid 65534 --clear-groups'
if [ "$(id -u)" != 0 ] || ! $other test -x "$fleetrun"; then
	echo "skip another user's log folder: needs root, and a build folder that all may read"
else
	chmod 755 "$work"
	mkdir open && chmod 777 open && touch open/workerlog.0
	says "another user's folder" 4 "cannot write to folder 'log': it belongs to user root (0), mode 755" $other "$fleetrun" true
	check "before any start" sh -c '! grep -q "starting again\|first fault" "$1"' sh "$work/says.log"
	says "another user's log" 4 "cannot write 'open/workerlog.0': it belongs to user root (0)" $other "$fleetrun" --log_dir open true
	check "left as it was" sh -c '! ls open/owner && test -f open/workerlog.0'
	says "a folder that cannot be made" 4 "choose another --log_dir: cannot make folder 'log/mine'" $other "$fleetrun" --log_dir log/mine true
fi
