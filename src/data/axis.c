/* The taps of a resize along one axis, for each of OpenCV's interpolations.
 * transform.c asks once for each picture and axis. Where a picture shrinks,
 * area weighs each source pixel by the part of it that is covered; all others
 * look at a fixed number of neighbours, as OpenCV does, even where they skip
 * pixels. An axis has n outputs of 'taps' indices and weights each, one after
 * another. */
#include "data/axis.h"

#include "base/arena.h"
#include "data/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

void axis_release(struct axis *a)
{
	free(a->index);
	free(a->weight);
	*a = (struct axis){ 0 };
}

/* Zeros, so that a tap that is not set reads the first pixel with no weight. */
static void shape(struct axis *a, int n, int taps)
{
	size_t need = (size_t)n * (size_t)taps;

	a->n = n;
	a->taps = taps;
	if (need > a->cap) {
		a->cap = need;
		a->index = fl_realloc(a->index, need * sizeof(int));
		a->weight = fl_realloc(a->weight, need * sizeof(float));
	}
	memset(a->index, 0, need * sizeof(int));
	memset(a->weight, 0, need * sizeof(float));
}

static int clamp(int i, int n)
{
	return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Source pixels of an output pixel. The reference hands OpenCV the factor to /
 * from, whose inverse this is: not always from / to, so where an output pixel
 * falls on the border of two source pixels the last bit decides. */
static double pitch(int from, int to)
{
	return 1 / ((double)to / from);
}

/* Keys' kernel with A = -0.75, as OpenCV's interpolateCubic has it; the last
 * weight is what is missing to 1. */
static void cubic(float f, float w[4])
{
	const float a = -0.75f;

	w[0] = ((a * (f + 1) - 5 * a) * (f + 1) + 8 * a) * (f + 1) - 4 * a;
	w[1] = ((a + 2) * f - (a + 3)) * f * f + 1;
	w[2] = ((a + 2) * (1 - f) - (a + 3)) * (1 - f) * (1 - f) + 1;
	w[3] = 1.f - w[0] - w[1] - w[2];
}

/* sinc times sinc of a fourth, over 8 taps, weights adding up to 1. */
static void lanczos(float f, float w[8])
{
	double sum = 0, v[8];

	for (int k = 0; k < 8; k++) {
		double x = (double)f + 3 - k;

		v[k] = fabs(x) < 1e-7 ? 1
				      : 4 * sin(PI * x) * sin(PI * x / 4) /
						(PI * PI * x * x);
		sum += v[k];
	}
	for (int k = 0; k < 8; k++)
		w[k] = (float)(v[k] / sum);
}

/* Beyond the edges the edge itself, with all the weight: OpenCV clamps the
 * index and has no fraction there. */
static void linear(struct axis *a, int i, int at, float f, int from)
{
	if (at < 0) {
		at = 0;
		f = 0;
	}
	if (at >= from - 1) {
		at = from - 1;
		f = 0;
	}
	a->index[2 * i] = at;
	a->index[2 * i + 1] = clamp(at + 1, from);
	a->weight[2 * i] = 1 - f;
	a->weight[2 * i + 1] = f;
}

static void centred(struct axis *a, int from, int to, int interp)
{
	double scale = pitch(from, to);
	int taps = interp == INTERP_LINEAR ? 2 : interp == INTERP_CUBIC ? 4 : 8;

	shape(a, to, taps);
	for (int i = 0; i < to; i++) {
		/* Middles of pixels meet; OpenCV rounds the place to float. */
		float x = (float)((i + 0.5) * scale - 0.5);
		int at = (int)floorf(x);
		float f = x - (float)at, *w = a->weight + i * taps;

		if (interp == INTERP_LINEAR) {
			linear(a, i, at, f, from);
			continue;
		}
		if (interp == INTERP_CUBIC)
			cubic(f, w);
		else
			lanczos(f, w);
		for (int k = 0; k < taps; k++)
			a->index[i * taps + k] =
				clamp(at - taps / 2 + 1 + k, from);
	}
}

/* Area that enlarges: linear, but the map keeps the edges of pixels instead of
 * their middles (OpenCV's own rule). */
static void area_up(struct axis *a, int from, int to)
{
	double scale = pitch(from, to), inverse = (double)to / from;

	shape(a, to, 2);
	for (int i = 0; i < to; i++) {
		int at = (int)floor(i * scale);
		float f = (float)((i + 1) - (at + 1) * inverse);

		linear(a, i, at, f <= 0 ? 0 : f - floorf(f), from);
	}
}

/* The share of each source pixel under the output pixel: the part of the first,
 * whole ones, the part of the last. Shares below 1e-3 are dropped, as OpenCV
 * does. width: less than the pitch where the picture ends. */
static void area_down(struct axis *a, int from, int to)
{
	double scale = pitch(from, to);
	int taps = (int)ceil(scale) + 2;

	shape(a, to, taps);
	for (int i = 0; i < to; i++) {
		double begin = i * scale, end = begin + scale;
		double width = fmin(scale, from - begin);
		int first = (int)ceil(begin), last = (int)floor(end), k = 0;
		int *index = a->index + i * taps;
		float *w = a->weight + i * taps;

		last = last < from - 1 ? last : from - 1;
		first = first < last ? first : last;
		if (first - begin > 1e-3) {
			index[k] = first - 1;
			w[k++] = (float)((first - begin) / width);
		}
		for (int s = first; s < last; s++) {
			index[k] = s;
			w[k++] = (float)(1 / width);
		}
		if (end - last > 1e-3) {
			index[k] = last;
			w[k++] = (float)(fmin(fmin(end - last, 1), width) /
					 width);
		}
		/* Unused taps have no weight and an index that may be read. */
		for (; k < taps; k++)
			index[k] = index[0];
	}
}

void axis_make(struct axis *a, int from, int to, int interp, bool shrinks)
{
	double scale = pitch(from, to);

	if (interp == INTERP_AREA && shrinks) {
		area_down(a, from, to);
	} else if (interp == INTERP_AREA) {
		area_up(a, from, to);
	} else if (interp == INTERP_NEAREST) {
		shape(a, to, 1);
		for (int i = 0; i < to; i++) {
			a->index[i] = clamp((int)floor(i * scale), from);
			a->weight[i] = 1;
		}
	} else {
		centred(a, from, to, interp);
	}
}
