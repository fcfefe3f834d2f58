#include "support/formula.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t key_of(uint64_t seed, const char *name)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001B3u;
	return h ^ seed * 0x9E3779B97F4A7C15u;
}

/* 24 bits of splitmix64. */
static int64_t bits(uint64_t key, uint64_t i)
{
	uint64_t z = key + i + 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (int64_t)((z ^ z >> 31) >> 40);
}

/* Uniform in (-1, 1), exact in float32. */
static float uniform(uint64_t key, uint64_t i)
{
	return (float)(2 * bits(key, i) + 1 - (1 << 24)) * 0x1p-24f;
}

static float conv_scale(const struct named_tensor *t)
{
	double fan = (double)(t->dims[1] * t->dims[2] * t->dims[3]);
	double gain = 1.5;

	if (strstr(t->name, ".pred_cls."))
		gain = 0.5;
	else if (strstr(t->name, ".pred_reg.") || strstr(t->name, ".fc."))
		gain = 1;
	return (float)(gain * sqrt(3 / fan));
}

static float value(const char *name, float u, size_t i, size_t n)
{
	if (fl_ends_with(name, "._variance"))
		return 1 + fabsf(u) / 4;
	if (fl_ends_with(name, ".bn.weight") || fl_ends_with(name, ".alpha"))
		return 1 + u / 8;
	if (strstr(name, ".pred_cls."))
		return -3 + u / 2;
	if (strstr(name, ".pred_reg."))
		return (1 - (float)(i % (n / 4)) / 4) + u / 8;
	return u / 8;
}

void formula_tensor(uint64_t seed, const struct named_tensor *t, float *out)
{
	uint64_t key = key_of(seed, t->name);
	size_t n = named_tensor_count(t);
	bool conv = t->rank == 4;
	float scale = conv ? conv_scale(t) : 0;

	for (size_t i = 0; i < n; i++) {
		float u = uniform(key, i);

		out[i] = conv ? u * scale : value(t->name, u, i, n);
		if (fl_ends_with(t->name, "proj_conv.weight"))
			out[i] = (float)i;
	}
}

static uint64_t step_key(uint64_t seed, const char *what, int step)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%d", what, step);
	return key_of(seed, name);
}

void formula_image(uint64_t seed, int step, int n, int h, int w, float *out)
{
	uint64_t coarse = step_key(seed, "image.coarse", step);
	uint64_t fine = step_key(seed, "image.fine", step), i = 0;
	int ch = (h + 15) / 16, cw = (w + 15) / 16;

	for (int plane = 0; plane < 3 * n; plane++)
		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++, i++) {
				int block = (plane * ch + y / 16) * cw + x / 16;

				out[i] = uniform(coarse, (uint64_t)block) * 2 +
					 uniform(fine, i) / 2;
			}
}

/* Sides in eighths of a pixel, corners in odd 32nds. */
static void one_box(uint64_t key, uint64_t at, int h, int w, int num_classes,
		    float *box, int32_t *class)
{
	for (uint64_t axis = 0; axis < 2; axis++) {
		int64_t extent = axis ? h : w;
		int64_t side =
			128 + (bits(key, at + axis) * (5 * extent - 128) >> 24);
		int64_t corner =
			bits(key, at + 2 + axis) * (8 * extent - side) >> 24;

		box[axis] = (float)corner / 8 + 1.0f / 32;
		box[axis + 2] = box[axis] + (float)side / 8;
	}
	*class = (int32_t)(bits(key, at + 4) * num_classes >> 24);
}

void formula_boxes(uint64_t seed, int step, int n, int most, const int *counts,
		   int h, int w, int num_classes, float *boxes,
		   int32_t *classes, float *mask)
{
	uint64_t key = step_key(seed, "gt", step);
	size_t all = (size_t)n * (size_t)most;

	memset(boxes, 0, all * 4 * sizeof(*boxes));
	memset(classes, 0, all * sizeof(*classes));
	memset(mask, 0, all * sizeof(*mask));
	for (int b = 0; b < n; b++)
		for (int g = 0; g < counts[b]; g++) {
			int at = b * most + g;

			one_box(key, (uint64_t)(b * 64 + g) * 8, h, w,
				num_classes, boxes + 4 * at, classes + at);
			mask[at] = 1;
		}
}
