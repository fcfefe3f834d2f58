/* Label files of tools, in a folder with one picture: VOC's XML (part 1), YOLO's text
 * and data.yaml (2, 3), labelme's json (4), a COCO json (5), lists of parts (6). Each
 * layout is read by its own reader, then all of it as `flotilla new` would; VOC also
 * as a data set that is trained on. */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "data/dataset.h"
#include "data/layout/layout.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = { "set/a.xml",
				     "set/a.txt",
				     "set/data.yaml",
				     "set/a.json",
				     "set/instances_train.json",
				     "set/train.txt" };

static void make_picture(void)
{
	struct fl_err err = FL_ERR_INIT;
	struct image im = { 0 };

	if (fl_exists(fuzz_path("set/a.png")))
		return;
	FUZZ_CHECK(fl_make_dirs(fuzz_path("set"), &err) == 0);
	image_resize_buffer(&im, 8, 6);
	memset(im.rgb, 7, 8 * 6 * 3);
	FUZZ_CHECK(image_write(fuzz_path("set/a.png"), &im, 90, &err) == 0);
	image_release(&im);
}

static void read_layout(const char *layout)
{
	struct fl_err err = FL_ERR_INIT;
	struct labels labels = { 0 };
	struct fl_str text = FL_STR_INIT;
	int rc = layout_read(fuzz_path("set"), layout, true, &labels, &err);

	fuzz_check_error(rc, &err);
	for (size_t i = 0; rc == 0 && i < labels.box_count; i++)
		FUZZ_CHECK(labels.boxes[i].class >= 0 &&
			   labels.boxes[i].class < labels.class_count);
	if (rc == 0)
		layout_coco_text(&labels, SPLIT_TRAIN, &text);
	fl_str_release(&text);
	labels_release(&labels);
}

static void read_dataset(void)
{
	struct dataset_options o = { .kind = DATASET_VOC,
				     .dataset_dir = fuzz_path("set"),
				     .image_dir = "",
				     .anno_path = "train.txt",
				     .label_list = "",
				     .allow_empty = true,
				     .empty_ratio = 1,
				     .sample_num = -1 };
	struct fl_err err = FL_ERR_INIT;
	struct dataset d = { 0 };
	int rc = dataset_open(&o, 20, &d, &err);

	fuzz_check_error(rc, &err);
	for (int i = 0; rc == 0 && i < d.count; i++)
		for (int k = 0; k < d.images[i].count; k++)
			FUZZ_CHECK(d.images[i].classes[k] >= 0 &&
				   d.images[i].classes[k] < d.class_count);
	if (rc == 0)
		dataset_close(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const layouts[] = { "voc", "yolo", "labelme",
					       "coco" };
	struct fuzz_parts p = { .at = data, .end = data + size };

	make_picture();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fuzz_next(&p) && p.size > 0)
			fuzz_file(names[i], p.data, p.size);
		else
			unlink(fuzz_path(names[i]));
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		read_layout(layouts[i]);
	read_layout(NULL);
	read_dataset();
	return 0;
}
