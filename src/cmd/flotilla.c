/* flotilla.c - main of the trainer: finds the
 * subcommand in a table and runs it.
 * It notes what was ignored or inherited before any library touches it, and
 * turns an error into its sentence and its status at the end, in this one
 * place. The same table gives the help, the manual pages and the completion of
 * shells. */
#include "cmd/cmd.h"

#include "agent/agent_link.h"
#include "base/inherited.h"
#include "base/log.h"
#include "base/par.h"
#include "base/str.h"
#include "base/variable.h"
#include "cmd/versions.h"
#include "text/option_pages.h"
#include "config/recipe.h"
#include "device/device.h"

#include <stdio.h>
#include <string.h>

/* The help, the manual page and the completion list them in this order. */
static const struct option_command commands[] = {
	{ "new", cmd_new, &cmd_new_options,
	  "a recipe for a folder of pictures and labels" },
	{ "plan", cmd_plan, &cmd_plan_options,
	  "what a training will take, before it is paid for" },
	{ "train", cmd_train, &cmd_train_options,
	  "train a detector by a recipe" },
	{ "data", cmd_data, &cmd_data_options,
	  "check a data set, or make one up" },
	{ "infer", cmd_infer, &cmd_infer_options, "draw what a model sees" },
	{ "export", cmd_export, &cmd_export_options,
	  "a model as an ONNX file for other programs" },
	{ "ckpt", cmd_ckpt, &cmd_ckpt_options,
	  "show the tensors of a checkpoint and its digest" },
	{ "convert", cmd_convert, &cmd_convert_options,
	  "checkpoints to and from PaddleDetection's files" },
	{ "eval", cmd_eval, &cmd_eval_options,
	  "COCO's twelve numbers of a file of detections" },
	{ "report", cmd_report, &cmd_report_options,
	  "a page of a run, or of several side by side" },
	{ "watch", cmd_watch, &cmd_watch_options,
	  "how a run at work stands, in a terminal or as a page" },
	{ "recipe-keys", cmd_recipe_keys, &cmd_recipe_keys_options,
	  "all keys of a recipe, as a table" },
	{ "plans", cmd_plans, &cmd_plans_options,
	  "which kernels compute a recipe's convolutions here" },
	{ "probe", cmd_probe, &cmd_probe_options,
	  "given batches through training steps, everything written down" },
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct option_program program = {
	.name = "flotilla",
	.help = "train object detectors by PaddleDetection's recipes",
	.about = "Trains PP-YOLOE detectors with PaddleDetection's recipes.",
	.commands = commands,
	.count = COUNT,
	.initial = "train",
	.see = "fleetrun",
};

/* Commands of others that are not near by letters to ours: export_model is
 * PaddleDetection's, export, predict and val are Ultralytics'. */
static const struct {
	const char *name, *instead;
} elsewhere[] = {
	{ "predict", "'flotilla infer' draws what a model sees" },
	{ "val", "'flotilla eval' scores a model" },
	{ "test", "'flotilla eval' scores a model" },
	{ "resume", "'flotilla train -r CKPT' goes on with a run" },
};

/* "tools/train.py" and "train.py" are "train". */
static void plain_name(const char *name, char *buf, size_t size)
{
	const char *base = strrchr(name, '/');

	snprintf(buf, size, "%s", base ? base + 1 : name);
	if (fl_ends_with(buf, ".py"))
		buf[strlen(buf) - 3] = '\0';
}

static const struct option_command *find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* PaddleDetection's scripts by their names, in whatever folder the line has them;
 * the one that is called otherwise here by its name alone too. */
static const struct option_command *find_script(const char *word)
{
	char name[64];

	plain_name(word, name, sizeof(name));
	if (strcmp(name, "export_model") == 0)
		return find("export");
	return fl_ends_with(word, ".py") ? find(name) : NULL;
}

static int unknown(const char *word, struct fl_err *err)
{
	const char *near;
	char name[64];

	plain_name(word, name, sizeof(name));
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(name, elsewhere[i].name) == 0)
			return fl_fail(err, FL_EUSAGE,
				       "there is no command '%s': %s", word,
				       elsewhere[i].instead);
	near = fl_nearest(name, &commands[0].name, COUNT, sizeof(commands[0]));
	if (near)
		return fl_fail(err, FL_EUSAGE,
			       "unknown command '%s'; did you "
			       "mean '%s'? ('flotilla --help' lists all)",
			       word, near);
	return fl_fail(err, FL_EUSAGE,
		       "unknown command '%s' ('flotilla "
		       "--help' lists all)",
		       word);
}

static void print_version(void)
{
	struct fl_arena arena = FL_ARENA_INIT;
	const char *folder = recipe_folder(&arena);

	versions_print(stdout);
	for (int i = 0; device_backends[i]; i++)
		printf("device     %s: %s\n", device_backends[i]->name,
		       device_backends[i]->arithmetic(DTYPE_F32));
	printf("recipes    %s\n", folder ? folder : "none came along");
	fl_arena_release(&arena);
}

static int run(int argc, char **argv, struct fl_err *err)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct option_command *command;
	bool done;
	int rc = option_pages(&program, argc, argv, &done, err), threads;

	if (done)
		return rc;
	if (!name) {
		option_program_help(&program, stderr);
		return fl_fail(err, FL_EUSAGE, "no command given");
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help")) {
		option_program_help(&program, stdout);
		return 0;
	}
	if (!strcmp(name, "--version")) {
		print_version();
		return 0;
	}
	/* libgomp passes over what it cannot read, for all loops. */
	rc = fl_variable_threads(&threads, err);
	if (rc != 0)
		return rc;
	/* "flotilla -c recipe.yml" means train. */
	if (name[0] == '-')
		name = program.initial;
	else
		argc--, argv++;
	command = find(name);
	if (!command) {
		command = find_script(name);
		if (command)
			fl_info("'%s' is PaddleDetection's: this is 'flotilla %s', which does the same",
				name, command->name);
	}
	return command ? command->run(argc, argv, err) : unknown(name, err);
}

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;
	int rc;

	/* In this order: fl_par_spin_briefly() may begin the process once more,
	 * so nothing is opened before it; from agent_link_open() on the agent
	 * is told of whatever goes wrong. */
	fl_inherited_mend();
	fl_par_spin_briefly(argv);
	agent_link_open();
	rc = run(argc, argv, &err);
	if (rc != 0) {
		/* The agent's report has the sentence itself, and need
		 * not look for it in the log. */
		agent_link_fault(fl_exit_status(rc), err.text);
		fprintf(stderr, "flotilla: %s\n", err.text);
	}
	if (fflush(stdout) != 0 && rc == 0) {
		perror("flotilla: standard output");
		rc = FL_EIO;
	}
	return fl_exit_status(rc);
}
