/* program.c - what PROGRAM means: a file, a name on the PATH, a script for
 * Python, or one of PaddleDetection's tools, which our own commands answer to.
 * make.c asks once.
 */
#include "launch/plan/make.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not by the PATH: another build's flotilla may be there, and the two speak one
 * protocol. */
static int beside(const char *self, const char *name, char *buf, size_t size,
		  struct fl_err *err)
{
	const char *slash = strrchr(self, '/');

	snprintf(buf, size, "%.*s/%s", slash ? (int)(slash - self) : 1,
		 slash ? self : ".", name);
	if (access(buf, X_OK) == 0)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"'%s' is not there; fleetrun expects flotilla beside itself",
		buf);
}

static bool is_flotilla(const char *word)
{
	return strcmp(word, "flotilla") == 0 || fl_ends_with(word, "/flotilla");
}

/* The reference's scripts, and which command of ours does the same. */
static const struct {
	const char *script, *command;
} references[] = {
	{ "tools/train.py", "train" },
	{ "tools/eval.py", "eval" },
	{ "tools/infer.py", "infer" },
	{ "tools/export_model.py", "export" },
};

/* By the end of the path: people name the script from wherever they stand. */
static int find_reference(const char *word)
{
	int count = (int)(sizeof(references) / sizeof(references[0]));

	for (int i = 0; i < count; i++)
		if (fl_ends_with(word, references[i].script))
			return i;
	return -1;
}

/* A script that is not here: "fleetrun [..] tools/train.py ARGS" is the
 * reference's line, which our own command answers to. */
static int choose_command(const char *self, struct launch_plan *p,
			  const char *word, struct fl_err *err)
{
	int i = find_reference(word);

	if (i < 0)
		return fl_fail(err, FL_EUSAGE,
			       "there is no file '%s' here to be started",
			       word);
	if (p->count > 1 && i > 0)
		return fl_fail(
			err, FL_EUSAGE,
			"'%s' is not here, and 'flotilla %s' is one program: give one "
			"device (--gpus 0), or leave fleetrun out",
			word, references[i].command);
	snprintf(p->note, sizeof(p->note),
		 "'%s' is not here: starting flotilla's own %s; with the file "
		 "in place it would be started by python3",
		 word, i == 0 ? "trainer" : references[i].command);
	return beside(self, "flotilla", p->program, sizeof(p->program), err);
}

/* As Paddle's launcher does; unbuffered, so that logs tell while it runs. */
static void choose_python(struct launch_plan *p, const char *word,
			  bool reference)
{
	snprintf(p->program, sizeof(p->program), "python3");
	snprintf(
		p->note, sizeof(p->note), "starting python3 %s%s%s",
		p->module ? "-m " : "", word,
		reference
			? ", which is here; 'flotilla train' in its place starts flotilla's trainer"
			: "");
}

/* "flotilla --flag" without a command is taken for its trainer, as the script
 * in its place would be. */
int launch_choose_program(const char *self, int argc, char **argv,
			  struct launch_plan *p, struct fl_err *err)
{
	const char *word = argv[0];
	bool python = !p->module && fl_ends_with(word, ".py");
	bool script = p->module || (python && fl_exists(word));
	bool train = python && fl_ends_with(word, "tools/train.py");
	int rc = 0, n = 0, from = 1;

	p->argv = fl_calloc((size_t)argc + 4, sizeof(char *));
	if (script)
		choose_python(p, word, train);
	else if (python)
		rc = choose_command(self, p, word, err);
	else if (strcmp(word, "flotilla") == 0)
		rc = beside(self, "flotilla", p->program, sizeof(p->program),
			    err);
	else
		snprintf(p->program, sizeof(p->program), "%s", word);
	if (rc != 0)
		return rc;
	p->argv[n++] = p->program;
	if (script) {
		p->argv[n++] = (char *)(uintptr_t) "-u";
		if (p->module)
			p->argv[n++] = (char *)(uintptr_t) "-m";
		from = 0;
	} else if (python) {
		p->argv[n++] =
			(char *)(uintptr_t)references[find_reference(word)]
				.command;
	} else if (is_flotilla(word) && argc > 1 && argv[1][0] == '-' &&
		   strcmp(argv[1], "--help") != 0) {
		p->argv[n++] = (char *)(uintptr_t) "train";
	}
	for (int i = from; i < argc; i++)
		p->argv[n++] = argv[i];
	p->trains = is_flotilla(p->program) && n > 1 &&
		    strcmp(p->argv[1], "train") == 0;
	if (!*p->note)
		snprintf(p->note, sizeof(p->note), "starting %s%s%s",
			 p->program, n > 1 ? " " : "", n > 1 ? p->argv[1] : "");
	return 0;
}
