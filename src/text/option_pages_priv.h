/* option_pages_priv.h - shared by the writers of pages and completions. */
#ifndef FL_TEXT_OPTION_PAGES_PRIV_H
#define FL_TEXT_OPTION_PAGES_PRIV_H

#include "text/option_pages.h"

/* What a shell offers for a value. */
enum option_offer {
	OFFER_NOTHING, /* a number, a name of the user's */
	OFFER_WORDS,   /* those that 'arg' lists */
	OFFER_FILES,
	OFFER_FOLDERS,
};

/* kind and arg: of a row; OPTION_TEXT for an operand. NULL offers nothing. */
enum option_offer option_offer(enum option_kind kind, const char *arg);
/* arg with ' ' for '|', in a buffer. */
const char *option_words(const char *arg, char *buf, size_t size);

/* The tables of a program one by one: its commands', or its only one. name: of
 * the command, "" where there is none. NULL after the last. */
const struct option_table *option_table_at(const struct option_program *program,
					   size_t i, const char **name);

/* command: NULL for the page of the program. */
void option_print_man(const struct option_program *program,
		      const struct option_command *command, FILE *to);
void option_print_bash(const struct option_program *program, FILE *to);
void option_print_zsh(const struct option_program *program, FILE *to);

#endif
