#!/usr/bin/env bash
# flotilla watch --serve: a run as a page that renews itself and as JSON, for this machine alone or with a token, and
# watched from there; ports that are taken or none, strangers who send what is no question, a folder that goes away.
. "$(dirname "$0")/lib.sh"
export LC_ALL=C.UTF-8 COLUMNS=100
unset FLOTILLA_TOKEN LINES NO_COLOR
run=$work/run
mkdir "$run"
rank() { echo "{\"rank\": $1, \"host\": \"<b>h$1\", \"step_ms\": 100, \"compute_ms\": $2, \"data_ms\": 10, \"wait_ms\": 5}"; }
echo "{\"step\": 6, \"attempt\": 0, \"ranks\": [$(rank 0 40), $(rank 1 80)], \"slow\": 1, \"cause\": \"slower cores\", \"costs_ms\": 40}" >"$run/ledger.jsonl"
echo "{\"epochs\": 10, \"steps_per_epoch\": 4, \"ranks\": 2, \"batch_size\": 8, \"begun\": 1, \"ledger_file\": \"$run/ledger.jsonl\"}" >"$run/report.json"
step() { echo "{\"step\": $1, \"epoch\": $(($1 / 4)), \"lr\": 0.01, \"loss\": $2, \"batch_s\": 0.1, \"data_s\": 0.01, \"images_per_s\": 160}"; }
{ step 0 4; step 1 3; } >"$run/metrics.jsonl"
echo '<p>the whole page</p>' >"$run/report.html"

serve() { # NAME ARGS...: in the background; port and pid are set
	local name=$1
	shift
	"$flotilla" watch "$run" --serve 0 --every 0.1 "$@" >"$work/$name.out" 2>&1 &
	pid=$!
	within 30 grep -q 'http://' "$work/$name.out"
	port=$(sed -n 's|.*http://[^ ]*:\([0-9]*\)/ .*|\1|p' "$work/$name.out")
}
stop() { local rc=0; kill "$1" && wait "$1" || rc=$?; [ $rc -eq 0 ]; }
serve plain
check "it says where it is" test -n "$port"
says "the same in a terminal" 0 "slow: rank 1 holds up the others for 40 ms of each step: slower cores" "$flotilla" watch "localhost:$port" --once
check "with what the folder says" diff <("$flotilla" watch "$run" --once | grep -v 'new line') <(grep -v 'new line' "$work/says.log")
says "by its address as a browser has it" 0 "loss 3" "$flotilla" watch "http://127.0.0.1:$port/" --once
says "a port that is taken" 2 "port $port of '127.0.0.1' cannot be opened: Address already in use; --serve 0 takes one" \
	"$flotilla" watch "$run" --serve "$port"
says "no port" 2 "65535" "$flotilla" watch "$run" --serve 70000
says "a word for a port" 2 "serve" "$flotilla" watch "$run" --serve http
says "an address of another machine" 4 "cannot be opened" "$flotilla" watch "$run" --serve 0 --bind 192.0.2.1 --token x
says "no address" 2 "is no address of this machine" "$flotilla" watch "$run" --serve 0 --bind 300.1.1.1
says "for others without a token" 2 "that wants a token" "$flotilla" watch "$run" --serve 0 --bind 0.0.0.0
says "an address without a page" 2 "--bind" "$flotilla" watch "$run" --bind 127.0.0.1
says "once and for ever" 2 "one of the two" "$flotilla" watch "$run" --once --serve 0
says "no folder" 3 "there is no folder" "$flotilla" watch "$work/none" --serve 0
says "a page of a page" 2 "is served already" "$flotilla" watch "localhost:$port" --serve 0
says "nobody there" 5 "cannot be reached" "$flotilla" watch localhost:1 --once
says "no such machine" 5 "is not known here" "$flotilla" watch no-such-machine.invalid:80 --once
says "no such folder, which might be a machine" 3 "there is no folder" "$flotilla" watch out/my:8080 --once
plain=$pid plain_port=$port

serve secret --token 'word of mine'
says "without the token" 2 "wants a token" "$flotilla" watch "localhost:$port" --once
says "with another" 2 "wants another token" "$flotilla" watch "localhost:$port" --once --token 'word of min'
says "with the token" 0 "loss 3" env FLOTILLA_TOKEN='word of mine' "$flotilla" watch "localhost:$port" --once
check "which nobody is told" sh -c "! grep -q 'word of' $work/secret.out"

if ! command -v python3 >/dev/null; then
	echo "skip the page, its headers and bad questions: no python3"
else
	cat >"$work/ask.py" <<'END'
import base64, http.client, json, os, socket, sys, threading, time, xml.etree.ElementTree as xml
run, plain, secret = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def ask(port, path="/", method="GET", **headers):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    r = c.getresponse()
    return r.status, r.headers, r.read()
status, headers, page = ask(plain)
assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8", (status, headers)
assert headers["Cache-Control"] == "no-store" and headers["X-Frame-Options"] == "DENY", headers
root = xml.fromstring(page)  # it is whole, and no name of a host is markup
text = "".join(root.itertext())
for words in ("not at work", "Ranks", "Rank 1 holds up the others for 40 ms of each step: slower cores.", "<b>h1", "0:00"):
    assert words in text, (words, text)
assert b'http-equiv="refresh" content="5"' in page and b"<script" not in page and b"<svg" in page
assert ask(plain, method="HEAD")[::2] == (200, b"")
assert ask(plain, "/report.html")[2] == b"<p>the whole page</p>\n"
state = json.loads(ask(plain, "/status.json")[2])
assert state["step"] == 2 and len(state["ledger"]["ranks"]) == 2 and state["curves"][0]["y"] == [4, 3], state
for path in ("/metrics.jsonl", "/../report.json", "/%2e%2e/etc/passwd", "//", "/status.json/x"):
    assert ask(plain, path)[0] in (400, 404), path
assert ask(plain, method="POST")[0] == 405
assert ask(plain, Host="evil.example")[0] == 403 and ask(plain, Host="localhost:1")[0] == 200
assert ask(plain, Host="localhost.evil.example")[0] == 403
def basic(name, word):
    return "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode()
status, headers, _ = ask(secret)
assert status == 401 and headers["WWW-Authenticate"].startswith("Basic"), (status, headers)
for bad in ("", "Basic", "Basic !", "Basic " + "A" * 9000, "Bearer", "Bearer ", "Bearer word of min", basic("a", ""), basic("a", "word"),
            "Basic " + base64.b64encode(b"word of mine").decode(), "Digest word of mine"):
    assert ask(secret, Authorization=bad)[0] in (401, 413, 414, 431), bad
for good in ("Bearer word of mine", basic("", "word of mine"), basic("anyone", "word of mine")):
    assert ask(secret, Authorization=good, Host="other.example")[0] == 200, good
# What is no question, cut off or far too long; many who ask nothing.
for junk in (b"\0" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\nHost: " + b"a" * 100000, b"GET / HT"):
    s = socket.create_connection(("127.0.0.1", plain))
    try:
        s.sendall(junk)
    except OSError:
        pass  # it has hung up already
    s.close()
idle = [socket.create_connection(("127.0.0.1", plain)) for _ in range(40)]
assert ask(plain)[0] == 200
for s in idle:
    s.close()
# A new line is there at once.
with open(run + "/metrics.jsonl", "a") as f:
    f.write('{"step": 2, "epoch": 0, "loss": 1.5}\n')
end = time.time() + 30
while json.loads(ask(plain, "/status.json")[2])["step"] != 3:
    assert time.time() < end
    time.sleep(0.1)
END
	check "the page, its headers, bad questions, a new line" python3 "$work/ask.py" "$run" "$plain_port" "$port"
	# What is no flotilla at the other end.
	cat >"$work/liar.py" <<'END'
import socket, sys, threading
answers = [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}", b"hello\n", b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 5000000,
           b"HTTP/1.1 500 X\r\n\r\n"]
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
for answer in answers:
    c, _ = server.accept()
    c.recv(65536)
    try:
        c.sendall(answer)
    except OSError:
        pass
    c.close()
END
	python3 "$work/liar.py" >"$work/liar.port" &
	within 30 test -s "$work/liar.port"
	liar=$(cat "$work/liar.port")
	says "one who hangs up" 3 "is no 'flotilla watch --serve'" "$flotilla" watch "localhost:$liar" --once
	says "an empty answer" 3 "localhost:$liar: " "$flotilla" watch "localhost:$liar" --once
	says "no status" 3 "gives no status of a run" "$flotilla" watch "localhost:$liar" --once
	says "another protocol" 3 "is no 'flotilla watch --serve'" "$flotilla" watch "localhost:$liar" --once
	says "far too much" 5 "does not answer" "$flotilla" watch "localhost:$liar" --once
	says "an error" 3 "is no 'flotilla watch --serve'" "$flotilla" watch "localhost:$liar" --once
fi
check "a signal ends it" stop "$pid"
gone() { # the folder goes: the one that serves it and the one that watches there both end with a sentence
	local watcher rc=0 code=0
	"$flotilla" watch "localhost:$plain_port" --every 0.1 >"$work/watcher.log" 2>&1 &
	watcher=$!
	within 30 test -s "$work/watcher.log"
	mv "$run" "$work/moved"
	wait "$plain" || rc=$?
	wait "$watcher" || code=$?
	echo "$rc $code"
	[ $rc -eq 3 ] && [ $code -eq 5 ] && grep -q "is gone" "$work/plain.out" && grep -q "cannot be reached" "$work/watcher.log"
}
check "a folder that goes away" gone
