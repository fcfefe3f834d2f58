/* job.h - what the commands that run a model have in common: recipe, device,
 * threads, ranks. */
#ifndef FL_CMD_JOB_H
#define FL_CMD_JOB_H

#include "cmd/backends.h"
#include "comm/comm.h"
#include "text/option.h"
#include "config/recipe.h"
#include "device/device.h"

#include <stdbool.h>

/* Fields that JOB_ROWS fill. */
struct job_args {
	const char *config, *device;
	bool amp;
	struct option_list overrides;
	struct option_list passed; /* options that mean nothing here */
};

/* Rows of the option table for a struct with a member 'job'. */
#define JOB_ROWS(type)                                                                      \
	{                                                                                   \
		"config",                                                                   \
		'c',                                                                        \
		OPTION_TEXT,                                                                \
		offsetof(struct type, job.config),                                          \
		.arg = "FILE",                                                              \
		.help = "the recipe (PaddleDetection's YAML): here, or one that came along" \
	},                                                                                  \
		{ "opt",                                                                    \
		  'o',                                                                      \
		  OPTION_LIST,                                                              \
		  offsetof(struct type, job.overrides),                                     \
		  .arg = "key=value ...",                                                   \
		  .help = "replace values of the recipe" },                                 \
		{ "device",                                                                 \
		  0,                                                                        \
		  OPTION_TEXT,                                                              \
		  offsetof(struct type, job.device),                                        \
		  .arg = BACKEND_NAMES,                                                     \
		  .help = "who computes (default: the first)" },                            \
	{                                                                                   \
		"amp", 0, OPTION_FLAG, offsetof(struct type, job.amp),                      \
			.help = "bf16 where the processor is faster with it (amp: true)"    \
	}

struct model_job {
	struct recipe *recipe;
	struct dev *dev;
	struct comm *comm;
};

void job_args_release(struct job_args *args);
/* An override before all -o of the command line, which may say otherwise. */
void job_prefer(struct job_args *args, const char *override);
/* The recipe as the line wants it: --amp, the overrides, and last (or NULL), which
 * nothing overrides. */
int job_recipe(const struct job_args *args, const char *last,
	       struct recipe **out, struct fl_err *err);
/* Loads the recipe, opens the device, starts the compute threads and, where
 * ranks is true and a launcher started several, joins the other ranks. */
int job_open(struct model_job *job, const struct job_args *args, bool ranks,
	     struct fl_err *err);
/* rc is how the job ended here. A rank that fails ends the others too, for they
 * would wait for it in a collective without end. */
void job_close(struct model_job *job, int rc);

#endif
