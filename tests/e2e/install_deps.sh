#!/usr/bin/env bash
# scripts/install-deps on systems that are not here: a package manager that knows and has what each check says, and
# writes down what it was asked to do. What real systems make of it: scripts/test-in.
. "$(dirname "$0")/lib.sh"
export known=$work/known installed=$work/installed asked=$work/asked

# A PATH on which nothing but these lies: the system's own package manager must not answer.
tools() { # FOLDER
	mkdir -p "$1"
	for name in bash cat awk grep sed uname env; do
		ln -sf "$(command -v $name)" "$1/$name"
	done
	tool "$1/id" <<<'echo "${FAKE_USER:-0}"'
}
tool() { # FOLDER/NAME: with the script on stdin
	{ echo '#!/usr/bin/env bash'; cat; } >"$1"
	chmod +x "$1"
}
apt=$work/apt dnf=$work/dnf none=$work/none
tools "$apt" && tools "$dnf" && tools "$none"
tool "$apt/dpkg-query" <<'E'
grep -qx -- "${!#}" "$installed" && echo 'install ok installed'
E
tool "$apt/apt-cache" <<'E'
grep -qx -- "$2" "$known" && echo "  Candidate: 1.0" || echo "  Candidate: (none)"
E
tool "$apt/apt-get" <<'E'
echo "apt-get $*" >>"$asked"
case " ${FAKE_OFFLINE:-} " in *" $1 "*) exit 100 ;; esac
E
tool "$dnf/rpm" <<'E'
grep -qx -- "$2" "$installed"
E
tool "$dnf/dnf" <<'E'
case $2 in repoquery) grep -x -- "$3" "$known"; exit 0 ;; esac
echo "dnf $*" >>"$asked"
E
deps() { env PATH="$where" bash scripts/install-deps "$@"; }
lines() { printf '%s\n' $1; }
wants() { # NAME 'WORDS' ARGS...: install-deps prints exactly these
	local name=$1 words=$2
	shift 2
	deps "$@" >"$work/out" 2>&1
	check "$name" diff <(sort "$work/out") <(lines "$words" | sort)
}
refuses() { # NAME STATUS 'TEXT' ARGS...
	local name=$1 status=$2 text=$3
	shift 3
	says "$name" "$status" "$text" env PATH="$where" bash scripts/install-deps "$@"
}

debian="gcc make pkgconf libc6-dev libdnnl-dev libopenmpi-dev openmpi-bin libpmix-dev libjpeg62-turbo-dev libspng-dev
	libwebp-dev libtiff-dev libyaml-dev libjansson-dev libsodium-dev libmicrohttpd-dev"
where=$apt
: >"$installed"
lines "$debian" >"$known"
wants "Debian: every name" "$debian" --print
check "printing installs nothing" test ! -e "$asked"
sed -i 's/^pkgconf$/pkg-config/; s/^libjpeg62-turbo-dev$/libjpeg-turbo8-dev/' "$known"
wants "names of another release" "$(cat "$known")" --print
sed -i '/^libdnnl-dev$/d' "$known"
refuses "a package that no repository has" 1 "no package 'libdnnl-dev' is known here" --print
lines "$debian" | grep -v libjpeg | tee "$known" >"$installed"
refuses "none of several names" 1 "no package 'libjpeg62-turbo-dev' or 'libjpeg-turbo8-dev' is known here"
lines "$debian" >"$known"
rm -f "$asked"
refuses "what is missing is installed" 0 "installing: libjpeg62-turbo-dev"
check "and nothing else" grep -qx "apt-get install -y -qq --no-install-recommends libjpeg62-turbo-dev" "$asked"
FAKE_OFFLINE=update refuses "one repository that does not answer" 0 "installing: libjpeg62-turbo-dev"
FAKE_OFFLINE='update install' refuses "without a network" 1 "could be installed: libjpeg62-turbo-dev; is there a network?"
FAKE_USER=1000 refuses "without root and sudo" 1 "only root can install them"
echo libjpeg-turbo8-dev >>"$installed"
rm -f "$asked"
check "all there, one under its other name: nothing is done" deps
check "nor asked" test ! -e "$asked"
refuses "the tests need more" 1 "no package 'libcmocka-dev' is known here" tests
refuses "a package needs more" 1 "no package 'build-essential' is known here" package
refuses "an unknown word" 2 "unknown word 'test'" test

fedora="gcc make pkgconf-pkg-config glibc-devel onednn-devel openmpi-devel openmpi pmix-devel
	libjpeg-turbo-devel libspng-devel libwebp-devel libtiff-devel libyaml-devel jansson-devel libsodium-devel
	libmicrohttpd-devel"
where=$dnf
: >"$installed"
lines "$fedora" >"$known"
wants "Fedora: every name" "$fedora" --print
refuses "Fedora: the MPI's folder is named" 0 "module load mpi/openmpi-"
check "Fedora: one call installs all" grep -q 'dnf -y -q install .*gcc.*onednn-devel.*libsodium-devel' "$asked"
where=$none
refuses "another system: the names to look for" 1 "neither apt-get nor dnf is here"
