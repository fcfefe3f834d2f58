/* compare_ckpt A B PREFIX LIMIT: for every tensor of A under PREFIX the norm of the difference
 * to B's over A's norm;
 * prints the largest, ends with 1 when it is over LIMIT. LIMIT 0 asks for the same bits. */
#include "ckpt/tensor_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file a, b;
	double worst = 0, limit = argc == 5 ? atof(argv[4]) : 0;
	const char *name = "(none)";
	int compared = 0;

	if (argc != 5 || tensor_file_open(&a, argv[1], &err) != 0 ||
	    tensor_file_open(&b, argv[2], &err) != 0) {
		fprintf(stderr, "compare_ckpt: %s\n", err.text);
		return 2;
	}
	for (size_t i = 0; i < a.count; i++) {
		const struct named_tensor *x = &a.tensors[i];
		const struct named_tensor *y = tensor_file_find(&b, x->name);
		double norm = 0, diff = 0, d;
		float u, v;

		if (strncmp(x->name, argv[3], strlen(argv[3])) != 0)
			continue;
		if (!y || y->bytes != x->bytes) {
			fprintf(stderr, "compare_ckpt: '%s' does not pair\n",
				x->name);
			return 2;
		}
		for (size_t k = 0; k < named_tensor_count(x); k++) {
			named_tensor_f32(x, k, 1, &u);
			named_tensor_f32(y, k, 1, &v);
			norm += (double)u * (double)u;
			diff += ((double)u - (double)v) *
				((double)u - (double)v);
		}
		d = memcmp(x->data, y->data, x->bytes) == 0
			    ? 0
			    : sqrt(diff / (norm + 1e-30)) + 1e-300;
		if (d > worst) {
			worst = d;
			name = x->name;
		}
		compared++;
	}
	printf("%d tensors, largest %g at %s\n", compared, worst, name);
	tensor_file_close(&a);
	tensor_file_close(&b);
	return compared == 0 || worst > limit;
}
