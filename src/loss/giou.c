/* Generalised IoU and its slopes.
 *
 * With the prediction P = (x1, y1, x2, y2), the box T, I the intersection's
 * area, U = A_P + A_T - I + e the union, C the enclosing box's area + e:
 *     giou = I / U - (C - U) / C = I / U + U / C - 1
 *     d giou = dI / U - I dU / U^2 + dU / C - U dC / C^2,  dU = dA_P - dI
 * where dI and dC per coordinate are the other side's length where the
 * prediction sets that edge, and 0 elsewhere. */
#include "loss/giou.h"

#include <stdbool.h>

#define EPSILON 1e-10

struct edges {
	double v, d[4]; /* a value and its slope by P's coordinates */
};

/* Overlap (inner) or hull (outer) of P and T along x and y, as an area. */
static struct edges meet(const double *p, const double *t, bool inner)
{
	struct edges e = { 0 };
	double side[2];
	bool low[2], high[2];

	for (int a = 0; a < 2; a++) {
		/* the inner box begins at the larger start */
		low[a] = inner ? p[a] > t[a] : p[a] < t[a];
		high[a] = inner ? p[a + 2] < t[a + 2] : p[a + 2] > t[a + 2];
		side[a] = (high[a] ? p[a + 2] : t[a + 2]) -
			  (low[a] ? p[a] : t[a]);
	}
	if (inner && (side[0] <= 0 || side[1] <= 0))
		return e;
	e.v = side[0] * side[1];
	for (int a = 0; a < 2; a++) {
		e.d[a] = low[a] ? -side[1 - a] : 0;
		e.d[a + 2] = high[a] ? side[1 - a] : 0;
	}
	return e;
}

double giou_loss(const double *p, const double *t, double slope[4])
{
	struct edges i = meet(p, t, true), c = meet(p, t, false);
	double w = p[2] - p[0], h = p[3] - p[1];
	double area[4] = { -h, -w, h, w };
	double u = w * h + (t[2] - t[0]) * (t[3] - t[1]) - i.v + EPSILON;

	c.v += EPSILON;
	for (int k = 0; k < 4; k++) {
		double du = area[k] - i.d[k];

		slope[k] = -(i.d[k] / u - i.v * du / (u * u) + du / c.v -
			     u * c.d[k] / (c.v * c.v));
	}
	return 1 - (i.v / u - (c.v - u) / c.v);
}
