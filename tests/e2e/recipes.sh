#!/usr/bin/env bash
# docs/recipes.md holds the tables that the option table prints, to the letter.
. "$(dirname "$0")/lib.sh"
sed -n '/^| key | default/,$p' docs/recipes.md >"$work/doc"
"$flotilla" recipe-keys >"$work/printed"
check "docs/recipes.md is what flotilla recipe-keys prints" diff "$work/doc" "$work/printed"
