/* cmd.h - the subcommands of flotilla.
 *
 * Each gets its own name in argv[0] and its arguments after it, and returns 0
 * or a negative enum fl_code with a sentence in err; main prints the sentence
 * and exits with the code's status. */
#ifndef FL_CMD_CMD_H
#define FL_CMD_CMD_H

#include "base/err.h"
#include "text/option.h"

typedef int cmd_fn(int argc, char **argv, struct fl_err *err);

/* What a command does once its line is read: words arguments in argv that are no
 * options, none where the table names no operand. */
typedef int cmd_body(void *args, int words, char **argv, struct fl_err *err);

/* Reads the line into args by the table, answers --help, or runs the body. */
int cmd_run(const struct option_table *table, void *args, int argc, char **argv,
	    cmd_body *body, struct fl_err *err);

cmd_fn cmd_ckpt;
cmd_fn cmd_convert;
cmd_fn cmd_eval;
cmd_fn cmd_export;
cmd_fn cmd_data;
cmd_fn cmd_infer;
cmd_fn cmd_new;
cmd_fn cmd_plan;
cmd_fn cmd_plans;
cmd_fn cmd_probe;
cmd_fn cmd_recipe_keys;
cmd_fn cmd_report;
cmd_fn cmd_train;
cmd_fn cmd_watch;

/* What each of them takes; one option parser, manual page and completion. */
extern const struct option_table cmd_ckpt_options, cmd_convert_options,
	cmd_data_options, cmd_eval_options, cmd_export_options,
	cmd_infer_options, cmd_new_options, cmd_plan_options, cmd_plans_options,
	cmd_probe_options, cmd_recipe_keys_options, cmd_report_options,
	cmd_train_options, cmd_watch_options;

#endif
