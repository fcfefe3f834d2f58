#!/usr/bin/env bash
# The Makefile: a compiler that warns of more than ours must not keep a user from a program.
. "$(dirname "$0")/lib.sh"
compile() { # ARGS...: what make would run to compile one file, in a folder where nothing is built
	env -u WERROR -u MAKEFLAGS -u MFLAGS make -n BUILD="$work/other" "$@" "$work/other/obj/src/base/err.o"
}
compile >"$work/plain" 2>&1
check "make says how it compiles" grep -q -- "-Wall .*err\.c" "$work/plain"
check "a warning is no error" sh -c "! grep -q -- -Werror '$work/plain'"
compile WERROR=1 >"$work/strict" 2>&1
check "WERROR=1 makes it one" grep -q -- ' -Werror ' "$work/strict"
compile WERROR=0 >"$work/off" 2>&1
check "WERROR=0 is the default" cmp "$work/off" "$work/plain"
PKG_CONFIG_LIBDIR=$work PKG_CONFIG_PATH='' compile >"$work/without" 2>&1
check "what is missing is named" grep -q 'pkg-config does not know .*pmix.*ompi-c: scripts/install-deps' "$work/without"
check "and nothing is where all is there" sh -c "! grep -q 'does not know' '$work/plain'"

# One file knows which of oneDNN's C interfaces is there; nobody else compares versions of a library.
check "no version of a library is compared elsewhere" sh -c \
	"! grep -rnE '^ *# *(if|elif).*(DNNL|OMPI|OPAL|MPI|PMIX)_[A-Z_]*VERSION' src --include=*.c --include=*.h | grep -v '^src/device/cpu/dnnl_api\.'"
