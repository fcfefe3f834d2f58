/* option_pages.c - the lists and hidden options that programs answer from their
 * tables: --help of a program with commands, --man, --completion.
 * Called by the mains first of all; `make` runs them so for the pages that are
 * installed. The texts themselves are written in option_man.c, option_bash.c
 * and option_zsh.c. */
#include "text/option_pages_priv.h"

#include "base/str.h"

#include <string.h>

/* The word of the help is the type of the value: tables
 * need no second column for shells. */
enum option_offer option_offer(enum option_kind kind, const char *arg)
{
	if (kind == OPTION_WORD)
		return OFFER_WORDS;
	if (!arg)
		return OFFER_NOTHING;
	if (fl_starts_with(arg, "FILE") || strcmp(arg, "CKPT") == 0)
		return OFFER_FILES;
	if (strcmp(arg, "DIR") == 0)
		return OFFER_FOLDERS;
	return strchr(arg, '|') ? OFFER_WORDS : OFFER_NOTHING;
}

const char *option_words(const char *arg, char *buf, size_t size)
{
	snprintf(buf, size, "%s", arg);
	for (char *p = buf; *p; p++)
		if (*p == '|')
			*p = ' ';
	return buf;
}

const struct option_table *option_table_at(const struct option_program *program,
					   size_t i, const char **name)
{
	*name = program->commands && i < program->count
			? program->commands[i].name
			: "";
	if (program->commands)
		return i < program->count ? program->commands[i].table : NULL;
	return i == 0 ? program->table : NULL;
}

void option_program_help(const struct option_program *p, FILE *to)
{
	fprintf(to, "usage: %s COMMAND [options]\n\n%s\n\n", p->name, p->about);
	for (size_t i = 0; i < p->count; i++)
		fprintf(to, "  %-11s %s\n", p->commands[i].name,
			p->commands[i].help);
	fprintf(to,
		"\n'%s COMMAND --help' explains one of them, '%s --version' "
		"says what this build is made of.\n"
		"Without an installation: '%s --man [COMMAND]' prints manual "
		"pages for 'man -l -',\n'%s --completion bash|zsh' the "
		"completion of a shell.\n",
		p->name, p->name, p->name, p->name);
}

static int print_man(const struct option_program *p, const char *name,
		     struct fl_err *err)
{
	const struct option_command *c = NULL;

	for (size_t i = 0; name && i < p->count; i++)
		if (strcmp(p->commands[i].name, name) == 0)
			c = &p->commands[i];
	if (name && !c)
		return fl_fail(err, FL_EUSAGE,
			       "there is no manual page of '%s %s'", p->name,
			       name);
	option_print_man(p, c, stdout);
	return 0;
}

int option_pages(const struct option_program *p, int argc, char **argv,
		 bool *done, struct fl_err *err)
{
	bool man = argc > 1 && strcmp(argv[1], "--man") == 0;

	*done = man || (argc > 1 && strcmp(argv[1], "--completion") == 0);
	if (!*done)
		return 0;
	if (man && argc <= 3)
		return print_man(p, argv[2], err);
	if (argc == 3 && strcmp(argv[2], "bash") == 0)
		option_print_bash(p, stdout);
	else if (argc == 3 && strcmp(argv[2], "zsh") == 0)
		option_print_zsh(p, stdout);
	else
		return fl_fail(err, FL_EUSAGE, "'%s' takes %s, nothing else",
			       argv[1],
			       man ? "the name of a command" : "bash or zsh");
	return 0;
}
