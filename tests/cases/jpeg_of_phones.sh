#!/usr/bin/env bash
# Odd JPEG that OpenCV decodes whole: a scan header that ends at 0 (Samsung phones; WongKinYiu/yolov7 issue 1164,
# opencv/opencv issue 24212), padding between headers, bytes behind the end, rare sampling factors. They train and score
# like any other; what is odd is a note. A file that ends too early is refused, as OpenCV 5.0.0 refuses it.
set -u
. "$(dirname "$0")/lib.sh"

odd=$work/odd
mkdir "$odd"
for name in sos_se_0 sos_ss_1 sos_ah_al bytes_before_marker jfif_3; do
	picture "jpeg_$name.jpg" "$odd/$name.jpg"
	says "$name decodes with a note" 0 "note    1 image that decodes whole" "$flotilla" data check "$odd/$name.jpg"
done
for name in fill_ff_before_marker trailing_text trailing_jpeg restart 411 440 410 progressive arithmetic rgb_components \
	ycck cmyk_plain no_jfif bytes_before_eoi; do
	picture "jpeg_$name.jpg" "$odd/$name.jpg"
	says "$name decodes without a word" 0 "fit for training" "$flotilla" data check "$odd/$name.jpg"
	check "$name: no note" sh -c "! grep -q note '$work/says.log'"
done
for name in cut_half_eoi zeros_inside restart_lost; do
	picture "jpeg_$name.jpg" "$odd/$name.jpg"
	says "$name decodes as OpenCV does, and the loss is said" 3 "of which a part is lost" "$flotilla" data check "$odd/$name.jpg"
done
refused=$work/refused
mkdir "$refused"
while IFS='|' read -r name text; do
	picture "jpeg_$name.jpg" "$refused/$name.jpg"
	says "$name is refused" 3 "$text" "$flotilla" data check "$refused/$name.jpg"
done <<'END'
cut_half|truncated JPEG: Premature end of JPEG file
cut_in_last_row|Premature end of JPEG file
no_eoi|Premature end of JPEG file
half_eoi|Premature end of JPEG file
progressive_cut|Premature end of JPEG file
progressive_no_eoi|Premature end of JPEG file
precision_12|Unsupported JPEG data precision 12
dnl_zero_height|header cannot be read
two_soi|header cannot be read: Invalid JPEG file structure: two SOI markers
padding_in_front|not an image that flotilla reads
END

# In training none of them is replaced.
case_job
for file in "$work"/job/images/*.jpg; do
	at=$(LC_ALL=C grep -obUaP '\xff\xda\x00\x0c\x03' "$file" | head -n 1 | cut -d: -f1)
	patch_at "$file" $((at + 12)) '\0'
done
(cd "$work/job" && "$flotilla" data check train.json images >"$work/check.txt" 2>&1)
check "the patched pictures have the oddity" grep -q "note    8 images that decode whole" "$work/check.txt"
(cd "$work/job" && "$flotilla" train -c recipe.yml -o epoch=1 snapshot_epoch=1 >"$work/train.txt" 2>&1)
check "training takes them" grep -q '"bad_images": 0' "$work/job/output/recipe/summary.json"
