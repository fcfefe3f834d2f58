#!/usr/bin/env bash
# What README and docs have typed, as far as it can be told without doing it: every command is one, and every option is in its
# --help. And every link leads somewhere. The pages that are followed line by line are in tutorial.sh.
. "$(dirname "$0")/lib.sh"
pages=(README.md docs/*.md)

# "PAGE:LINE command" of each line in a block, and of each word in `quotes` in the text, that starts one of our programs; in a block
# a line that ends in \ goes on in the next.
typed() {
	awk '
		FNR == 1 { fenced = 0; open = "" }
		/^ *```/ { fenced = !fenced; next }
		open != "" || fenced || /^    / {
			line = open $0; open = ""
			if (line ~ /\\$/) { sub(/\\$/, " ", line); open = line; next }
			sub(/^ +/, "", line); sub(/ #.*/, "", line); gsub(/build\/bin\//, "", line)
			while (line ~ /^[A-Z_]+=[^ ]+ /) sub(/^[^ ]+ /, "", line)
			if (line ~ /^(flotilla|fleetrun) [^=|:]/) print FILENAME ":" FNR " " line
			next
		}
		{
			for (n = split($0, words, "`"); n > 1; n--)
				if (n % 2 == 0 && words[n] ~ /^(build\/bin\/)?(flotilla|fleetrun) /) {
					sub(/^build\/bin\//, "", words[n])
					print FILENAME ":" FNR " " words[n]
				}
		}' "$@"
}
help() { # PROGRAM [COMMAND]: its options, kept
	[ -e "$work/help.$1.${2:-}" ] || "$build/bin/$@" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z_]+' | tr -d ' ,' | tr _ - >"$work/help.$1.${2:-}"
	cat "$work/help.$1.${2:-}"
}
options() { tr ' ' '\n' | sed -n 's/^\[*\(--*[a-zA-Z_-]*\).*/\1/p' | tr _ - | grep -v '^-*$'; }
wrong() { # LINE: what of it is unknown
	local line=$1 program command rest option
	program=${line%% *}
	rest=${line#* }
	if [ "$program" = fleetrun ]; then
		# Up to the program; of that all that is ours is looked at again.
		case $rest in *" flotilla "*) wrong "flotilla ${rest#* flotilla }" ;; esac
		for option in $(echo "${rest%% flotilla *}" | sed 's/ [a-z_/]*\.py.*//' | options); do
			case $option in --gpus | --man | --completion) continue ;; esac # taken, and not in its help
			help fleetrun | grep -qxF -- "$option" || echo "fleetrun has no $option"
		done
		return
	fi
	command=${rest%% *}
	case $command in --*) return ;; tools/*.py) command=$(basename "$command" .py) command=${command%%_*} ;; esac
	"$flotilla" --help | grep -q "^  $command " || { echo "no command '$command'"; return; }
	for option in $(echo "${rest#"$command"}" | options); do
		help flotilla "$command" | grep -qxF -- "$option" || echo "flotilla $command has no $option"
	done
}
typed "${pages[@]}" >"$work/typed"
check "the pages have commands" test "$(wc -l <"$work/typed")" -ge 50
for page in $(cut -d: -f1 "$work/typed" | sort -u); do
	grep "^$page:" "$work/typed" | while read -r at line; do wrong "$line" | sed "s|^|$at |"; done >"$work/wrong"
	if [ -s "$work/wrong" ]; then not_ok "$page" "$work/wrong"; else ok "$page: $(grep -c "^$page:" "$work/typed") commands and options"; fi
done
# It can fail.
check "an unknown option is found" test -n "$(wrong 'fleetrun --nproc_per_node 2 flotilla train -c my.yml --evaluate')"
check "and one of fleetrun" test -n "$(wrong 'fleetrun --nprocs_per_node 2 flotilla train -c my.yml')"
check "an unknown command as well" test -n "$(wrong 'flotilla traim -c my.yml')"

# Links of pages to pages.
broken() {
	local page target
	for page in "${pages[@]}"; do
		grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//; s/#.*//' | while read -r target; do
			case $target in http*://* | '') ;; *) [ -e "$(dirname "$page")/$target" ] || echo "$page: $target" ;; esac
		done
	done
}
check "every link leads somewhere" test -z "$(broken | tee "$work/broken")"
[ ! -s "$work/broken" ] || sed 's/^/    /' "$work/broken"
