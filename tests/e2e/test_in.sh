#!/usr/bin/env bash
# scripts/test-in where something is missing: words, nothing left behind. What it is for takes an hour and a network;
# here a debootstrap stands in that makes nothing.
. "$(dirname "$0")/lib.sh"
bin=$work/bin scripts=$work/debootstrap/scripts
mkdir -p "$bin" "$scripts" "$work/tmp"
touch "$scripts/trixie" "$scripts/bookworm"
export DEBOOTSTRAP_DIR=$work/debootstrap TMPDIR=$work/tmp
tool() { # NAME: with the script on stdin
	{ echo '#!/bin/sh'; cat; } >"$bin/$1"
	chmod +x "$bin/$1"
}
tool id <<<'echo "${FAKE_USER:-0}"'
tool apt-get <<<'echo "http://mirror.invalid/ $(. /etc/os-release; echo $VERSION_CODENAME)"'
tool debootstrap <<'E'
echo "$*" >"$(dirname "$0")/asked"
echo "E: Failed getting release file"
exec ${FAKE_MAKING:-false}
E
refuses() { # NAME STATUS 'TEXT' ARGS...
	local name=$1 status=$2 text=$3
	shift 3
	says "$name" "$status" "$text" env PATH="$bin:$PATH" scripts/test-in "$@"
}
refuses "no system" 2 "which system?"
refuses "two systems" 2 "not 'bookworm' and '13'" bookworm 13
refuses "an unknown option" 2 "unknown option '--fast'" trixie --fast
refuses "an option without its value" 2 "--dir needs a folder" trixie --dir
refuses "a system that nobody knows" 2 "debootstrap knows no 'wheezyy'" wheezyy
refuses "a path is no system" 2 "is no name of a system" ../trixie
FAKE_USER=1000 refuses "without root" 1 "only root can make a system in a folder" trixie
check "help" sh -c "scripts/test-in --help | grep -q -- --mirror"
mkdir "$work/few"
for name in bash env dirname id; do ln -s "$(command -v $name)" "$work/few/$name"; done
ln -sf "$bin/id" "$work/few/id"
ln -s "$(command -v sh)" "$work/few/sh"
says "without debootstrap" 1 "apt-get install debootstrap" env PATH="$work/few" bash scripts/test-in 13
mkdir "$work/mine"
echo precious >"$work/mine/file"
refuses "somebody's folder" 1 "is neither empty nor a Debian system" trixie --dir "$work/mine"
check "stays as it is" test "$(cat "$work/mine/file")" = precious

if ! unshare --mount --pid --fork true 2>/dev/null; then
	echo "skip a system that cannot be made: no namespaces for this user here"
	exit 0
fi
refuses "a system that cannot be made" 1 "is there a network, and does that mirror have it" 13
check "it says what debootstrap said" grep -q "Failed getting release file" "$work/says.log"
check "12 and 13 are names; the mirror is apt's" grep -qE ' trixie .*/system http://mirror.invalid/$' "$bin/asked"
check "nothing is left" test -z "$(ls -A "$TMPDIR")"
FAKE_MAKING="sleep 987.$$" env PATH="$bin:$PATH" scripts/test-in trixie >"$work/stopped.log" 2>&1 &
script=$!
within 30 pgrep -f "^sleep 987.$$\$"
kill -TERM $script
wait $script
check "stopped: it says by what" test $? -eq 143
check "its processes have ended" sh -c "! pgrep -f '^sleep 987.$$\$'"
check "and nothing is left" test -z "$(ls -A "$TMPDIR")"
