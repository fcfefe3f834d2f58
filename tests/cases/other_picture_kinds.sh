#!/usr/bin/env bash
# Pictures that PaddleDetection reads through OpenCV: BMP (tools/infer.py's list; open-mmlab/mmdetection issue 2172), TIFF
# (PaddleDetection issue 9386), WebP, WebP named .jpg (CertifaiAI/classifai issue 394), JPEG of ink. That the pixels are
# OpenCV's is in tests/golden/test_pictures.c; here: every command takes them, folders say what they pass over, and
# broken ones get a sentence.
set -u
. "$(dirname "$0")/lib.sh"

kinds=$work/kinds
mkdir "$kinds"
while read -r name file; do picture "$name" "$kinds/$file"; done <<'END'
bmp_24.bmp b.bmp
bmp_rle8.bmp run.BMP
webp_lossy.webp w.webp
webp_lossless_alpha.webp alpha.webp
webp_animated.webp moving.webp
webp_named.jpg webp-named.jpg
tiff_lzw.tif t.tif
tiff_16_rgb.tif deep.tiff
tiff_cmyk.tif ink.tif
jpeg_cmyk_adobe.jpg cmyk.jpg
jpeg_exif_6.jpg turned.jpg
png_palette_4bit.png p.png
END
while IFS='|' read -r file text; do
	says "$file is described" 0 "$file: $text" "$flotilla" data check "$kinds/$file"
done <<'END'
b.bmp|BMP, 19x11, 3 channels of 8 bits
run.BMP|BMP, 19x11, 1 channel of 8 bits
w.webp|WebP, 19x11, 3 channels of 8 bits
alpha.webp|WebP, 19x11, 4 channels of 8 bits
moving.webp|WebP, 19x11
webp-named.jpg|WebP, 19x11, 3 channels of 8 bits
t.tif|TIFF, 19x11, 3 channels of 8 bits
ink.tif|TIFF, 19x11, 4 channels of 8 bits
cmyk.jpg|JPEG, 37x29, 4 channels of 8 bits
turned.jpg|JPEG, 29x37, 3 channels of 8 bits, orientation 6 (turned by it)
p.png|PNG, 19x11, 1 channel of 4 bits
END
says "16 bits are said" 3 "1 image of 16 bits a sample" "$flotilla" data check "$kinds/deep.tiff"
says "another name is said" 0 "webp-named.jpg is WebP" "$flotilla" data check "$kinds/webp-named.jpg"

# A folder: all of them, and aloud what is none by its name.
case_job
cd "$work/job" || exit 1
"$flotilla" train -c recipe.yml -o epoch=1 snapshot_epoch=1 >"$work/train.txt" 2>&1
cp "$kinds"/* images/
printf 'GIF89a' >images/old.gif
printf 'GIF89a' >images/really-a-gif.jpg
"$flotilla" infer -c recipe.yml -o weights=output/recipe/model_final --infer_dir images --output_dir drawn >"$work/infer.txt" 2>&1
status=$?
check "infer takes every kind" test "$status" -eq 0
check "as many as there are" grep -q '20 pictures with' "$work/infer.txt"
check "what is passed over is counted and named" grep -q "1 file of 'images' is passed over.*old.gif" "$work/infer.txt"
check "what is no picture inside is named" grep -q "really-a-gif.jpg': a GIF picture; save it as PNG" "$work/infer.txt"
for file in b.bmp w.webp t.tif cmyk.jpg p.png turned.jpg; do
	check "drawn/$file is written" test -s "drawn/$file"
done
while IFS='|' read -r file text; do
	says "drawn/$file is what its name says" 0 "$file: $text" "$flotilla" data check "drawn/$file"
done <<'END'
b.bmp|BMP, 19x11, 3
w.webp|WebP, 19x11, 3
t.tif|TIFF, 19x11, 3
cmyk.jpg|JPEG, 37x29, 3
p.png|PNG, 19x11, 3
turned.jpg|JPEG, 29x37, 3
END
mkdir videos && printf x >videos/a.mp4
says "a folder of other files" 3 "no picture (.jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff) in the folder" \
	"$flotilla" data check videos
says "it names them" 3 "1 file of 'videos' is passed over" "$flotilla" data check videos

# Broken files: a sentence and 3 each.
bad=$work/bad
mkdir "$bad"
broken() { # NAME FROM 'TEXT' [OFFSET BYTES | cut SIZE]
	cp "$kinds/$2" "$bad/$1"
	case ${4:-} in
	'') ;;
	cut) truncate -s "$5" "$bad/$1" ;;
	*) patch_at "$bad/$1" "$4" "$5" ;;
	esac
	says "$1: $3" 3 "$3" "$flotilla" data check "$bad/$1"
}
broken header.bmp b.bmp "its header is cut short" cut 20
broken half.bmp b.bmp "its pixels are cut short" cut 300
broken no-pixels.bmp b.bmp "its pixels are cut short" cut 54
broken no-width.bmp b.bmp "its width or height is none" 18 '\0\0\0\0'
broken negative.bmp b.bmp "its width or height is none" 18 '\377\377\377\377'
broken no-height.bmp b.bmp "its width or height is none" 22 '\0\0\0\0'
broken huge.bmp b.bmp "too large to be true" 18 '\377\377\377\0\377\377\0\0'
broken far.bmp b.bmp "its pixels are cut short" 10 '\377\377\377\177'
broken bits.bmp b.bmp "a BMP of 13 bits a pixel" 28 '\015\0'
broken packed.bmp b.bmp "compression 4, which flotilla does not read" 30 '\004'
broken length.bmp b.bmp "its header has a length that is unknown" 14 '\015'
broken colours.bmp run.BMP "its palette has more than 256 colours" 46 '\001\002\0\0'
broken runs.bmp run.BMP "its pixels are cut short" cut 1100
broken header.webp w.webp "a WebP whose header cannot be read" cut 20
broken half.webp w.webp "it ends too early" cut 60
broken last.webp w.webp "it ends too early" cut $(($(stat -c %s "$kinds/w.webp") - 2))
broken chunk.webp w.webp "WebP" 12 'VP9 '
broken length.webp w.webp "WebP" 16 '\377\377\377\377'
broken mark.webp w.webp "WebP" 23 '\0\0\0'
broken size.webp w.webp "WebP" 26 '\0\0\0\0'
broken riff.webp w.webp "WebP" 4 '\010\0\0\0'
broken alpha.webp alpha.webp "WebP" cut 100
broken moving.webp moving.webp "WebP" cut 90
broken first.webp moving.webp "WebP" 12 'VP8Q'
broken header.tif t.tif "a TIFF whose header cannot be read" cut 7
broken half.tif t.tif "a TIFF whose header cannot be read" cut 60
broken away.tif t.tif "a TIFF whose header cannot be read" 4 '\377\377\377\177'
broken no-page.tif t.tif "a TIFF whose header cannot be read" 4 '\0\0\0\0'
for entry in 256:width 257:length 258:bits 259:compression 262:colours 273:offsets 277:samples; do
	tag=${entry%%:*}
	at=$(LC_ALL=C grep -obUaP "$(printf '\\x%02x\\x%02x[\\x03\\x04]\\x00' $((tag % 256)) $((tag / 256)))" "$kinds/t.tif" | head -n 1 | cut -d: -f1)
	broken "${entry##*:}.tif" t.tif "TIFF" $((at + 8)) '\377\377\377\177'
	check "${entry##*:}.tif: the place was found" test -n "$at"
done
