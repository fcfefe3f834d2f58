/* paddle_options.h - options that people bring from PaddleDetection's tools. */
#ifndef FL_CMD_PADDLE_OPTIONS_H
#define FL_CMD_PADDLE_OPTIONS_H

#include "base/str.h"
#include "text/option.h"

#include <stddef.h>

/* Its programs: tools/train.py, eval.py, infer.py, export_model.py. */
enum paddle_program {
	PADDLE_TRAIN = 1,
	PADDLE_EVAL = 2,
	PADDLE_INFER = 4,
	PADDLE_EXPORT = 8
};

extern const struct option_foreign paddle_options[]; /* the last has no name */

/* Fields of the option table of a command whose arguments, a struct of that
 * type, have a job. */
#define PADDLE_OPTIONS(type, program)                             \
	.foreign = paddle_options, .foreign_programs = (program), \
	.foreign_of = "PaddleDetection",                          \
	.passed = offsetof(struct type, job.passed)
/* The table of docs/recipes.md. */
void paddle_options_print(struct fl_str *out);

#endif
