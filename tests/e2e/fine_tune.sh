#!/usr/bin/env bash
# Weights of a model with other classes: training says what it took and what not, evaluation refuses; the rule of
# the learning rate is printed, kept in the checkpoint, and a resume under another is refused;
# 16-bit keys are accepted.
. "$(dirname "$0")/lib.sh"
tiny_data 12
T="$flotilla train $(EPOCHS=2 tiny) TrainReader.batch_size=4"
first=$work/one/ppyoloe_demo/0.safetensors
says "a run at its own batch" 0 "was chosen for 16 images a step, this job has 4 (1 rank of 4); batch_rule linear: 0.0025" \
	$T save_dir="$work/one" LearningRate.batch_rule=linear LearningRate.base_lr=0.01
says "a resume under another rule" 3 "was trained with LearningRate.batch_rule linear and base_batch 16, this recipe has keep and 16" \
	$T save_dir="$work/one" -r "$first"
says "a resume with another base" 3 "go on with -o LearningRate.batch_rule=linear LearningRate.base_batch=16" \
	$T save_dir="$work/one" LearningRate.batch_rule=linear LearningRate.base_batch=8 -r "$first"
says "a resume under the same rule" 0 "resumed from" $T save_dir="$work/one" LearningRate.batch_rule=linear -r "$first"
# Another instruction set stands for another version of the library: what a checkpoint keeps names both.
resume() { $T save_dir="$work/one" LearningRate.batch_rule=linear -r "$first" >"$work/resume.log" 2>&1; }
resume
check "the same arithmetic: nothing to say" sh -c "! grep -q 'the last bits' '$work/resume.log'"
if grep -qw avx /proc/cpuinfo; then
	DNNL_MAX_CPU_ISA=SSE41 ONEDNN_MAX_CPU_ISA=SSE41 resume
	check "a resume with another arithmetic says so" grep -qE \
		'made with oneDNN [0-9.]+ for [a-z0-9_]+, .*passes for .*, this run computes with oneDNN [0-9.]+ for sse41, .*the last bits' \
		"$work/resume.log"
else
	echo "skip a resume with another arithmetic: this processor has one instruction set only"
fi

says "an unknown rule" 3 "LearningRate.batch_rule" $T LearningRate.batch_rule=cubic

# The same pictures with a seventh category.
cp -r "$work/data" "$work/seven"
sed -i 's/"categories": \[/"categories": [{"id": 7, "name": "new"},/' "$work"/seven/annotations/*.json
S="num_classes=7 TrainDataset.dataset_dir=$work/seven EvalDataset.dataset_dir=$work/seven"
says "fine-tuning on more classes" 0 "417 loaded, 6 skipped for shape, 0 missing, 0 of the file unused" \
	$T $S epoch=1 save_dir="$work/two" pretrain_weights="$first"
check "names what it skipped" grep -qF "skipped: yolo_head.pred_cls.0.weight has [6,96,3,3] in the file, [7,96,3,3] in the model" "$work/says.log"
header='{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
{ printf "\\x$(printf %x ${#header})\0\0\0\0\0\0\0%s\0\0\0\0" "$header"; } >"$work/stranger.safetensors"
says "weights of another model" 3 "fits the model" $T pretrain_weights="$work/stranger.safetensors"
says "evaluation of other classes" 3 "does not cover the model: 0 tensors are missing and 6 have another shape, 'yolo_head.pred_cls.0.weight' first" \
	"$flotilla" eval $(tiny) $S -o weights="$first"
says "evaluation of another width" 3 "does not cover the model" "$flotilla" eval $(tiny) -o width_mult=0.25 weights="$first"
says "resume with other classes" 3 "but the recipe's model needs" $T $S LearningRate.batch_rule=linear save_dir="$work/one" -r "$first"
