/* Given batches out of safetensors files, as docs/parity.md names their
 * tensors: NCHW pictures become NHWC, padded boxes become counted ones;
 * whatever does not fit the recipe is refused with its name. Called by probe.c
 * before a model is made. probe_batch owns the arrays, struct batch only points
 * to them. */
#include "probe/probe_priv.h"

#include "ckpt/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of that rank, with "batch." in front of its name or without: files
 * that the oracle records hold results beside the batch. */
static int need(const struct tensor_file *f, const char *path, const char *name,
		int rank, const struct named_tensor **out, struct fl_err *err)
{
	char with_prefix[64];

	snprintf(with_prefix, sizeof(with_prefix), "batch.%s", name);
	*out = tensor_file_find(f, name);
	if (!*out)
		*out = tensor_file_find(f, with_prefix);
	if (!*out)
		return fl_fail(err, FL_EDATA, "'%s' has no tensor '%s'", path,
			       name);
	if ((*out)->rank != rank)
		return fl_fail(
			err, FL_EDATA,
			"tensor '%s' of '%s' has %d dimensions, but must have %d",
			name, path, (*out)->rank, rank);
	return 0;
}

static int read_image(struct probe_batch *b, const struct named_tensor *t,
		      const char *path, struct fl_err *err)
{
	size_t n = (size_t)t->dims[0], area, count = named_tensor_count(t);
	float *planes;

	/* Multiples of the coarsest stride, as the model needs. */
	if (t->dims[1] != 3 || t->dims[2] % 32 || t->dims[3] % 32 || !count)
		return fl_fail(
			err, FL_EDATA,
			"'image' of '%s' must be [B,3,H,W] with H and W multiples of 32",
			path);
	b->batch.n = (int)n;
	b->batch.h = (int)t->dims[2];
	b->batch.w = (int)t->dims[3];
	area = (size_t)(t->dims[2] * t->dims[3]);
	/* Files may be half floats or doubles: read as float first, then
	 * reordered. */
	planes = fl_malloc(count * sizeof(float));
	b->image = fl_malloc(count * sizeof(float));
	named_tensor_f32(t, 0, count, planes);
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < 3; c++)
			for (size_t p = 0; p < area; p++)
				b->image[(i * area + p) * 3 + c] =
					planes[(i * 3 + c) * area + p];
	free(planes);
	b->batch.image = b->image;
	return 0;
}

/* Class and mask are [B,G,1], or any shape with as many values. */
static int read_boxes(struct probe_batch *b, const struct named_tensor *box,
		      const struct named_tensor *class,
		      const struct named_tensor *mask, int classes,
		      const char *path, struct fl_err *err)
{
	size_t n = (size_t)b->batch.n, most = (size_t)box->dims[1];
	float value;

	if (box->dims[0] != (int64_t)n || box->dims[2] != 4 ||
	    named_tensor_count(class) != n * most ||
	    named_tensor_count(mask) != n * most)
		return fl_fail(
			err, FL_EDATA,
			"gt_bbox, gt_class and pad_gt_mask of '%s' do not fit the image",
			path);
	b->batch.most = (int)most;
	b->boxes = fl_calloc(n * most + 1, 4 * sizeof(float));
	b->labels = fl_calloc(n * most + 1, sizeof(int));
	b->counts = fl_calloc(n, sizeof(int));
	named_tensor_f32(box, 0, n * most * 4, b->boxes);
	for (size_t i = 0; i < n * most; i++) {
		/* Classes are int32 in the file; a float holds all that a
		 * recipe may have. */
		named_tensor_f32(class, i, 1, &value);
		b->labels[i] = (int)value;
		named_tensor_f32(mask, i, 1, &value);
		/* The reference pads at the end, so those that count stand in
		 * front. */
		b->counts[i / most] += value > 0;
		if (b->labels[i] < 0 || b->labels[i] >= classes)
			return fl_fail(
				err, FL_EDATA,
				"gt_class of '%s' holds %d, but the recipe has %d classes",
				path, b->labels[i], classes);
	}
	b->batch.boxes = b->boxes;
	b->batch.labels = b->labels;
	b->batch.counts = b->counts;
	return 0;
}

/* (fy, fx) of the resize, by which boxes go back to the picture's pixels. */
static int read_scale(struct probe_batch *b, const struct tensor_file *f,
		      const char *path, struct fl_err *err)
{
	const struct named_tensor *t;
	size_t n = 2 * (size_t)b->batch.n;
	int rc = need(f, path, "scale_factor", 2, &t, err);

	if (rc != 0)
		return rc;
	if (named_tensor_count(t) != n || t->dims[1] != 2)
		return fl_fail(err, FL_EDATA,
			       "'scale_factor' of '%s' must be [%d,2]", path,
			       b->batch.n);
	b->scale_factor = fl_malloc(n * sizeof(float));
	named_tensor_f32(t, 0, n, b->scale_factor);
	for (size_t i = 0; i < n; i++)
		/* Boxes are divided by it. NaN is refused by the same line. */
		if (!(b->scale_factor[i] > 0))
			return fl_fail(
				err, FL_EDATA,
				"'scale_factor' of '%s' holds %g, but must be > 0",
				path, (double)b->scale_factor[i]);
	return 0;
}

static int read_truth(struct probe_batch *b, const struct tensor_file *f,
		      const char *path, int classes, struct fl_err *err)
{
	const struct named_tensor *box, *class, *mask;
	int rc = need(f, path, "gt_bbox", 3, &box, err);

	if (rc == 0)
		rc = need(f, path, "gt_class", 3, &class, err);
	if (rc == 0)
		rc = need(f, path, "pad_gt_mask", 3, &mask, err);
	return rc ? rc : read_boxes(b, box, class, mask, classes, path, err);
}

int probe_batch_open(struct probe_batch *b, const char *path, int classes,
		     bool eval, struct fl_err *err)
{
	const struct named_tensor *image;
	struct tensor_file f;
	int rc = tensor_file_open(&f, path, err);

	if (rc != 0)
		return rc;
	rc = need(&f, path, "image", 4, &image, err);
	if (rc == 0)
		rc = read_image(b, image, path, err);
	if (rc == 0)
		rc = eval ? read_scale(b, &f, path, err)
			  : read_truth(b, &f, path, classes, err);
	tensor_file_close(&f);
	return rc;
}

void probe_batch_close(struct probe_batch *b)
{
	free(b->image);
	free(b->boxes);
	free(b->scale_factor);
	free(b->labels);
	free(b->counts);
}
