#!/usr/bin/env bash
# Before the first step: all ranks are about to train the same, or nobody trains.
. "$(dirname "$0")/lib.sh"
export OMP_NUM_THREADS=1
LIMIT=240
tiny_data 24
machines 2
fresh() { # each machine has its own recipe, data and program, at first the same
	local i
	rm -rf "$work"/disk.?/*
	for i in $all; do cp -r configs "$work/data" "$build/bin/flotilla" "$work/disk.$i/"; done
}
train() {
	local own="TrainDataset.dataset_dir=$disk/data EvalDataset.dataset_dir=$disk/data"
	fleet "$disk/flotilla" train $(EPOCHS=1 tiny | sed "s#configs/#$disk/configs/#; s#$work/data#$disk/data#g") $own \
		TrainReader.batch_size=2 save_dir="$disk/run" "$@"
}
recipe=configs/demo/ppyoloe_demo.yml

fresh
train
all_end "the same everywhere trains" 0

fresh
echo "log_iter: 1
seed: 77" >>"$work/disk.2/$recipe"
train
all_end "another recipe ends with 7" 7
for i in $all; do said "both lines are shown, machine $i" "$i" "seed: 77"; done
said "with the machine's name" 1 "first fault: 10.77.0.2 disagrees about the recipe"

fresh
sed -i 's/"width": 96/"width": 97/' "$work/disk.2/data/annotations/train.json"
sed -i 's/"width":96/"width":97/' "$work/disk.2/data/annotations/train.json"
train
all_end "another data set ends with 7" 7
said "the data set is named" 2 "disagrees about the data set"

fresh
printf 'x' >>"$work/disk.1/flotilla"
train
all_end "another build ends with 7" 7
said "the program is named" 1 "disagrees about the program"

fresh
args="$disk/flotilla train $(EPOCHS=1 tiny) TrainReader.batch_size=2 save_dir=$disk/run"
OMP_NUM_THREADS=1 agent 1 --ips "$ips" $args
OMP_NUM_THREADS=2 agent 2 --ips "$ips" $args
all_end "other thread settings end with 7" 7
said "the numbers are named" 2 "OMP_NUM_THREADS"

# The same name of the first weights on both machines, but not the same weights.
fresh
for i in 1 2; do
	"$flotilla" train $(EPOCHS=1 tiny) TrainReader.batch_size=8 seed=$i save_dir="$work/seed$i" >"$work/seed.log" 2>&1
	cp "$work/seed$i/ppyoloe_demo/model_final.safetensors" "$work/disk.$i/start.safetensors"
done
train pretrain_weights="$disk/start.safetensors"
all_end "other weights to begin with end with 7" 7
for i in $all; do said "the weights are named, machine $i" "$i" "disagrees about the weights"; done
cp "$work/disk.1/start.safetensors" "$work/disk.2/start.safetensors"
train pretrain_weights="$disk/start.safetensors"
all_end "the same weights train" 0

# Programs that say nothing are not asked.
fleet sh -c 'echo "rank $RANK"; sleep 0.2'
all_end "programs without agreement run" 0
nothing_left "nothing stays behind"
