#include "launch/launch.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* "fleetrun [..] tools/train.py ARGS" is the reference's line: our trainer
 * answers to it unless the script is really here. */
static int choose_trainer(const char *self, struct launch_plan *p,
			  const char *word, struct fl_err *err)
{
	snprintf(p->note, sizeof(p->note),
		 "'%s' is not here: starting flotilla's own trainer; with the "
		 "file in place it would be started by python3",
		 word);
	return beside(self, "flotilla", p->program, sizeof(p->program), err);
}

/* As Paddle's launcher does; unbuffered, so that logs tell while it runs. */
static void choose_python(struct launch_plan *p, const char *word,
			  bool reference)
{
	snprintf(p->program, sizeof(p->program), "python3");
	snprintf(
		p->note, sizeof(p->note), "starting python3 %s%s", word,
		reference
			? ", which is here; 'flotilla train' in its place starts flotilla's trainer"
			: "");
}

int launch_choose_program(const char *self, int argc, char **argv,
			  struct launch_plan *p, struct fl_err *err)
{
	const char *word = argv[0];
	bool reference = fl_ends_with(word, "tools/train.py");
	bool script = fl_ends_with(word, ".py") && fl_exists(word);
	int rc = 0, n = 0, from = 1;

	p->argv = fl_calloc((size_t)argc + 3, sizeof(char *));
	if (script)
		choose_python(p, word, reference);
	else if (reference)
		rc = choose_trainer(self, p, word, err);
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
		from = 0;
	} else if (reference ||
		   (is_flotilla(word) && argc > 1 && argv[1][0] == '-' &&
		    strcmp(argv[1], "--help"))) {
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
