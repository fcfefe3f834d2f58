# Sourced by the end-to-end scripts: a scratch folder, and checks that print ok and not ok lines.
build=$(cd "${BUILD:-build}" && pwd)
flotilla=$build/bin/flotilla
fleetrun=$build/bin/fleetrun
work=$(mktemp -d "${TMPDIR:-/tmp}/flotilla-e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT
export OMPI_MCA_mpi_yield_when_idle=1

ok() { echo "ok $1"; }
not_ok() { # NAME FILE: with the end of the file as the reason
	echo "not ok $1"
	[ -n "${2:-}" ] && tail -n 12 "$2" | sed 's/^/    /'
	return 0
}
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$work/check.log" 2>&1; then ok "$name"; else not_ok "$name" "$work/check.log"; fi
}
# NAME STATUS 'TEXT' COMMAND...: must end with the status and say the text
says() {
	local name=$1 want=$2 text=$3 got=0
	shift 3
	timeout "${patience:-60}" "$@" >"$work/says.log" 2>&1 </dev/null || got=$?
	if [ "$got" -eq "$want" ] && grep -qF -- "$text" "$work/says.log"; then
		ok "$name"
	else
		echo "status $got, wanted $want and '$text'" >>"$work/says.log"
		not_ok "$name" "$work/says.log"
	fi
}
# SECONDS COMMAND...: until it succeeds, no longer than that
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1 || [ "$SECONDS" -ge "$end" ]; do sleep 0.05; done
}
# A data set of N pictures, and options that make a job of seconds out of the demo's recipe.
tiny_data() { "$flotilla" data synth "$work/data" --images "${1:-24}" --val 6 --width 96 --height 96 >"$work/synth.log" 2>&1; }
tiny() {
	echo "-c configs/demo/ppyoloe_demo.yml -o width_mult=0.125 epoch=${EPOCHS:-2} snapshot_epoch=1 log_iter=1
		TrainDataset.dataset_dir=$work/data EvalDataset.dataset_dir=$work/data
		PPYOLOEHead.static_assigner_epoch=1 worker_num=1"
}
# Such a job into $work/NAME, its words in $work/NAME.log.
tiny_train() { # NAME MORE...
	local name=$1
	shift
	"$flotilla" train $(tiny) save_dir="$work/$name" TrainReader.batch_size=4 "$@" >"$work/$name.log" 2>&1
}
sizes='TrainReader.batch_transforms=[{BatchRandomResize: {target_size: [96, 128], random_size: true, random_interp: true}},
	{NormalizeImage: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}, {Permute: {}}, {PadGT: {}}]'
