#!/usr/bin/env bash
# What people get wrong: each with its sentence and exit status. (Recipes: tests/unit/config; detections: eval.sh;
# weights and checkpoints: ckpt tests; fleetrun: fleetrun.sh.)
. "$(dirname "$0")/lib.sh"
tiny_data 12
d=$work/data
train() { echo "$flotilla train $(EPOCHS=1 tiny) save_dir=$work/run"; }
T=$(train)

says "no command" 2 "no command given" "$flotilla"
says "unknown command" 2 "did you mean 'train'?" "$flotilla" trian
says "train without a recipe" 2 "no recipe given" "$flotilla" train
says "unknown option" 2 "did you mean '--resume'?" "$flotilla" train --resum x
says "stray word" 2 "unexpected argument 'now'" "$flotilla" train now
says "recipe that is not there" 3 "cannot open 'gone.yml'" "$flotilla" train -c gone.yml
says "recipe of another kind" 2 "ends in .yml or .yaml" "$flotilla" train -c README.md
says "a recipe that is an ending" 2 "is an ending without a name" "$flotilla" train -c "$work/.yml"
says "unknown device" 2 "is not in this build" $T --device tpu
says "override without a value" 2 "is not of the form key=value" $T -o seed
says "flag with a strange word" 2 "takes true or false" $T --eval=maybe
says "unknown key" 3 "unknown key 'epochs'" $T -o epochs=3
says "batch larger than the data" 3 "images are fewer than the 64" $T -o TrainReader.batch_size=64
says "other number of classes" 3 "has 6 categories; set -o num_classes=6" $T -o num_classes=7
says "no annotation file" 3 "cannot open" $T -o TrainDataset.anno_path=gone.json
says "no VOC list" 3 "without an annotation file" $T -o TrainDataset.name=VOCDataSet
says "resume from nothing" 3 "gone" $T -r "$work/gone"
says "pretrained address" 3 "pretrain_weights=''" $T -o pretrain_weights=https://example.com/x.pdparams
says "a width of nothing" 3 "leaves a layer of 1 channel" $T -o width_mult=0.02
says "a stage of nothing" 3 "leaves a layer of 1 channel" $T -o width_mult=0.25 'CSPResNet.channels=[64,2,2,2,2]'
says "a last stage of nothing" 3 "leaves a layer of 1 channel" $T -o width_mult=0.25 'CSPResNet.channels=[64,128,256,2,2]'
says "too many classes" 3 "num_classes is 5000" "$flotilla" plans -c configs/ppyoloe/bccd_s_256_60e.yml -o num_classes=5000
says "a layer of too many channels" 3 "makes a layer of 6144 channels, at most 4096" $T -o width_mult=4
printf '\2\0\0\0\0\0\0\0{}' >"$work/none.safetensors"
says "the same in infer, which has no batch statistics" 3 "channels, at most 4096 are possible" \
	"$flotilla" infer -c configs/demo/ppyoloe_demo.yml -o width_mult=4 weights="$work/none.safetensors" \
	TestDataset.dataset_dir="$d" --infer_img "$d/images/train/000001.jpg"
says "images too small for ATSS" 3 "fewer than the 9 candidates" $T \
	"TrainReader.batch_transforms=[{Resize: {target_size: [64, 64]}}, {NormalizeImage: {}}]" TrainReader.batch_size=2
echo "not a checkpoint" >"$work/junk.safetensors"
says "a file that is no checkpoint" 3 "junk.safetensors" $T -r "$work/junk.safetensors"
says "evaluate without weights" 3 "no weights given" "$flotilla" eval -c configs/demo/ppyoloe_demo.yml -o weights=
says "evaluate both ways at once" 2 "give one or the other" "$flotilla" eval -c configs/demo/ppyoloe_demo.yml --gt a --dt b
says "infer without a picture" 2 "give one of --infer_img and --infer_dir" "$flotilla" infer -c configs/demo/ppyoloe_demo.yml
says "probe without a batch" 2 "probe needs --batch" "$flotilla" probe -c configs/demo/ppyoloe_demo.yml --out x
mkdir "$work/empty"
says "a folder without pictures" 3 "no picture (.jpg, .jpeg, .png, .bmp" "$flotilla" data check "$work/empty"
says "data without a verb" 2 "data needs" "$flotilla" data
says "data with an unknown verb" 2 "unknown verb 'chek'" "$flotilla" data chek
says "synth without a folder" 2 "synth needs one folder" "$flotilla" data synth
says "no right to write" 4 "cannot make folder" "$flotilla" data synth /proc/x
if [ "$(id -u)" -eq 0 ]; then
	says "save_dir below a file" 4 "Not a directory" $T -o save_dir="$work/junk.safetensors/x"
else
	says "save_dir without permission" 4 "cannot make folder" $T -o save_dir=/root/x
fi

# Pictures.
bad=$work/bad
mkdir -p "$bad"
good=$d/images/train/000001.jpg
cp "$good" "$bad/good.jpg"
: >"$work/zero.jpg"
head -c 900 "$good" >"$work/short.jpg"
echo "hello" >"$work/text.jpg"
# a JPEG whose header says 65500 x 65500
"$build/programs/patch_size" "$good" "$work/huge.jpg"
{ head -c 600 "$good"; head -c 600 /dev/zero; } >"$work/noise.jpg"
says "a good picture" 0 "fit for training" "$flotilla" data check "$bad/good.jpg"
says "an empty file" 3 "an empty file" "$flotilla" data check "$work/zero.jpg"
says "a truncated picture" 3 "truncated JPEG" "$flotilla" data check "$work/short.jpg"
says "no picture at all" 3 "not an image" "$flotilla" data check "$work/text.jpg"
says "too large to be true" 3 "too large to be true" "$flotilla" data check "$work/huge.jpg"
says "a damaged picture" 3 "JPEG" "$flotilla" data check "$work/noise.jpg"
"$build/programs/make_picture" cmyk "$work/cmyk.jpg"
"$build/programs/make_picture" deep "$work/deep.png"
says "a picture in CMYK" 0 "JPEG, 96x96, 4 channels of 8 bits" "$flotilla" data check "$work/cmyk.jpg"
says "a picture of 16 bits" 3 "image of 16 bits a sample" "$flotilla" data check "$work/deep.png"
says "its name" 3 "deep.png" "$flotilla" data check "$work/deep.png"
says "a picture that is not there" 3 "does not exist" "$flotilla" data check "$work/none.jpg"

# Annotations: one fault each in an otherwise good set of one picture.
coco() { # NAME ANNOTATIONS [IMAGES]
	echo "{\"images\": [${3:-{\"id\": 1, \"file_name\": \"good.jpg\", \"width\": 96, \"height\": 96\}}],
		\"categories\": [{\"id\": 1, \"name\": \"a\"}], \"annotations\": [$2]}" >"$work/$1.json"
	echo "$flotilla data check $work/$1.json $bad"
}
box='"image_id": 1, "category_id": 1, "iscrowd": 0'
says "a good set" 0 "fit for training" $(coco fine "{\"id\": 1, $box, \"bbox\": [1, 1, 9, 9], \"area\": 81}")
says "box outside" 3 "wholly outside" $(coco out "{\"id\": 1, $box, \"bbox\": [200, 1, 9, 9], \"area\": 81}")
says "box over the edge" 0 "reaches over the edge" $(coco edge "{\"id\": 1, $box, \"bbox\": [90, 1, 19, 9], \"area\": 81}")
says "box of no area" 3 "of no area" $(coco flat "{\"id\": 1, $box, \"bbox\": [1, 1, 0, 9], \"area\": 0}")
says "box with NaN" 3 "NaN or infinity" $(coco nan "{\"id\": 1, $box, \"bbox\": [NaN, 1, 9, 9], \"area\": 81}")
says "box of three numbers" 3 "without a bbox of four" $(coco three "{\"id\": 1, $box, \"bbox\": [1, 9, 9], \"area\": 81}")
says "unknown category" 3 "unknown category" \
	$(coco cat "{\"id\": 1, \"image_id\": 1, \"category_id\": 9, \"bbox\": [1, 1, 9, 9], \"area\": 81}")
says "unknown image" 3 "unknown image" \
	$(coco im "{\"id\": 1, \"image_id\": 7, \"category_id\": 1, \"bbox\": [1, 1, 9, 9], \"area\": 81}")
says "duplicate ids are a matter of scores" 0 "2 annotations whose id others have too (scores suffer, training does not" $(coco twice "{\"id\": 1, $box, \"bbox\": [1, 1, 9, 9], \"area\": 81},
	{\"id\": 1, $box, \"bbox\": [5, 1, 9, 9], \"area\": 81}")
says "another size than stated" 3 "another size than stated" $(coco size "" \
	'{"id": 1, "file_name": "good.jpg", "width": 97, "height": 96}')
says "a missing picture" 3 "file is missing" $(coco miss "" '{"id": 1, "file_name": "no.jpg", "width": 9, "height": 9}')
says "an image id twice" 3 "stands for several" $(coco idtwice "" '{"id": 1, "file_name": "good.jpg", "width": 96, "height": 96},
	{"id": 1, "file_name": "good.jpg", "width": 96, "height": 96}')
says "an annotation without image_id" 3 "image_id" $(coco noid '{"id": 1, "category_id": 1}')
echo '{"images": [' >"$work/cut.json"
says "json that ends too early" 3 "json broken at byte" "$flotilla" data check "$work/cut.json"
echo '{"images": [},' >"$work/comma.json"
echo '[1, 2]' >"$work/list.json"
says "json of another kind" 3 "COCO" "$flotilla" data check "$work/list.json"

says "json broken where it is broken" 3 "json broken at byte 12 (line 1)" "$flotilla" data check "$work/comma.json"
says "a second image folder" 2 "one image folder" "$flotilla" data check "$work/cut.json" a b
says "synth of no pictures" 2 "--images" "$flotilla" data synth "$work/s" --images 0

# Everything wrong at once: each kind with its count and the file's name, and all of it counted.
mkdir "$work/many"
for f in a b c; do cp "$good" "$work/many/$f.jpg"; done
cp "$work/zero.jpg" "$work/short.jpg" "$work/text.jpg" "$work/huge.jpg" "$work/cmyk.jpg" "$work/deep.png" "$work/many"
image() { echo "{\"id\": $1, \"file_name\": \"$2\", \"width\": ${3:-96}, \"height\": 96}"; }
ann() { echo "{\"id\": $1, \"image_id\": $2, \"category_id\": ${4:-1}, \"bbox\": [$3], \"area\": 9, \"iscrowd\": 0}"; }
echo "{\"images\": [$(image 1 a.jpg), $(image 2 b.jpg 95), $(image 3 zero.jpg), $(image 4 short.jpg), $(image 5 text.jpg),
	$(image 6 huge.jpg), $(image 7 cmyk.jpg), $(image 8 deep.png), $(image 9 gone.jpg), $(image 1 c.jpg), $(image 10 a.jpg)],
	\"categories\": [{\"id\": 1, \"name\": \"x\"}],
	\"annotations\": [$(ann 1 2 "200, 1, 9, 9"), $(ann 2 2 "1, 1, 0, 9"), $(ann 3 2 "NaN, 1, 9, 9"), $(ann 4 2 "1, 1, 9"),
	$(ann 5 2 "1, 1, 9, 9" 7), $(ann 6 77 "1, 1, 9, 9"), $(ann 7 2 "1, 1, 9, 9"), $(ann 7 3 "1, 1, 9, 9"),
	$(ann 8 2 "3, 1, 0, 9")]}" >"$work/many.json"
many="$flotilla data check $work/many.json $work/many"
while IFS='|' read -r what; do
	says "of many faults: $what" 3 "$what" $many
done <<'FAULTS'
PROBLEM 1 image whose file is missing
many/gone.jpg
PROBLEM 4 images that cannot be decoded
many/zero.jpg': an empty file
many/short.jpg': a damaged or truncated JPEG
many/text.jpg': not an image
many/huge.jpg': 65500x65500 pixels, too large to be true
PROBLEM 1 image of 16 bits a sample
PROBLEM 1 image of another size than stated
many/b.jpg is 96x96, stated 95x96
PROBLEM 1 image id that stands for several images
id 1: 2 times, a.jpg and c.jpg
PROBLEM 1 file that is listed twice
PROBLEM 1 annotation without a bbox of four numbers
annotation 4 of b.jpg
PROBLEM 1 box with NaN or infinity
annotation 3 of b.jpg: [nan, 1, 9, 9]
PROBLEM 2 boxes of no area
PROBLEM 1 box wholly outside its image
PROBLEM 1 annotation of an unknown category
annotation 5 of b.jpg: category 7
PROBLEM 1 annotation of an unknown image
annotation 6 of (no image): image 77
note    2 annotations whose id others have too
id 7: 2 times, b.jpg and zero.jpg
16 problems that training would suffer from
FAULTS

# A bad picture in training: named once, whichever trainers meet it in whichever epoch, replaced, counted once.
cp "$work/short.jpg" "$d/images/train/000002.jpg"
says "a bad picture in training" 0 "the next good image takes its place" $T -o TrainReader.batch_size=4
check "it is counted" grep -q '"bad_images": 1' "$work/run/ppyoloe_demo/summary.json"
says "two trainers, six epochs" 0 "000002.jpg': a damaged or truncated JPEG" "$fleetrun" --nproc_per_node 2 --log_dir "$work/log" \
	"$flotilla" train $(EPOCHS=6 tiny) save_dir="$work/two" TrainReader.batch_size=2 snapshot_epoch=6
check "it is named once" sh -c "test \$(cat $work/log/workerlog.* | grep -c 'takes its place') -eq 1"
check "counted once" grep -q '"bad_images": 1' "$work/two/ppyoloe_demo/summary.json"
for f in "$d"/images/train/*.jpg; do cp "$work/short.jpg" "$f"; done
says "all pictures bad" 3 "none of the" $T -o TrainReader.batch_size=4
