#!/usr/bin/env bash
# Recipes and lists that an editor saved in another encoding: PaddlePaddle/PaddleDetection issue 7788 (byte 0xc8 in a
# yml). The sentence names the line of the byte, whichever file of the recipe it stands in.
. "$(dirname "$0")/lib.sh"
case_job
cd "$work/job" || exit 1
lines=$(wc -l <recipe.yml)
train() { says "$1" "$2" "$3" "$flotilla" train -c "${4:-recipe.yml}" -o epoch=1 "${@:5}"; }

cp recipe.yml gbk.yml && printf '# \xc1\xb7\xcf\xb0\n' >>gbk.yml
train "GBK in the last line" 3 "gbk.yml:$((lines + 1)): byte 0xc1 is not UTF-8: save it as UTF-8" gbk.yml
printf '# caf\xe9\n' | cat - recipe.yml >latin.yml
train "Latin-1 in the first line" 3 "latin.yml:1: byte 0xe9 is not UTF-8: save it as UTF-8" latin.yml
sed 's/$/\r/' gbk.yml >crlf.yml
train "lines of Windows" 3 "crlf.yml:$((lines + 1)): byte 0xc1" crlf.yml
printf "_BASE_: ['gbk.yml']\nepoch: 1\n" >child.yml
train "in a base file" 3 "gbk.yml:$((lines + 1)): byte 0xc1" child.yml
iconv -t UTF-16LE recipe.yml >wide.yml
train "UTF-16 without a mark" 3 "wide.yml:1: the file is UTF-16: save it as UTF-8" wide.yml
sed 's/^  base_lr/\tbase_lr/' recipe.yml >tab.yml
train "a tab" 3 "the line begins with a tab: use spaces" tab.yml
not_there() { [ ! -e output ]; }
check "nothing was written" not_there

{ printf '\xef\xbb\xbf'; cat recipe.yml; printf '# 猫\n'; } >marked.yml
train "a byte order mark" 0 "Save checkpoint" marked.yml save_dir=marked
iconv -t UTF-16 recipe.yml >utf16.yml
train "UTF-16 with its mark" 0 "Save checkpoint" utf16.yml save_dir=utf16

# Annotations and label lists are read by other readers.
sed 's/"name": *"[a-z ]*"/"name": "\xe8"/' train.json >broken.json
at=$(LC_ALL=C grep -n $'\xe8' broken.json | head -n 1 | cut -d: -f1)
train "a truth file" 3 "(line $at): expected UTF-8 text (save the file as UTF-8), found byte 0xe8" recipe.yml \
	TrainDataset.anno_path=broken.json
iconv -t UTF-16 train.json >utf16.json
train "a truth file in UTF-16" 3 "utf16.json' is UTF-16: save it as UTF-8" recipe.yml TrainDataset.anno_path=utf16.json

mkdir voc
cp images/* voc/
first=$(basename "$(ls images/* | head -n 1)")
voc() { # NAME: one picture of one object of the class 'cat'
	printf '<?xml version="1.0"?>\n<annotation><size><width>96</width><height>96</height></size>\n'
	printf '<object><name>%s</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>60</xmax><ymax>60</ymax></bndbox></object>\n' "$1"
	printf '</annotation>\n'
}
voc cat >voc/a.xml
voc $'c\xe4t' >voc/b.xml
printf '%s a.xml\n' "$first" >voc/list.txt
printf '\xef\xbb\xbf%s a.xml\n' "$first" >voc/marked.txt
printf '%s b.xml\n' "$first" >voc/latin.txt
printf 'cat\r\ndog\r\n' >voc/labels.txt
printf '\xef\xbb\xbfcat\ndog\n' >voc/labels_marked.txt
printf 'dog\ncat\n\xb9\xb7\n' >voc/labels_gbk.txt
printf '%s a.xml\n' "$first" | iconv -t UTF-16 >voc/wide.txt
set_of() { # LIST LABELS
	echo "TrainDataset={name: VOCDataSet, dataset_dir: voc, image_dir: ., anno_path: $1, label_list: $2}"
}
one="TrainReader.batch_size=1 num_classes=2"
train "a label list in GBK" 3 "labels_gbk.txt:3: byte 0xb9 is not UTF-8" recipe.yml "$(set_of list.txt labels_gbk.txt)" $one
train "a VOC annotation in Latin-1" 3 "b.xml:3: byte 0xe4 is not UTF-8" recipe.yml "$(set_of latin.txt labels.txt)" $one
train "a VOC list in UTF-16" 3 "wide.txt:1: the file is UTF-16" recipe.yml "$(set_of wide.txt labels.txt)" $one
train "a byte order mark in a label list" 0 "Save checkpoint" recipe.yml "$(set_of list.txt labels_marked.txt)" $one \
	save_dir=voc_out
train "a byte order mark in a VOC list" 0 "Save checkpoint" recipe.yml "$(set_of marked.txt labels.txt)" $one \
	save_dir=voc_out2
