#!/usr/bin/env bash
# flotilla convert and ckpt show as a person uses them, on files that the reference wrote.
set -u
flotilla=${BUILD:-build}/bin/flotilla
golden=../shared/oracle/golden/formats
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/    /' "$dir/log"
	fi
}
same() { [ "$1" = "$2" ] || { echo "'$1' and '$2' differ"; return 1; }; }
# Ends with this status and says this.
ends() { # STATUS PATTERN COMMAND...
	local due=$1 pattern=$2 rc
	shift 2
	"$@" >"$dir/out" 2>&1
	rc=$?
	cat "$dir/out"
	[ "$rc" -eq "$due" ] && grep -q -- "$pattern" "$dir/out"
}

check 'help' ends 0 'convert' "$flotilla" --help
check 'unknown command' ends 2 "did you mean 'convert'" "$flotilla" conver
check 'unknown option' ends 2 "did you mean '--digest'" "$flotilla" ckpt show x --diges
check 'file that is not there' ends 3 'do not exist' "$flotilla" ckpt show "$dir/none"
check 'unknown ending' ends 2 'ends with none of' "$flotilla" convert tests/golden/ckpt/after_eval.pdstates "$dir/x.npz"
printf 'PK\003\004zip' >"$dir/torch.pdparams"
check 'PyTorch file' ends 3 'zip archive' "$flotilla" ckpt show "$dir/torch.pdparams"
printf '\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.' >"$dir/evil.pdparams"
check 'hostile file' ends 3 "asks for 'os.system'" "$flotilla" convert "$dir/evil.pdparams" "$dir/x.safetensors"
check 'nothing was written' test ! -e "$dir/x.safetensors"

if [ ! -e "$golden/model_final.pdopt" ]; then
	echo "skip conversions: no $golden"
	exit 0
fi
digest() { "$flotilla" ckpt show "$1" --digest; }
check 'to our format' "$flotilla" convert "$golden/model_final.pdparams" "$dir/a.safetensors"
check 'and back' "$flotilla" convert "$dir/a.safetensors" "$dir/b.pdparams"
check 'and again' "$flotilla" convert "$dir/b" "$dir/c.safetensors"
check 'nothing is lost' cmp "$dir/a.safetensors" "$dir/c.safetensors"
for e in pdparams pdema; do
	check "digest of .$e" same "$(digest "$golden/model_final.$e")" "$(digest "$dir/b.$e")"
done
check 'momentum and progress' same "$("$flotilla" ckpt show "$golden/model_final.pdopt")" "$("$flotilla" ckpt show "$dir/b.pdopt")"
check 'digest across formats' same "$(digest "$dir/a.safetensors")" "$(digest "$dir/b.pdparams")"
check 'weights as trained alone' "$flotilla" convert "$dir/a.safetensors" "$dir/raw.pdema"
check 'plain weights' "$flotilla" convert "$dir/raw.pdema" "$dir/raw.safetensors"
check 'keep their digest' same "$(digest "$dir/raw.safetensors")" "$(digest "$golden/model_final.pdema")"
check 'plain weights to Paddle' "$flotilla" convert "$dir/raw.safetensors" "$dir/raw.pdparams"
check 'keep it again' same "$(digest "$dir/raw.pdparams")" "$(digest "$golden/model_final.pdema")"
check 'one kind' ends 2 'of one kind' "$flotilla" convert "$dir/raw.pdparams" "$dir/other.pdparams"
