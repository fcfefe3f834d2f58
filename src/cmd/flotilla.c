/* flotilla.c - main: finds the subcommand in a table and runs it. */
#include "cmd/cmd.h"

#include "base/agent_link.h"
#include "base/par.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#ifndef FLOTILLA_VERSION
#define FLOTILLA_VERSION "0.1.0"
#endif

struct command {
	const char *name;
	cmd_fn *run;
	const char *help;
};

static const struct command commands[] = {
	{ "train", cmd_train, "train a detector by a recipe" },
	{ "data", cmd_data, "check a data set, or make one up" },
	{ "infer", cmd_infer, "draw what a model sees" },
	{ "ckpt", cmd_ckpt, "show the tensors of a checkpoint and its digest" },
	{ "convert", cmd_convert,
	  "checkpoints to and from PaddleDetection's files" },
	{ "eval", cmd_eval, "COCO's twelve numbers of a file of detections" },
	{ "recipe-keys", cmd_recipe_keys, "all keys of a recipe, as a table" },
	{ "probe", cmd_probe,
	  "given batches through training steps, everything written down" },
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *to)
{
	fprintf(to,
		"usage: flotilla COMMAND [options]\n\n"
		"Trains PP-YOLOE detectors with PaddleDetection's recipes.\n\n");
	for (size_t i = 0; i < COUNT; i++)
		fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\n'flotilla COMMAND --help' explains one of them.\n");
	return 0;
}

static int unknown(const char *name, struct fl_err *err)
{
	const char *near =
		fl_nearest(name, &commands[0].name, COUNT, sizeof(commands[0]));

	if (near)
		return fl_fail(err, FL_EUSAGE,
			       "unknown command '%s'; did you "
			       "mean '%s'? ('flotilla --help' lists all)",
			       name, near);
	return fl_fail(err, FL_EUSAGE,
		       "unknown command '%s' ('flotilla "
		       "--help' lists all)",
		       name);
}

static int run(int argc, char **argv, struct fl_err *err)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		help(stderr);
		return fl_fail(err, FL_EUSAGE, "no command given");
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help"))
		return help(stdout);
	if (!strcmp(name, "--version")) {
		puts("flotilla " FLOTILLA_VERSION);
		return 0;
	}
	/* "flotilla -c recipe.yml" means train. */
	if (name[0] == '-')
		name = "train";
	else
		argc--, argv++;
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc, argv, err);
	return unknown(name, err);
}

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;
	int rc;

	fl_par_spin_briefly(argv);
	agent_link_open();
	rc = run(argc, argv, &err);
	if (rc != 0) {
		agent_link_fault(fl_exit_status(rc), err.text);
		fprintf(stderr, "flotilla: %s\n", err.text);
	}
	if (fflush(stdout) != 0 && rc == 0) {
		perror("flotilla: standard output");
		rc = FL_EIO;
	}
	return fl_exit_status(rc);
}
