/* option.h - command lines from a table: one row is parser, bounds and help
 * (and manual page and completion, see option_pages.h).
 *
 *     static const struct option_row rows[] = {
 *             { "config", 'c', OPTION_TEXT, offsetof(struct args, config),
 *               .arg = "FILE", .help = "the recipe" },
 *             ...
 *     };
 *
 * '-' and '_' in a long name are the same. A value follows as --name=value or
 * as the next argument. A flag may be given a word: --eval=false, or true or
 * false as the next argument (not where that begins a program's own line). An
 * unknown option is refused with the nearest name. In a table with one_dash
 * "-np 4" is "--np 4" and "-n4" is "-n 4", as mpirun and srun have them.
 */
#ifndef FL_TEXT_OPTION_H
#define FL_TEXT_OPTION_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_INT,  /* int, within min .. max where min < max */
	OPTION_REAL, /* double, likewise */
	OPTION_TEXT, /* const char *, borrowed from argv */
	OPTION_WORD, /* likewise, and one of those that 'arg' lists: "a|b" */
	OPTION_LIST, /* struct option_list: every argument up to the next
		      * option, perhaps none; given again, it goes on */
	OPTION_EACH, /* struct option_list: one value each time it is given */
};

struct option_list {
	const char **items; /* borrowed strings; the array is the list's own */
	int count;
};

struct option_row {
	const char *name; /* long name, words joined with '_' */
	char letter;	  /* or 0 */
	enum option_kind kind;
	size_t offset; /* of the field in the caller's struct */
	double min, max;
	const char *arg;  /* word for the value in the help; a shell completes
			     FILE, CKPT (files), DIR, and words: "cpu|ref" */
	const char *help; /* NULL: another spelling of an earlier row, which
			     * has the same offset; not shown */
};

/* An option of another program, whose lines people bring: passed over, with
 * its words, or refused where it asks for what is not there. */
struct option_foreign {
	const char *name;
	unsigned programs; /* bits of those that have it */
	enum option_kind kind;
	bool refused;
	const char *why; /* it means nothing here, or what to do instead */
};

struct option_table {
	const char *program; /* "flotilla eval" */
	const char *usage;   /* what follows the program on the usage line */
	const char *about;   /* one sentence */
	const char *example; /* whole command lines */
	const struct option_row *rows;
	size_t count;
	const char *verbs; /* what the first argument has to be, "check|synth";
				NULL: nothing of that kind */
	const char
		*operand;  /* what further arguments are, as in option_row.arg;
				NULL: there are none */
	bool stop_at_word; /* the first argument that is no option ends
				  * the options (fleetrun PROGRAM ARGS...) */
	bool one_dash;	   /* long names may follow a single '-' */
	const struct option_foreign *foreign; /* up to one without a name */
	unsigned foreign_programs;	      /* whose options these are */
	const char *foreign_of;		      /* in words */
	size_t passed; /* of the option_list in the caller's struct that gets
			* the names of those passed over, each once */
};

/* Fill 'into' from argv[1 ..]. Arguments that are no options are moved to the
 * front of argv[1 ..] and counted in *words; behind "--" all are such. Fails
 * with FL_EUSAGE.
 * help is set when --help or -h was given; nothing else is checked then. */
int option_parse(const struct option_table *table, void *into, int argc,
		 char **argv, int *words, bool *help, struct fl_err *err);
/* One line for each foreign option that was passed over: what it means. */
void option_say_passed(const struct option_table *table,
		       const struct option_list *passed);
void option_help(const struct option_table *table, FILE *to);
void option_list_release(struct option_list *list);

#endif
