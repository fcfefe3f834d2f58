#!/usr/bin/env bash
# report.html: written by a training at every evaluation and at its end, made anew by `flotilla report` of one run or of
# several, read by strict parsers and (where it is installed) by a headless Chromium; its numbers are those of
# metrics.jsonl; and places that are broken, cut off or cannot be written.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
tiny_data 12
run=$work/a/ppyoloe_demo
check "a run" tiny_train a --eval
check "leaves its page" test -s "$run/report.html"
check "and what it is made of" test -s "$run/report.json"
has() { grep -qF -- "$2" "$1"; }
check "it says how the run ended" has "$run/report.html" '<dt>status</dt><dd>done</dd>'
check "and what the line said otherwise than the recipe" has "$run/report.html" "<td>-o log_iter=1</td>"
digest=$("$flotilla" ckpt show "$run/best_model" --digest | head -c 32)
check "the digest of its weights" has "$run/report.html" "weights of best_model</th><td>$digest<"
check "and of its recipe" has "$run/report.html" "recipe (config.yml)</th><td>$(sha256sum "$run/config.yml" | head -c 32)<"
no_network() { ! grep -qiE '<script|<link|src="http|href="http|url\(|@import| on[a-z]+="' "$1"; }
check "it needs no network and no script" no_network "$run/report.html"

# The command makes the same page, but for the minute.
cp "$run/report.html" "$work/trained.html"
says "the command writes it anew" 0 "$run/report.html" "$flotilla" report "$run"
same() { diff <(sed 's/, 20[0-9-]* [0-9:]* UTC//' "$work/trained.html") <(sed 's/, 20[0-9-]* [0-9:]* UTC//' "$run/report.html"); }
check "as the training did" same
EPOCHS=3 check "the run goes on" tiny_train a --eval -r "$run"
check "and so does its page" has "$run/report.html" "<dd>3 of 3</dd>"

check "another run" tiny_train b epoch=1 log_iter=2 -o "save_dir=$work/b <i>"
other="$work/b <i>/ppyoloe_demo"
check "without an evaluation has a page too" test -s "$other/report.html"
says "two runs side by side" 0 "$work/both.html" "$flotilla" report "$run" "$other" --out "$work/both.html"
check "names are words" has "$work/both.html" "b &lt;i&gt;"
check "their recipes differ" has "$work/both.html" '<th scope="row">log_iter</th><td>1</td><td>2</td>'
check "that page needs no network either" no_network "$work/both.html"

# The time of every rank, by the launcher's ledger.
says "fleetrun says where its ledger is" 0 "it is $work/log/ledger.jsonl" "$fleetrun" --nproc_per_node 1 --log_dir "$work/log" \
	sh -c 'echo "it is $FLOTILLA_LEDGER"'
row() { echo "{\"rank\": $1, \"host\": \"h<$1>\", \"step_ms\": 9, \"compute_ms\": 4, \"data_ms\": 2, \"wait_ms\": 3}"; }
echo "{\"step\": 2, \"ranks\": [$(row 0), $(row 1)]}" >"$work/ledger.jsonl"
touch -d '+1 hour' "$work/ledger.jsonl" # written to while the run is at work
FLOTILLA_LEDGER=$work/ledger.jsonl PADDLE_TRAINER_ENDPOINTS=10.0.0.1:6170,10.0.0.1:6171,10.0.0.2:6170 \
	check "a run with a ledger" tiny_train l epoch=1
check "says on which machines ranks are" has "$work/l/ppyoloe_demo/report.html" ': 2 on 10.0.0.1, 1 on 10.0.0.2<'
check "shows each rank" has "$work/l/ppyoloe_demo/report.html" 'rank 1 (h&lt;1&gt;), by the ledger'
touch -d '-1 hour' "$work/ledger.jsonl"
FLOTILLA_LEDGER=$work/ledger.jsonl check "a run beside the ledger of an older one" tiny_train m epoch=1
shows_none() { ! grep -q "by the ledger" "$work/m/ppyoloe_demo/report.html"; }
check "shows none" shows_none

# What is broken.
says "no run" 2 "no run given" "$flotilla" report
says "no folder" 3 "there is no folder '$work/none'" "$flotilla" report "$work/none"
says "a file" 3 "is a file" "$flotilla" report "$run/report.json"
mkdir "$work/empty"
says "a folder without a run" 3 "is no folder of a run" "$flotilla" report "$work/empty"
says "nine runs" 2 "at most 8" "$flotilla" report $(yes "$run" | head -n 9)
check "nothing is written for them" test ! -e "$work/empty/report.html"
cut() { # NAME: the run's folder with every file cut in half
	mkdir "$work/$1" && for f in metrics.jsonl report.json summary.json config.yml; do
		head -c $(($(wc -c <"$run/$f") / 2)) "$run/$f" >"$work/$1/$f"
	done
}
cut half
says "a folder cut in half is a page with a warning" 0 "lines are not whole" "$flotilla" report "$work/half"
check "which the page says too" has "$work/half/report.html" 'class="note"'
cp "$work/half/report.html" "$work/before.html"
says "a place that is none" 4 "cannot" "$flotilla" report "$run" --out "$work/none/x.html"
if [ -w /dev/full ] && mkdir "$work/full" && mount -t tmpfs -o size=64k none "$work/full" 2>/dev/null; then
	cp "$run"/metrics.jsonl "$work/full/"
	head -c 1000000 /dev/zero >"$work/full/fill" 2>/dev/null
	says "a full disk" 4 "No space left" "$flotilla" report "$work/full"
	left() { [ "$(ls "$work/full" | sort | tr '\n' ' ')" = "fill metrics.jsonl " ]; }
	check "leaves nothing half-written" left
	umount "$work/full"
else
	echo "skip a full disk: a tmpfs cannot be mounted here"
fi
# A training whose page cannot be written goes on.
mkdir -p "$work/c/ppyoloe_demo"
blocked() {
	"$flotilla" train $(tiny) save_dir="$work/c" TrainReader.batch_size=4 epoch=1 --eval >"$work/c.log" 2>&1 &
	local pid=$!
	within 20 test -s "$work/c/ppyoloe_demo/metrics.jsonl"
	mkdir "$work/c/ppyoloe_demo/report.html" 2>/dev/null
	wait $pid
}
check "a training whose page cannot be written" blocked
check "says so" grep -q "report.html: .*the training goes on" "$work/c.log"
check "and is whole" test -s "$work/c/ppyoloe_demo/model_final.safetensors"

if ! command -v python3 >/dev/null; then
	echo "skip the numbers of the page: no python3"
else
	cat >"$work/read.py" <<'END'
import base64, json, re, sys, xml.etree.ElementTree as xml
from html.parser import HTMLParser
NS = "{http://www.w3.org/1999/xhtml}"

def numbers(table):
    head = ["".join(h.itertext()) for h in table.find(NS + "thead").iter(NS + "th")]
    rows = [["".join(d.itertext()) for d in r.iter(NS + "td")] for r in table.find(NS + "tbody")]
    return head, rows

def near(text, value):
    if value is None or value < 0 and text == "–":
        return text == "–"
    return abs(float(text) - value) <= 6e-6 * abs(value) + 1e-300

class Strict(HTMLParser):
    """Every element is closed in its order, and every id is there once."""
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.levels = [], set(), set(), []
    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        a = dict(attrs)
        assert "id" not in a or a["id"] not in self.ids, a
        self.ids.add(a.get("id"))
        self.links.add(a.get("href"))
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            assert int(tag[1]) <= (self.levels[-1] if self.levels else 0) + 1, (tag, self.levels)
            self.levels.append(int(tag[1]))
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

for path in sys.argv[3:]:
    text = open(path, encoding="utf-8").read()
    assert len(text.encode()) < 3_000_000
    p = Strict()
    p.feed(text)
    assert not p.open and p.levels[0] == 1
    for link in p.links - {None}:
        assert link.startswith("#") and link[1:] in p.ids or link.startswith("data:image/"), link
    xml.fromstring(text)

def contrast(a, b):
    """Of WCAG 2.1: 1 to 21."""
    def light(color):
        digits = color[1:] if len(color) == 7 else "".join(c + c for c in color[1:])
        parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    x, y = sorted((light(a), light(b)), reverse=True)
    return (x + 0.05) / (y + 0.05)

themes = [dict(re.findall(r"--(\w+):(#[0-9a-f]+)", block)) for block in re.findall(r":root\{(.*?)\}", text)]
assert len(themes) == 2 and themes[0].keys() == themes[1].keys(), themes
for t in themes:
    for word in ("text", "quiet", "link"):
        for under in ("ground", "panel"):
            assert contrast(t[word], t[under]) >= 4.5, (word, under, t)
    for under in ("heat", "note"):
        assert contrast(t["text"], t[under]) >= 4.5, (under, t)
    for line in range(1, 9):
        assert contrast(t[f"s{line}"], t["panel"]) >= 3, (line, t)

run = sys.argv[1]
lines = [json.loads(l) for l in open(run + "/metrics.jsonl")]
steps = [l for l in lines if "ap" not in l]
scores = [l for l in lines if "ap" in l]
names = {"AP": "ap", "AP50": "ap50", "AP75": "ap75", "small": "ap_small", "medium": "ap_medium", "large": "ap_large",
         "AR, 1 detection": "ar1", "AR, 10": "ar10", "AR, 100": "ar100", "Learning rate": "lr",
         "Images a second": "images_per_s"}
root = xml.parse(run + "/report.html").getroot()
seen = set()
for figure in root.iter(NS + "figure"):
    table = figure.find(".//" + NS + "table")
    if table is None or table.get("class") == "other":
        continue
    head, rows = numbers(table)
    if head[0] not in ("step", "epochs"):
        continue
    source = steps if head[0] == "step" else scores
    at = {l["step"] if head[0] == "step" else l["epoch"] + 1: l for l in source}
    assert len(rows) == len(at), (head, len(rows), len(at))
    for row in rows:
        line = at[float(row[0])]
        for name, cell in zip(head[1:], row[1:]):
            key = names.get(name, name)
            seen.add(key)
            assert near(cell, line[key]), (name, row, line[key])
losses = {k for k in steps[0] if k.startswith("loss")}
assert losses | {"lr", "ap", "ap50", "images_per_s"} <= seen, (losses, seen)
best = max(l["ap"] for l in scores)
kept = json.load(open(run + "/report.json"))["evaluation"]
line = next(l for l in scores if l["epoch"] == kept["epoch"])
assert line["ap"] == best
classes = kept["classes"]
mean = lambda values: sum(values) / len(classes)
assert abs(mean(c["ap"] for c in classes) - line["ap"]) < 1e-9
assert abs(mean(sum(c["precision"]) / 101 for c in classes) - line["ap50"]) < 1e-4
table = [t for t in root.iter(NS + "table") if "best F1" in "".join(t.itertext())]
rows = {"".join(r.find(NS + "th").itertext()): numbers_of for r in table[0].find(NS + "tbody")
        for numbers_of in [["".join(d.itertext()) for d in r.iter(NS + "td")][1:]]}
for c in classes:
    row = rows.pop(c["name"])
    assert abs(float(row[0]) - c["ap"]) < 6e-4 and int(row[2]) == c["truths"], (row, c["name"])
    f1 = [2 * r / (r + w + c["truths"]) for r, w in zip(c["right"], c["wrong"])]
    assert abs(float(row[3]) - max(f1)) < 6e-4 and abs(float(row[4]) - f1.index(max(f1)) / 100) < 1e-9, row
assert not rows, rows
names = kept["confusion"]["names"]
for c in classes:  # every object is found, taken for another or missed
    assert sum(n for i, _, n in kept["confusion"]["counts"] if i < len(names) and names[i] == c["name"]) == c["truths"], c["name"]
labels = json.load(open(run + "/report.json"))["labels"]
train = json.load(open(sys.argv[2]))
assert labels["boxes"] == len(train["annotations"]) == sum(c["boxes"] for c in labels["classes"])
assert sum(map(sum, labels["places"])) == sum(map(sum, labels["sizes"])) == labels["boxes"]
assert labels["images"] == sum(labels["crowd"])
pictures = [base64.b64decode(i.get("href").split(",")[1]) for i in root.iter(NS + "image")]
assert len(pictures) >= 3 and all(p[:2] == b"\xff\xd8" and p[-2:] == b"\xff\xd9" for p in pictures), len(pictures)
assert [h for h in root.iter(NS + "h3") if (h.text or "").startswith("worst: ")]
assert any(i.get("src", "").startswith("data:image/jpeg;base64,/9j/") for i in root.iter(NS + "img"))
assert "rank 0, all logged steps" in "".join(root.itertext())
drawn = "".join(t.text + ";" for t in root.iter(NS + "title"))
for i, k, n in kept["confusion"]["counts"]:
    is_ = (names + ["nothing"])[i]
    assert (f"{is_} found: {n} (" if i == k else f"{is_} taken for {(names + ['nothing'])[k]}: {n} (") in drawn, (i, k, n)
assert f"best {best:.3f}" in "".join(root.itertext())
END
	check "every number is that of metrics.jsonl, and parsers take the pages" \
		python3 "$work/read.py" "$run" "$work/data/annotations/train.json" "$run/report.html" "$work/both.html" "$work/half/report.html" "$other/report.html"
fi

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$chromium" ]; then
	echo "skip Chromium opens the page: there is no chromium"
	exit 0
fi
shown() { # WIDTH FILE: without an error, and nothing wider than the window
	timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --enable-logging=stderr --user-data-dir="$work/profile" \
		--window-size="$1,1200" --screenshot="$work/shot-$1.png" "file://$2" >"$work/chromium.log" 2>&1 || return 1
	! grep -E 'CONSOLE|SEVERE' "$work/chromium.log" && [ "$(wc -c <"$work/shot-$1.png")" -gt 5000 ]
}
for width in 390 820 1400; do
	check "Chromium shows it at a width of $width" shown $width "$run/report.html"
done
