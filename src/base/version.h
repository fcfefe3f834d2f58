/* version.h - the only place that says which release this is (the Makefile, the
 * packages and the manual pages take both lines from here), and what a program
 * tells of itself on --version. */
#ifndef FL_BASE_VERSION_H
#define FL_BASE_VERSION_H

#include <stdio.h>

#define FLOTILLA_VERSION "0.1.0"
#define FLOTILLA_RELEASED "2026-11-30"

/* A row of a table that ends with a name of NULL. version: of the library that runs, borrowed. */
struct fl_library {
	const char *name;
	const char *(*version)(void);
};

/* Release, commit, compiler, libraries, processor: one line each. libraries:
 * tables, ended by NULL. */
void fl_version_print(FILE *to, const char *program,
		      const struct fl_library *const *libraries);

#endif
