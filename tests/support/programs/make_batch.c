/* make_batch OUT SEED N H W FIRST LAST COUNT... - images FIRST .. LAST - 1 of a made-up batch
 * of N images as a batch file of flotilla probe, with COUNT boxes for each of them. The same
 * image has the same pixels and boxes in every file, whatever its neighbours are. Classes are
 * below 3. */
#include "support/formula.h"

#include "base/arena.h"
#include "ckpt/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	int v[6], counts[64] = { 0 }, n, first, count;
	struct fl_err err = FL_ERR_INIT;
	float *image, *boxes, *mask;
	int64_t most = 20;
	int32_t *classes;
	size_t area, all;

	for (int i = 0; i < 6; i++)
		v[i] = i + 2 < argc ? atoi(argv[i + 2]) : 0;
	n = v[1];
	first = v[4];
	count = v[5] - first;
	if (argc != 8 + count || count < 1 || n > 64 || v[5] > n) {
		fprintf(stderr, "usage: make_batch OUT SEED N H W FIRST LAST "
				"COUNT...\n");
		return 2;
	}
	for (int i = 0; i < count; i++)
		counts[first + i] = atoi(argv[8 + i]);
	area = 3 * (size_t)v[2] * (size_t)v[3];
	all = (size_t)n * (size_t)most;
	image = fl_malloc((size_t)n * area * sizeof(float));
	boxes = fl_calloc(all * 4, sizeof(float));
	mask = fl_calloc(all, sizeof(float));
	classes = fl_calloc(all, sizeof(int32_t));
	formula_image((uint64_t)v[0], 0, n, v[2], v[3], image);
	formula_boxes((uint64_t)v[0], 0, n, (int)most, counts, v[2], v[3], 3,
		      boxes, classes, mask);
	{
		size_t at = (size_t)first * (size_t)most;
		const struct named_tensor tensors[] = {
			{ "image",
			  DTYPE_F32,
			  4,
			  { count, 3, v[2], v[3] },
			  image + (size_t)first * area,
			  (size_t)count * area * 4 },
			{ "gt_bbox",
			  DTYPE_F32,
			  3,
			  { count, most, 4 },
			  boxes + 4 * at,
			  (size_t)count * (size_t)most * 16 },
			{ "gt_class",
			  DTYPE_I32,
			  3,
			  { count, most, 1 },
			  classes + at,
			  (size_t)count * (size_t)most * 4 },
			{ "pad_gt_mask",
			  DTYPE_F32,
			  3,
			  { count, most, 1 },
			  mask + at,
			  (size_t)count * (size_t)most * 4 },
		};

		if (safetensors_save(argv[1], tensors, 4, NULL, 0, &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
	}
	free(image);
	free(boxes);
	free(mask);
	free(classes);
	return 0;
}
