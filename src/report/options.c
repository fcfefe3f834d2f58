/* The part of a recipe that the outputs of a run read: who wants which of those
 * that are not always there. registry/lists.c has it among the parts; the sinks
 * ask for it when they open. */
#include "report/options.h"

#define F(field) offsetof(struct report_options, field)

static const struct recipe_row rows[] = {
	/* The reference's own keys, since recipes have them. */
	{ "use_vdl", ROW_BOOL, F(use_vdl), 0, 0, 0, "false", NULL,
	  "event files of curves and first batches, which TensorBoard shows; "
	  "the reference writes VisualDL's" },
	{ "vdl_log_dir", ROW_TEXT, F(vdl_log_dir), 0, 0, 0, "''", NULL,
	  "their folder; '': the run's own, by which TensorBoard tells runs "
	  "apart (the reference: vdl_log_dir/scalar for all runs)" },
};

const struct recipe_part report_part = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct report_options),
};

const struct report_options *report_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &report_part);
}
