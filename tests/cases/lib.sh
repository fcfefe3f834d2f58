# Sourced by the tests of real reports and of files that other tools write: one file for each kind of report, named
# after it, opening with the report's source. A test makes its input small in $work and says what is right.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
case_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A job of seconds in $work/job: recipe.yml, images/, train.json and val.json (8 pictures of six shapes, 96 x 96).
case_job() {
	local made=$work/made
	"$flotilla" data synth "$made" --images 8 --val 4 --width 96 --height 96 >"$work/synth.log" 2>&1 || return 1
	mkdir -p "$work/job"
	cp -r "$made/images/train" "$work/job/images"
	cp "$made/annotations/train.json" "$work/job/train.json"
	cp "$made/annotations/train.json" "$work/job/val.json"
	cp "$case_root/recipe.yml" "$work/job/recipe.yml"
}
