#!/usr/bin/env bash
# flotilla watch: a run followed from its folder while it is at work, on a terminal that changes its size and on none, to its
# end or to Ctrl-C; two ranks and who is slow; and folders that are missing, cut in half, killed, moved away.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1 LC_ALL=C.UTF-8 TERM=xterm
unset COLUMNS LINES NO_COLOR
tiny_data 24
run=$work/a/ppyoloe_demo

# A run of two ranks, watched from before its first step to its end by a reader that is no terminal.
train_two() {
	EPOCHS=6 "$fleetrun" --nproc_per_node 2 --ledger 2 --log_dir "$work/log" \
		"$flotilla" train $(EPOCHS=6 tiny) save_dir="$work/a" TrainReader.batch_size=2 --eval >"$work/a.log" 2>&1
}
train_two &
job=$!
within 120 test -e "$run/owner"
check "a run at work is followed to its end" timeout 240 "$flotilla" watch "$run" --every 0.1
cp "$work/check.log" "$work/plain.log"
wait $job
check "which was a good one" test -s "$run/summary.json"
has() { grep -qE -- "$2" "$1"; }
check "a line says where it stands" has "$work/plain.log" '^at work  epoch [0-9]+ of 6  step [0-9]+ of [0-9]+ \([0-9.]+ %\)  eta [0-9]:[0-9:]+  loss [0-9.]+  [0-9.]+ images/s'
check "the last one that it is done" has <(tail -n 1 "$work/plain.log") '^done  epoch 6 of 6  step ([0-9]+) of \1 \(100\.0 %\)'
check "no controls of terminals among them" sh -c "! grep -q '$(printf '\033')' $work/plain.log"
once() { COLUMNS=$1 "$flotilla" watch "$run" --once >"$work/once.log" 2>&1; }
check "one print" once 100
for text in '^ppyoloe_demo  done  epoch 6 of 6' 'images/s  step [0-9.]+ ms: [0-9]+ % computing' 'best AP 0\.[0-9]+ \(epoch [1-6]\)' \
	'learning rate' '^ +0  127\.0\.0\.1 +[0-9.]+ +[0-9.]+' '^ +1  127\.0\.0\.1 ' '^(slow:|no rank holds up)' '⠉|⠒|⠤|⣀|⡠'; do
	check "has '$text'" has "$work/once.log" "$text"
done
check "one print in plain letters" sh -c "LC_ALL=C COLUMNS=100 '$flotilla' watch '$run' --once >'$work/ascii.log'"
check "is in plain letters" sh -c "! LC_ALL=C grep -q '[^ -~]' $work/ascii.log"

# A terminal: python3 holds its other end.
if command -v python3 >/dev/null; then
	cat >"$work/terminal.py" <<'END'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
def size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def start(columns, rows, *command):
    pid, fd = pty.fork()
    if pid == 0:
        time.sleep(0.2)  # the window has its size by then
        os.execv(command[0], command)
    size(fd, columns, rows)
    return pid, fd
def read_until(fd, text, seconds=60):
    got, end = b"", time.time() + seconds
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 65536)
            except OSError:
                return got
            if not part:
                return got
            got += part
            if text and text in got:
                return got
    assert not text, (text, got[-2000:])
    return got
def picture(text):
    """The lines of the last whole picture."""
    last = text.split(b"\x1b[H")[-1]
    last = last[:last.index(b"\x1b[J")]
    return [re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", line) for line in last.decode().split("\r\n")]
flotilla, going, over = sys.argv[1:]
pid, fd = start(90, 30, flotilla, "watch", going, "--every", "0.1")
text = read_until(fd, b"\x1b[J")
assert b"\x1b[?1049h" in text, text[:200]
lines = picture(text)
assert len(lines) <= 30 and max(map(len, lines)) == 90, (len(lines), max(map(len, lines)))
size(fd, 50, 12)
os.kill(pid, signal.SIGWINCH)
end = time.time() + 60
while time.time() < end and max(map(len, lines)) != 50:
    text += read_until(fd, b"\x1b[J")
    lines = picture(text)
assert max(map(len, lines)) == 50 and len(lines) <= 12, lines
os.write(fd, b"\x03")
text = read_until(fd, None, 10)
assert text.rstrip().endswith(text.split(b"\x1b[?1049l")[-1].rstrip()) and b"\x1b[?25h\x1b[?1049l" in text, text[-300:]
assert b"not at work" in text.split(b"\x1b[?1049l")[-1], text[-900:]
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
pid, fd = start(90, 30, flotilla, "watch", over)
text = read_until(fd, None, 10)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert b"done" in text.split(b"\x1b[?1049l")[-1]
END
	cp -r "$run" "$work/going" && rm "$work/going/summary.json"
	check "a terminal: its size, its change, Ctrl-C, the end of the run" python3 "$work/terminal.py" "$flotilla" "$work/going" "$run"
else
	echo "skip a terminal: no python3"
fi

# What is missing or broken.
says "no run" 2 "no run given" "$flotilla" watch
says "two runs" 2 "2 runs are given" "$flotilla" watch "$run" "$run"
says "no folder" 3 "there is no folder '$work/none'" "$flotilla" watch "$work/none"
says "a file" 3 "is a file" "$flotilla" watch "$run/report.json"
mkdir "$work/empty"
says "a folder without a run" 3 "is no folder of a run" "$flotilla" watch "$work/empty" --once
says "a time that is none" 2 "every" "$flotilla" watch "$run" --every 0
mkdir "$work/half"
for f in metrics.jsonl report.json summary.json config.yml; do
	head -c $(($(wc -c <"$run/$f") / 2)) "$run/$f" >"$work/half/$f"
done
says "a folder cut in half is shown" 0 "images/s" "$flotilla" watch "$work/half" --once
check "with what is broken" grep -q "report.json: line" "$work/says.log"
says "a run that was killed" 0 "the run was killed" "$flotilla" watch "$work/going" --once
gone() {
	"$flotilla" watch "$work/going" --every 0.1 >"$work/gone.log" 2>&1 &
	local pid=$! rc=0
	within 20 test -s "$work/gone.log"
	mv "$work/going" "$work/moved"
	wait $pid || rc=$?
	[ $rc -eq 3 ] && grep -q "the folder '.*going' is gone" "$work/gone.log"
}
[ -d "$work/going" ] || { cp -r "$run" "$work/going" && rm "$work/going/summary.json"; }
check "a folder that goes away" gone
