/* option_pages.h - what else the option tables say: the list of a program's
 * commands, manual pages, completion for bash and zsh.
 *
 * The programs print them on demand and `make` keeps what they print for `make
 * install`, so a page cannot tell of an option that the parser does not know.
 *
 * Ownership: everything is borrowed and constant.
 */
#ifndef FL_TEXT_OPTION_PAGES_H
#define FL_TEXT_OPTION_PAGES_H

#include "text/option.h"

/* One command of a program such as "flotilla train". */
struct option_command {
	const char *name;
	int (*run)(int argc, char **argv, struct fl_err *err);
	const struct option_table *table;
	const char *help; /* a phrase */
};

/* A program has commands, or one table. */
struct option_program {
	const char *name, *help; /* a phrase */
	const char *about;	 /* of a program with commands */
	const struct option_command *commands;
	size_t count;
	const struct option_table *table; /* of a program without */
	const char *initial; /* the command meant where an option comes first */
	const char *see;     /* the other program, for the manual page */
};

/* --help of a program with commands. */
void option_program_help(const struct option_program *program, FILE *to);

/* Answers "--man [COMMAND]" and "--completion bash|zsh" on standard output.
 * done is set where it was one of them. FL_EUSAGE for an unknown command or
 * shell. */
int option_pages(const struct option_program *program, int argc, char **argv,
		 bool *done, struct fl_err *err);

#endif
