/* check_sync_bn A B BOTH WA WB - probe outputs of one rank with batch A, one with batch B, and
 * two ranks with both: the statistics of the first normalisation must be those of the ranks'
 * averages with weights WA and WB. Ends with 1 where they are not. */
#include "ckpt/tensor_file.h"

#include "base/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "bn.backbone.stem.conv1.bn."
#define KEEP 0.9

/* Value i of the running statistic, from which the batch's follows: weights
 * came from the recipe's seed, so it began at 0 (mean) or 1 (variance). */
static double batch_value(const struct tensor_file *f, const char *which,
			  size_t i, double start)
{
	char name[64];
	float v;

	snprintf(name, sizeof(name), NAME "%s", which);
	named_tensor_f32(tensor_file_find(f, name), i, 1, &v);
	return ((double)v - KEEP * start) / (1 - KEEP);
}

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file f[3];
	double weight[2], worst = 0;
	const struct named_tensor *t;

	if (argc != 6)
		return 2;
	for (int k = 0; k < 3; k++)
		if (tensor_file_open(&f[k], argv[1 + k], &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			return 2;
		}
	for (int k = 0; k < 2; k++)
		weight[k] = atof(argv[4 + k]) / (atof(argv[4]) + atof(argv[5]));
	t = tensor_file_find(&f[0], NAME "_mean");
	FL_ASSERT(t != NULL);
	for (size_t i = 0; i < named_tensor_count(t); i++) {
		double mean = 0, square = 0;

		for (int k = 0; k < 2; k++) {
			double m = batch_value(&f[k], "_mean", i, 0);
			double v = batch_value(&f[k], "_variance", i, 1);

			mean += weight[k] * m;
			square += weight[k] * (v + m * m);
		}
		worst = fmax(worst,
			     fabs(batch_value(&f[2], "_mean", i, 0) - mean));
		worst = fmax(worst, fabs(batch_value(&f[2], "_variance", i, 1) -
					 (square - mean * mean)));
	}
	printf("largest difference %g\n", worst);
	return worst > 1e-5;
}
