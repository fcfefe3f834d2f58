#!/usr/bin/env bash
# POSIX nohup; the same fault in torchrun: pytorch issue 67538, open-mmlab/mmsegmentation issue 1998, keyu-tian/SparK issue
# 19. A signal that was ignored when a program started stays ignored; one that was not ends the training with a checkpoint.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
case_job || { not_ok "a job to start with" "$work/synth.log"; exit 0; }
cd "$work/job" || exit 1
sed -i "s/batch_size: 4/batch_size: 2/" recipe.yml
two="--nproc_per_node 2 flotilla train -c recipe.yml"
# FILE SIGNAL COMMAND...: the signal, once a step is done; its end in $status. env and nohup become the command.
signalled() {
	local out=$1 number=$2
	shift 2
	rm -rf output log "$out" # words of the run before are not waited for
	"$@" >"$out" 2>&1 </dev/null &
	within 30 sh -c "grep -q 'Epoch: ' '$out' || ! test -d /proc/$!"
	kill "-$number" $!
	status=0
	wait $! || status=$?
}
# NAME STATUS
ended() {
	if [ "$status" -eq "$2" ]; then ok "$1"; else echo "status $status, wanted $2" >>"$out"; not_ok "$1" "$out"; fi
}
kept() { check "$1" sh -c 'ls output/recipe/step_*.safetensors output/recipe/[0-9]*.safetensors 2>/dev/null | grep -q .'; }
default="env --default-signal=HUP,INT,QUIT,TERM"

out=nohup.txt
signalled $out HUP $default nohup "$fleetrun" $two -o epoch=20
ended "under nohup the training goes on" 0
check "to its end" test -e output/recipe/model_final.safetensors
signalled $out HUP $default nohup "$flotilla" train -c recipe.yml -o epoch=20
ended "that of one trainer as well" 0
out=plain.txt
signalled $out HUP $default "$fleetrun" $two
ended "without nohup a hangup ends it" 143
kept "with a checkpoint"
signalled $out HUP $default "$flotilla" train -c recipe.yml
ended "one trainer as well" 143
kept "it keeps a checkpoint too"

# A word before the time is over: Slurm's --signal=USR1@60, SGE's -notify, the soft limit of processor time.
out=before.txt
for number in USR1 XCPU; do
	signalled $out $number env --default-signal=$number "$fleetrun" $two
	ended "SIG$number ends it" 143
	kept "with a checkpoint, SIG$number"
	signalled $out $number env --default-signal=$number "$flotilla" train -c recipe.yml
	ended "SIG$number ends one trainer" 143
	kept "with its checkpoint, SIG$number"
done
signalled $out USR1 env --ignore-signal=USR1 "$flotilla" train -c recipe.yml -o epoch=20
ended "an ignored SIGUSR1 stays ignored" 0

# "&" in a script ignores SIGINT; Ctrl-C is then for the script's other programs. SIGTERM is still heard.
out=script.txt
signalled $out INT env --default-signal=TERM --ignore-signal=INT,QUIT "$fleetrun" $two -o epoch=20
ended "in a script's background Ctrl-C does nothing" 0
signalled $out INT env --ignore-signal=INT "$flotilla" train -c recipe.yml -o epoch=20
ended "nor to one trainer" 0
signalled $out TERM env --default-signal=TERM --ignore-signal=INT,QUIT "$fleetrun" $two
ended "SIGTERM ends it there" 143
signalled $out INT $default "$fleetrun" $two
ended "Ctrl-C ends what does not ignore it" 130

# The terminal it was typed in is closed.
out=closed.txt
script -qec "nohup '$fleetrun' $two -o epoch=20 >$out 2>&1" /dev/null >/dev/null 2>&1 </dev/null &
within 30 grep -q 'Epoch: ' $out
kill -KILL $!
wait $! 2>/dev/null
within 30 test -e output/recipe/model_final.safetensors -a ! -e log/owner
check "under nohup it outlives its terminal" test -e output/recipe/model_final.safetensors

# Programs get signals as fleetrun did, but hear of their end; a parent that ignores SIGCHLD does not keep us from it.
ignores() { # NUMBER SIGNALS: are they ignored in a trainer?
	env --default-signal=PIPE,TERM,CHLD ${2:+--ignore-signal=$2} "$fleetrun" \
		sh -c 'mask=$(sed -n "s/^SigIgn:[[:space:]]*/0x/p" /proc/self/status); echo "ignored $((mask >> ('"$1"' - 1) & 1))"' | grep -q 'ignored 1'
}
not() { ! "$@"; }
check "SIGPIPE is not ignored in a trainer" not ignores 13 ""
check "unless fleetrun ignored it" ignores 13 PIPE
check "SIGXFSZ is not ignored in a trainer" not ignores 25 ""
check "SIGTERM never is" not ignores 15 TERM
says "children of an ignorer of SIGCHLD" 3 "" env --ignore-signal=CHLD "$fleetrun" sh -c 'exit 3'
