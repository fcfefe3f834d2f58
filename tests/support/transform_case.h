/* transform_case.h - what the names of the oracle's transform cases say. */
#ifndef TESTS_SUPPORT_TRANSFORM_CASE_H
#define TESTS_SUPPORT_TRANSFORM_CASE_H

#include "data/transform.h"

struct transform_case {
	struct draws draws;
	int w, h;      /* of the result */
	int interp;    /* INTERP_NEAREST where nothing is resized */
	bool resized;  /* to w, h */
	bool in_8bit;  /* the evaluation's resize */
	bool scaled;   /* divided by 255 */
	bool mean_std; /* and normalised */
	bool planes;   /* the reference's result is [3][h][w] */
};

/* Of a picture of w x h. */
struct transform_case transform_case_of(const char *name, int w, int h);
/* Run it: [h][w][3], or planes where the reference has them. free() it. */
float *transform_case_run(const struct transform_case *c,
			  const uint8_t *picture, int w, int h);
/* How far a value may be from the reference's, in its own unit. */
double transform_case_limit(const struct transform_case *c);

#endif
