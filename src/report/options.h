/* options.h - the part of a recipe that the outputs of a run read. */
#ifndef FL_REPORT_OPTIONS_H
#define FL_REPORT_OPTIONS_H

#include "config/recipe.h"

struct report_options {
	bool use_vdl;
	const char *vdl_log_dir; /* "": the run's folder */
};

extern const struct recipe_part report_part;
const struct report_options *report_options(const struct recipe *recipe);

#endif
