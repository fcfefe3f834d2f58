#!/usr/bin/env bash
# `fleetrun ask.py`, where the script calls input(), breakpoint() or getpass(): the read stopped the program for ever
# (SIGTTIN), and Ctrl-C waited a minute for it. torchrun 2.15 and mpirun 4.1 let the first rank read.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
command -v python3 >/dev/null || { echo "skip a program that reads from the terminal: no python3"; exit 0; }
cat >typist.py <<'P'
# typist.py WORDS SECONDS COMMAND..: runs it on a terminal of its own, types each word when the screen ends with '? ', and
# prints what the screen showed, the exit status, the time, and whether the terminal echoes at the end.
import os, pty, select, sys, termios, time
words, limit = sys.argv[1].encode().decode('unicode_escape').encode('latin1').split(b'|'), float(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
out, start, status, seen = b'', time.time(), None, 0
while time.time() - start < limit and status is None:
    if select.select([fd], [], [], .05)[0]:
        try: out += os.read(fd, 4096)
        except OSError: pass
    if words and out.rstrip().endswith(b'?') and len(out) > seen:
        os.write(fd, words.pop(0)); seen = len(out)
    done, code = os.waitpid(pid, os.WNOHANG)
    status = os.waitstatus_to_exitcode(code) if done else None
echo = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
if status is None:
    os.kill(pid, 9)
while select.select([fd], [], [], .1)[0]:
    try: more = os.read(fd, 4096)
    except OSError: break
    out += more
print(out.decode(errors='replace'))
print(f'STATUS {status} ECHO {echo} SECONDS {time.time() - start:.1f}')
P
echo 'print("got " + input("name? ").upper())' >ask.py
echo 'import getpass; print("word of", len(getpass.getpass("secret? ")))' >secret.py
typed() { # NAME WORDS TEXT COMMAND...: the text stands on the screen, within the time
	local name=$1 words=$2 text=$3
	shift 3
	python3 typist.py "$words" 20 "$@" >screen 2>&1
	if grep -qF -- "$text" screen && ! grep -q "STATUS None" screen; then ok "$name"; else not_ok "$name" screen; fi
}
run="$fleetrun --log_dir log --stop_timeout 60"
typed "input()" 'hello\n' "got HELLO" $run --nproc_per_node 1 ask.py
check "ends well" grep -q "STATUS 0" screen
typed "the first of two reads, the other one has no input" 'hello\n' "EOFError" $run --nproc_per_node 2 --follow all ask.py
typed "a prompt is shown with --follow too" 'hello\n' "127.0.0.1:0|name? " $run --nproc_per_node 1 --follow all ask.py
typed "end of input by Ctrl-D" '\x04' "EOFError" $run ask.py
typed "a password" 'word\n' "word of 4" $run secret.py
printf 'import sys\nx = 41\nbreakpoint()\nprint("after", x)\n' >stops.py
printf 'p x + 1\nc\n' | timeout 20 $run stops.py >piped.log 2>&1
check "a debugger that reads a pipe" grep -q "after 41" piped.log
check "its answer" grep -q "42" piped.log
typed "Ctrl-C while it reads" '\x03' "interrupted" $run ask.py
check "ends at once" sh -c "grep -q 'STATUS 130' screen && awk '/^STATUS/ { exit !(\$6 < 15) }' screen"
typed "Ctrl-C while it reads a password" '\x03' "interrupted" $run secret.py
check "the terminal echoes again" grep -q "ECHO True" screen
typed "in the background" '' "EOFError" bash -c "set -m; $run ask.py & wait"
timeout 20 $run ask.py >closed.log 2>&1 <&-
check "without standard input" grep -q EOFError closed.log

# What foreign programs print is seen at once: lines, a prompt, a bar that rewrites itself.
cat >slow.py <<'P'
import sys, time
print("first line"); sys.stderr.write("\r 10%"); sys.stderr.write("\r 20%"); time.sleep(6); print(" end")
P
timeout 30 $run --nproc_per_node 1 python3 slow.py >lines.log 2>&1 &
within 4 grep -q "first line" lines.log
check "a line of Python is seen while it runs" grep -q "first line" lines.log
timeout 30 $run --log_dir log2 --nproc_per_node 1 --follow all python3 slow.py >bar.log 2>&1
wait
check "a bar is shown as it stands" grep -qE '^127.0.0.1:0\| 20%$' bar.log
