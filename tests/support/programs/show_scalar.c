/* show_scalar FILE NAME: the one value of a tensor. */
#include "ckpt/tensor_file.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;
	const struct named_tensor *t;
	struct tensor_file file;
	float v;

	if (argc != 3 || tensor_file_open(&file, argv[1], &err) != 0) {
		fprintf(stderr, "show_scalar: %s\n", err.text);
		return 2;
	}
	t = tensor_file_find(&file, argv[2]);
	if (!t || named_tensor_count(t) != 1) {
		fprintf(stderr, "show_scalar: no value '%s'\n", argv[2]);
		return 2;
	}
	named_tensor_f32(t, 0, 1, &v);
	printf("%.9g\n", (double)v);
	tensor_file_close(&file);
	return 0;
}
