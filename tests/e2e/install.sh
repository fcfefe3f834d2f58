#!/usr/bin/env bash
# make install and make uninstall, the manual pages and the completion of bash and zsh, as a user meets them: installed
# somewhere, called from elsewhere. Every option that --help shows is in the manual page and in both completions.
. "$(dirname "$0")/lib.sh"
tree=$PWD
stage=$work/stage/with\ space
make_here="make -s BUILD=${BUILD:-build} PREFIX=/opt/flotilla"
commands=$("$flotilla" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
options_of() { "$@" --help | sed -n '/^example:/q; s/^  \(-., \|    \)\(--[a-z_]*\).*/\2/p' | sort; }

check "make install" $make_here install DESTDIR="$stage"
home=$stage/opt/flotilla
share=$home/share
check "both programs and all recipes" [ -x "$home/bin/flotilla" -a -x "$home/bin/fleetrun" \
	-a "$(cd configs && find . -name '*.yml' | sort)" = "$(cd "$share/flotilla/configs" && find . -type f | sort)" ]
check "install over an installation" $make_here install DESTDIR="$stage"
says "a place that cannot be written" 2 "cannot create" $make_here install DESTDIR=/proc/flotilla
says "a prefix without an installation" 2 "nothing to uninstall" $make_here uninstall DESTDIR="$work/empty"

# Manual pages.
pages=$(cd "$share/man/man1" && ls)
check "a page for each command" [ "$pages" = "$({ echo fleetrun.1; echo flotilla.1; for c in $commands; do
	echo "flotilla-$c.1"; done; } | sort)" ]
page_tells() { # PAGE COMMAND...
	local page=$share/man/man1/$1
	shift
	diff <(sed -n 's/.*\\fB\\-\\-\([a-z_]*\)\\fR.*/--\1/p' "$page" | sort) <(options_of "$@")
}
for c in $commands; do check "the page of $c has all options" page_tells "flotilla-$c.1" "$flotilla" "$c"; done
check "the page of fleetrun has all options" page_tells fleetrun.1 "$fleetrun"
silent() { [ -z "$("$@" 2>&1 >/dev/null)" ]; }
if command -v groff >/dev/null; then
	check "groff warns of no page" silent groff -man -ww -Tutf8 "$share"/man/man1/*.1
else
	echo "skip groff: it is not here"
fi
if command -v mandoc >/dev/null; then
	check "mandoc finds nothing in any page" mandoc -Tlint "$share"/man/man1/*.1
else
	echo "skip mandoc: it is not here"
fi
says "no such page" 2 "no manual page of 'flotilla nothing'" "$flotilla" --man nothing
says "no such shell" 2 "bash or zsh" "$flotilla" --completion fish

# bash: the functions, called as bash calls them.
cat >"$work/complete.bash" <<'EOF'
. "$share/bash-completion/completions/flotilla"
. "$share/bash-completion/completions/fleetrun"
complete_line() { # LINE up to the cursor: what is offered, in a line
	local line=${1//=/ = }
	read -ra COMP_WORDS <<<"${line//:/ : }"
	case $1 in *' ') COMP_WORDS+=('') ;; esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	"_${COMP_WORDS[0]}"
	printf '%s\n' "${COMPREPLY[@]}" | sort
}
EOF
mkdir -p "$work/area/photos"
touch "$work/area/my.yml" "$work/area/photos.json"
in_bash() { (cd "$work/area" && share=$share bash --norc -c '. "$0"; complete_line "$1"' "$work/complete.bash" "$1"); }
offers() { # LINE WORD...
	local line=$1
	shift
	diff <(in_bash "$line") <(printf '%s\n' "$@" | sort)
}
for c in $commands; do check "bash: all options of $c" diff <(in_bash "flotilla $c --") <(options_of "$flotilla" "$c"); done
check "bash: all options of fleetrun" diff <(in_bash "fleetrun --") <(options_of "$fleetrun")
check "bash: commands" offers "flotilla " $commands
check "bash: a command begun" offers "flotilla rec" recipe-keys
check "bash: files of a file option" offers "flotilla train -c m" my.yml
check "bash: after an equals sign" offers "flotilla train --config=m" my.yml
check "bash: folders of a folder option" offers "flotilla infer --infer_dir p" photos
check "bash: words of an option" offers "flotilla eval --device " cpu ref
check "bash: an option after a list of values" offers "flotilla train -o epoch=1 a=b --ev" --eval
check "bash: train is meant where none is named" offers "flotilla -c my.yml --ev" --eval
check "bash: verbs" offers "flotilla data " check synth
check "bash: files after a verb" offers "flotilla data check p" photos photos.json
check "bash: '-' for '_'" offers "fleetrun --stall-p" --stall_policy
check "bash: words of fleetrun" offers "fleetrun --stall-policy=" wait restart abort
check "bash: ports behind names" offers "fleetrun --servers a:1,b:2 --worker" --worker_num --workers
check "bash: the program's options" offers "fleetrun --gpus 0,1 flotilla train --ev" --eval
check "bash: tools/train.py is train" offers "fleetrun --gpus 0,1 tools/train.py --ev" --eval

# Real shells at a terminal: lines with tabs are typed, a function in the programs' place notes what it was called with.
typed() { # SHELL RC LINE...: the notes
	local shell=$1 rc=$2 n=0 line
	shift 2
	: >"$work/notes"
	rm -f "$work/keys"
	mkfifo "$work/keys"
	(cd "$work/area" && TERM=dumb HOME=$work timeout 60 script -qc "$shell" /dev/null) <"$work/keys" >"$work/screen" 2>&1 &
	exec 3>"$work/keys"
	printf '%s\n' ". $work/$rc" >&3
	within 20 grep -q ready "$work/notes"
	for line in "$@"; do
		n=$((n + 1))
		printf "$line" >&3
		sleep 0.3
		printf '\025note end %s\n' "$n" >&3
		within 20 grep -qx "end $n" "$work/notes"
	done
	printf 'exit\n' >&3
	exec 3>&-
	wait
}
noted() { [ "$(sed -n '/^ready/d; /^end/d; p' "$work/notes")" = "$1" ] || { cat "$work/notes" "$work/screen"; false; }; }
if [ "$(script -qc 'tty -s && echo yes' /dev/null </dev/null 2>&1 | tr -d '\r')" != yes ]; then
	echo "skip shells at a terminal: script(1) is not here or there are no terminals"
else
	cat >"$work/bashrc" <<EOF
note() { echo "\$*" >>$work/notes; }
flotilla() { note flotilla "\$@"; }; fleetrun() { note fleetrun "\$@"; }
. "$share/bash-completion/completions/flotilla"; . "$share/bash-completion/completions/fleetrun"
bind 'set bell-style none'; note ready
EOF
	typed "bash --norc -i" bashrc 'flotilla tra\t-c m\t--ev\t\n' 'flotilla train --config=m\t\n' \
		'fleetrun --nproc_per_node 2 flotilla inf\t--infer_d\tp\t\n'
	check "bash at a terminal" noted "flotilla train -c my.yml --eval
flotilla train --config=my.yml
fleetrun --nproc_per_node 2 flotilla infer --infer_dir photos/"
	if command -v zsh >/dev/null; then
		cat >"$work/zshrc" <<EOF
fpath=("$share/zsh/site-functions" \$fpath)
autoload -Uz compinit && compinit -u -D
unsetopt beep prompt_sp
note() { print -r -- "\$*" >>$work/notes }
flotilla() { note flotilla "\$@" }; fleetrun() { note fleetrun "\$@" }
compadd() { # notes what is offered
	local -a hits
	if (( ! \${@[(I)-*[OAD]]} )); then
		builtin compadd -O hits "\$@"
		(( offering )) && note \${(F)hits}
	fi
	builtin compadd "\$@"
}
note ready
EOF
		typed "zsh -f -i" zshrc 'flotilla tra\t-c m\t--ev\t\n' 'flotilla train -o a=b c=d --ev\t\n' \
			'flotilla -c m\t--dev\tc\t\n' 'flotilla data che\tphotos.\t\n' \
			'fleetrun --gpus 0,1 flotilla tra\t--ev\t\n' 'fleetrun --nproc-per-node 2 tools/train.py --ev\t\n' \
			'fleetrun --stall_po\tab\t\n'
		check "zsh at a terminal" noted "flotilla train -c my.yml --eval
flotilla train -o a=b c=d --eval
flotilla -c my.yml --device=cpu
flotilla data check photos.json
fleetrun --gpus 0,1 flotilla train --eval
fleetrun --nproc-per-node 2 tools/train.py --eval
fleetrun --stall_policy=abort"
		lines=('offering=1\n' 'fleetrun --\t')
		for c in $commands; do lines+=("flotilla $c --\t"); done
		typed "zsh -f -i" zshrc "${lines[@]}"
		nth=2
		offered() { # PROGRAM...: by the line typed last but those to come
			diff <(sed -n "/^end $((nth - 1))\$/,/^end $nth\$/p" "$work/notes" | grep -- '^--' | sort -u) <(options_of "$@")
		}
		check "zsh: all options of fleetrun" offered "$fleetrun"
		for c in $commands; do
			nth=$((nth + 1))
			check "zsh: all options of $c" offered "$flotilla" "$c"
		done
	else
		echo "skip zsh: it is not here"
	fi
fi

# The installed programs, called from a folder of their own with nothing else of ours in PATH.
mkdir "$work/foreign"
export PATH=$home/bin:/usr/local/bin:/usr/bin:/bin
version_has() { # PROGRAM WORD...
	local program=$1 word
	"$program" --version >"$work/version" || return
	shift
	for word; do grep -qF -- "$word" "$work/version" || { echo "no '$word':"; cat "$work/version"; return 1; }; done
}
release=$(sed -n 's/.*FLOTILLA_VERSION "\(.*\)"/\1/p' src/base/version.h)
check "flotilla --version" version_has flotilla "flotilla $release (" "compiler   " "glibc $(getconf GNU_LIBC_VERSION |
	cut -d ' ' -f 2)" oneDNN "Open MPI" libyaml Jansson libsodium libspng libjpeg "device     cpu:" "device     ref:" \
	"recipes    $share/flotilla/configs"
check "fleetrun --version" version_has fleetrun "fleetrun $release (" PMIx libyaml Jansson libsodium "devices    "
says "neither goes on after it" 0 "fleetrun $release" fleetrun --version no_such_program
if git -c safe.directory='*' rev-parse --short=12 HEAD >"$work/commit" 2>/dev/null; then
	check "the commit is named" version_has flotilla "commit $(cat "$work/commit")"
else
	echo "skip the commit: this is no git repository"
fi
check "the release stands in one place" [ "$(git grep -lwF "$release" -- Makefile* src pkg scripts tools)" = src/base/version.h ]
cat >"$work/foreign/own.yml" <<EOF
_BASE_: [demo/ppyoloe_demo.yml]
save_dir: runs
EOF
away() { (cd "$work/foreign" && "$@"); }
job="width_mult=0.125 epoch=1 snapshot_epoch=1 log_iter=1 PPYOLOEHead.static_assigner_epoch=1 worker_num=1
	TrainDataset.dataset_dir=data EvalDataset.dataset_dir=data TestDataset.dataset_dir=data"
check "a data set" away flotilla data synth data --images 24 --val 6 --width 96 --height 96
check "two trainers by an installed recipe" away fleetrun --nproc_per_node 2 flotilla train \
	-c configs/demo/ppyoloe_demo.yml -o $job save_dir=runs
check "it is said which recipe" grep -qF "taking '$share/flotilla/configs/demo/ppyoloe_demo.yml'" \
	"$work/foreign/log/workerlog.0"
check "a recipe of one's own on an installed one" away flotilla train -c own.yml -o $job
check "its model sees" away flotilla infer -c own.yml -o $job weights=runs/own/model_final --infer_dir data/images/val
cp "$share/flotilla/configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml" "$work/foreign/copied.yml"
says "the bases of a copied recipe" 2 "taking '$share/flotilla/configs/ppyoloe/_base_/optimizer_300e.yml'" \
	env -C "$work/foreign" flotilla train -c copied.yml --device none
check "all of them" grep -qF "device 'none' is not in this build" "$work/says.log"
says "no such recipe" 3 "recipes that came with flotilla are in '$share/flotilla/configs'" env -C "$work/foreign" flotilla train -c demo/none.yml
echo "_BASE_: [demo/none.yml]" >"$work/foreign/none.yml"
says "no such base" 3 "in '_BASE_' at none.yml:1: cannot open 'demo/none.yml'" env -C "$work/foreign" flotilla train -c none.yml
echo "num_classes: x" >"$work/foreign/ppyoloe_demo.yml"
says "what is here comes first" 3 "ppyoloe_demo.yml:1" env -C "$work/foreign" flotilla train -c ppyoloe_demo.yml
mkdir -p "$work/foreign/demo" && cp "$work/foreign/ppyoloe_demo.yml" "$work/foreign/demo"
says "as a base too" 3 "demo/ppyoloe_demo.yml:1" env -C "$work/foreign" flotilla train -c own.yml

# Packages: pkg/try-deb makes and tries one, which takes too long here.
mkdir "$work/few"
for tool in bash dirname sed; do ln -s "$(command -v $tool)" "$work/few/$tool"; done
says "without the tools of a package" 1 "'dpkg-buildpackage' is not here (scripts/install-deps package)" \
	env PATH="$work/few" bash pkg/make-package deb "$work/deb"
says "of no kind" 2 "'zip' is neither deb nor rpm" pkg/make-package zip "$work/zip"
check "nothing was begun" [ ! -e "$work/deb" -a ! -e "$work/zip" ]
if command -v rpmspec >/dev/null; then
	check "the spec file is one" rpmspec -P -D "flotilla_version $release" -D "flotilla_needs gcc" pkg/flotilla.spec
else
	echo "skip the spec file: rpmspec is not here"
fi

check "make uninstall" $make_here uninstall DESTDIR="$stage"
check "nothing is left" [ -z "$(find "$stage" -mindepth 1)" ]
check "the programs hold no path of the build" bash -c '! grep -qF "$1" "$2" "$3"' - "$tree" "$flotilla" "$fleetrun"
