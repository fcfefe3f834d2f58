/* Everything but convolutions and norms, element by element. What is summed is
 * summed in double and rounded once; what only moves keeps its bits. These are
 * the definitions that device/op.h states in words: slow, on one thread, with
 * no order to choose. The cpu takes the last few as they are (cpu.c), for
 * few steps need them. */
#include "device/ref/map.h"

#include "tensor/value.h"

#include <math.h>
#include <string.h>

/* Index of element (n, y, x, c) of a map, in elements of its type; ld, not c,
 * leads from pixel to pixel, because a map may be a slice of a concat. */
static size_t at(const struct tensor *t, int n, int y, int x, int c)
{
	size_t p = ((size_t)n * (size_t)t->h + (size_t)y) * (size_t)t->w +
		   (size_t)x;

	return p * (size_t)t->ld + (size_t)c;
}

static float get(const struct tensor *t, int n, int y, int x, int c)
{
	return tensor_get(t, at(t, n, y, x, c));
}

/* for (n, y, x, c) of t; braces of the body follow */
#define EACH(t)                                          \
	for (int n = 0; n < (t)->n; n++)                 \
		for (int y = 0; y < (t)->h; y++)         \
			for (int x = 0; x < (t)->w; x++) \
				for (int c = 0; c < (t)->c; c++)

/* What is added is added in float and rounded once. */
static void put(const struct tensor *t, size_t i, float v, bool acc)
{
	tensor_put(t, i, acc ? tensor_get(t, i) + v : v);
}

void ref_gap_forward(struct dev_queue *q, const struct tensor *t, float *out)
{
	(void)q;
	for (int n = 0; n < t->n; n++) {
		for (int c = 0; c < t->c; c++) {
			double sum = 0;

			for (int y = 0; y < t->h; y++)
				for (int x = 0; x < t->w; x++)
					sum += get(t, n, y, x, c);
			out[n * t->c + c] = (float)(sum / (t->h * t->w));
		}
	}
}

void ref_gap_backward(struct dev_queue *q, const float *dy,
		      const struct tensor *dx, bool acc)
{
	double area = dx->h * dx->w;

	(void)q;
	EACH(dx)
	put(dx, at(dx, n, y, x, c), (float)(dy[n * dx->c + c] / area), acc);
}

/* Both gates with the reference's constants: 1 / 6 would differ in the seventh
 * digit. */
static double gate_of(double z, enum dev_gate gate)
{
	if (gate == DEV_GATE_SIGMOID)
		return 1 / (1 + exp(-z));
	z = 0.1666667f * z + 0.5;
	return z < 0 ? 0 : z > 1 ? 1 : z;
}

/* Slope of the gate from its value, since z is not kept. At both bounds the
 * hard sigmoid's is 0, where one-sided slopes would differ. */
static double gate_slope(double y, enum dev_gate gate)
{
	if (gate == DEV_GATE_SIGMOID)
		return y * (1 - y);
	return y > 0 && y < 1 ? 0.1666667f : 0;
}

void ref_fc_forward(struct dev_queue *q, const float *x, const float *w,
		    const float *b, int n, int cin, int cout,
		    enum dev_gate gate, float *y)
{
	(void)q;
	for (int i = 0; i < n * cout; i++) {
		int o = i % cout;
		double sum = b[o];

		for (int k = 0; k < cin; k++)
			sum += (double)x[i / cout * cin + k] * w[o * cin + k];
		y[i] = (float)gate_of(sum, gate);
	}
}

void ref_fc_backward(struct dev_queue *q, const float *x, const float *w,
		     const float *y, const float *dy, int n, int cin, int cout,
		     enum dev_gate gate, float *dx, float *dw, float *db,
		     float *scratch)
{
	/* The gradient before the gate, which all three results are made of. */
	float *dpre = scratch;

	(void)q;
	for (int i = 0; i < n * cout; i++)
		dpre[i] = (float)(dy[i] * gate_slope(y[i], gate));
	/* dx = dpre w */
	for (int i = 0; i < n * cin; i++) {
		double sum = 0;

		for (int o = 0; o < cout; o++)
			sum += (double)dpre[i / cin * cout + o] *
			       w[o * cin + i % cin];
		dx[i] = (float)sum;
	}
	for (int o = 0; o < cout; o++) {
		double sum = 0;

		for (int i = 0; i < n; i++)
			sum += dpre[i * cout + o];
		db[o] = (float)sum;
		for (int k = 0; k < cin; k++) {
			sum = 0;
			for (int i = 0; i < n; i++)
				sum += (double)dpre[i * cout + o] *
				       x[i * cin + k];
			dw[o * cin + k] = (float)sum;
		}
	}
}

void ref_scale_forward(struct dev_queue *q, const struct tensor *t,
		       const float *gate, const struct tensor *out)
{
	(void)q;
	EACH(out)
	put(out, at(out, n, y, x, c), get(t, n, y, x, c) * gate[n * t->c + c],
	    false);
}

void ref_scale_backward(struct dev_queue *q, const struct tensor *t,
			const float *gate, const struct tensor *dy,
			const struct tensor *dx, bool acc, float *dgate)
{
	(void)q;
	for (int n = 0; n < t->n; n++) {
		for (int c = 0; c < t->c; c++) {
			double sum = 0;

			for (int y = 0; y < t->h; y++)
				for (int x = 0; x < t->w; x++)
					sum += (double)get(dy, n, y, x, c) *
					       get(t, n, y, x, c);
			dgate[n * t->c + c] = (float)sum;
		}
	}
	EACH(dx)
	put(dx, at(dx, n, y, x, c), get(dy, n, y, x, c) * gate[n * t->c + c],
	    acc);
}

void ref_maxpool_forward(struct dev_queue *q, const struct tensor *t, int k,
			 const struct tensor *out, uint8_t *arg)
{
	size_t i = 0;

	(void)q;
	EACH(out)
	{
		/* won is asked before best, so that a window of -inf or NaN
		 * alone still has a winner inside the map: backward would
		 * otherwise give its gradient to nobody. */
		float best = -INFINITY;
		int won = -1;

		for (int tap = 0; tap < k * k; tap++) {
			int yy = y + tap / k - k / 2, xx = x + tap % k - k / 2;

			if (yy < 0 || yy >= t->h || xx < 0 || xx >= t->w)
				continue;
			if (won < 0 || get(t, n, yy, xx, c) > best) {
				best = get(t, n, yy, xx, c);
				won = tap;
			}
		}
		put(out, at(out, n, y, x, c), best, false);
		if (arg)
			arg[i] = (uint8_t)won;
		i++;
	}
}

/* A source gets what its windows give it in the order of their pixels, which is
 * the order in which scattering over the outputs would have added. v starts as
 * what dx holds, and is rounded once, when all is added: in BF16 each addition
 * would lose digits. Taps run backwards because the window of the first pixel
 * sees this source under its last tap. */
static float won_by(const struct tensor *dy, const uint8_t *arg, int k,
		    const int at_pixel[4], float v)
{
	int n = at_pixel[0], y = at_pixel[1], x = at_pixel[2], c = at_pixel[3];

	for (int tap = k * k - 1; tap >= 0; tap--) {
		int oy = y - tap / k + k / 2, ox = x - tap % k + k / 2;
		/* p means nothing where oy or ox is outside; it is looked at
		 * only behind the check. */
		size_t p = ((size_t)n * (size_t)dy->h + (size_t)oy) *
				   (size_t)dy->w +
			   (size_t)ox;

		if (oy >= 0 && oy < dy->h && ox >= 0 && ox < dy->w &&
		    arg[p * (size_t)dy->c + (size_t)c] == tap)
			v += get(dy, n, oy, ox, c);
	}
	return v;
}

void ref_maxpool_backward(struct dev_queue *q, const struct tensor *dy,
			  const uint8_t *arg, int k, const struct tensor *dx)
{
	(void)q;
	EACH(dx)
	{
		float v = won_by(dy, arg, k, (int[4]){ n, y, x, c },
				 get(dx, n, y, x, c));

		put(dx, at(dx, n, y, x, c), v, false);
	}
}

void ref_upsample_forward(struct dev_queue *q, const struct tensor *t,
			  const struct tensor *out)
{
	(void)q;
	EACH(out)
	/* out[i] = in[floor(i / 2)], no alignment of corners, as the
	 * reference's nearest. */
	put(out, at(out, n, y, x, c), get(t, n, y / 2, x / 2, c), false);
}

void ref_upsample_backward(struct dev_queue *q, const struct tensor *dy,
			   const struct tensor *dx, bool acc)
{
	(void)q;
	EACH(dx)
	{
		double sum = (double)get(dy, n, 2 * y, 2 * x, c) +
			     get(dy, n, 2 * y, 2 * x + 1, c) +
			     get(dy, n, 2 * y + 1, 2 * x, c) +
			     get(dy, n, 2 * y + 1, 2 * x + 1, c);

		put(dx, at(dx, n, y, x, c), (float)sum, acc);
	}
}

void ref_copy(struct dev_queue *q, const struct tensor *src,
	      const struct tensor *dst, bool acc)
{
	(void)q;
	EACH(dst)
	put(dst, at(dst, n, y, x, c), get(src, n, y, x, c), acc);
}

void ref_varifocal(struct dev_queue *q, const float *z, size_t n, float factor,
		   float *dz, double *sum)
{
	(void)q;
	*sum = 0;
	for (size_t i = 0; i < n; i++) {
		/* p and the weight are float, as the reference computes them,
		 * for p == 1 has to be where it is there; s is in double,
		 * without the cancellation of 1 - p. */
		float p = 1 / (1 + expf(-z[i])), w = 0.75f * p * p;
		double s =
			z[i] > 0 ? z[i] + log1p(exp(-z[i])) : log1p(exp(z[i]));
		double d = w * (p + 2 * (1 - p) * s);

		/* -ln(1 - p) is bounded by 100 in Paddle's BCE, and its slope p
		 * (1 - p) is 0 there. */
		*sum += w * (p == 1 ? 100 : s);
		dz[i] = p == 1 ? 0 : (float)(factor * d);
	}
}

/* Coupled decay as Paddle's kernel has it: wd w goes through the velocity. */
void ref_momentum(struct dev_queue *q, float *w, float *v, const float *g,
		  size_t n, float lr, float mu, float wd)
{
	(void)q;
	for (size_t i = 0; i < n; i++) {
		v[i] = mu * v[i] + (g[i] + wd * w[i]);
		w[i] -= lr * v[i];
	}
}

void ref_ema(struct dev_queue *q, float *e, const float *w, size_t n,
	     double decay)
{
	/* Both are rounded from double: 1 - (float)decay would be off by up to
	 * 3e-8, at a decay of 0.9998 one part in some thousands of what is
	 * taken. */
	float keep = (float)decay, take = (float)(1 - decay);

	(void)q;
	for (size_t i = 0; i < n; i++)
		e[i] = keep * e[i] + take * w[i];
}

void ref_sum_squares(struct dev_queue *q, const float *x, size_t n, double *sum)
{
	(void)q;
	*sum = 0;
	for (size_t i = 0; i < n; i++)
		*sum += (double)x[i] * x[i];
}

void ref_scale(struct dev_queue *q, float *x, size_t n, float factor)
{
	(void)q;
	for (size_t i = 0; i < n; i++)
		x[i] *= factor;
}

void ref_divide(struct dev_queue *q, const float *x, size_t n, float divisor,
		float *y)
{
	(void)q;
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] / divisor;
}

void ref_add(struct dev_queue *q, const float *x, size_t n, float factor,
	     float *y)
{
	(void)q;
	for (size_t i = 0; i < n; i++)
		y[i] += factor * x[i];
}

void ref_clamp(struct dev_queue *q, float *x, size_t n, float bound)
{
	(void)q;
	for (size_t i = 0; i < n; i++)
		/* Both comparisons are false for NaN, which stays: a bad
		 * gradient is to be seen, not hidden as a bound. */
		x[i] = x[i] > bound ? bound : x[i] < -bound ? -bound : x[i];
}

void ref_zero(struct dev_queue *q, const struct tensor *t)
{
	(void)q;
	/* All bits 0 are 0.0 in F32 and in BF16. */
	memset(t->data, 0, tensor_bytes(t));
}
