/* option_man.c - a manual page in man(7)'s language from an option table.
 *
 * Called by option_pages.c. What is said is the table's own text, filled anew
 * by man; the exit statuses are those of base/err.h. The date is that of the
 * release, for a page is the same whenever it is made.
 */
#include "text/option_pages_priv.h"

#include "base/version.h"

#include <ctype.h>
#include <string.h>

/* Text for roff: '-' is a hyphen there and "\-" the sign that people copy; a
 * point or an apostrophe at the start of a line would be a request. */
static void putn(FILE *to, const char *text, size_t len)
{
	bool start = true;

	for (; len > 0; text++, len--) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", to);
		if (*text == '-')
			fputs("\\-", to);
		else if (*text == '\\')
			fputs("\\e", to);
		else
			fputc(*text, to);
		start = *text == '\n';
	}
}

static void put(FILE *to, const char *text)
{
	putn(to, text, strlen(text));
}

/* A paragraph in lines of the page's source that mandoc does not find long. man
 * fills them again to the reader's width. */
static void put_filled(FILE *to, const char *text)
{
	size_t column = 0, len;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		len = strcspn(text, " \n");
		if (column)
			fputc(column + len > 70 ? '\n' : ' ', to);
		column = column + len > 70 ? len : column + 1 + len;
		putn(to, text, len);
		text += len;
	}
	fputc('\n', to);
}

static void put_line(FILE *to, const char *before, const char *text)
{
	fputs(before, to);
	put(to, text);
	fputc('\n', to);
}

/* "flotilla-train" of "flotilla" and "train". */
static void put_name(FILE *to, const struct option_program *p,
		     const struct option_command *c, bool capitals)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", p->name, c ? "-" : "",
		 c ? c->name : "");
	for (char *s = name; capitals && *s; s++)
		*s = (char)toupper((unsigned char)*s);
	put(to, name);
}

/* Comments may stand before .TH, requests may not. */
static void put_head(FILE *to, const struct option_program *p,
		     const struct option_command *c)
{
	fprintf(to, ".\\\" Printed by '%s --man%s%s'.\n.TH ", p->name,
		c ? " " : "", c ? c->name : "");
	put_name(to, p, c, true);
	fprintf(to, " 1 %s \"flotilla %s\" \"flotilla\"\n.SH NAME\n",
		FLOTILLA_RELEASED, FLOTILLA_VERSION);
	put_name(to, p, c, false);
	put_line(to, " \\- ", c ? c->help : p->help);
}

static void put_row(FILE *to, const char *letter, const char *name,
		    const char *arg, const char *help)
{
	fputs(".TP\n", to);
	if (*letter)
		fprintf(to, "\\fB\\-%s\\fR, ", letter);
	fputs("\\fB\\-\\-", to);
	put(to, name);
	fputs("\\fR", to);
	if (arg) {
		fputs(" \\fI", to);
		put(to, arg);
		fputs("\\fR", to);
	}
	fputc('\n', to);
	put_filled(to, help);
}

static void put_options(FILE *to, const struct option_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct option_row *r = &t->rows[i];

		if (r->help)
			put_row(to, (char[]){ r->letter, '\0' }, r->name,
				r->arg, r->help);
	}
	put_row(to, "h", "help", NULL, "print the list of options");
}

static void put_table(FILE *to, const struct option_table *t)
{
	put_line(to, ".SH SYNOPSIS\n.B ", t->program);
	if (*t->usage)
		put_line(to, "", t->usage);
	fputs(".SH DESCRIPTION\n", to);
	put_filled(to, t->about);
	if (t->count) {
		fputs(".PP\n", to);
		put_filled(to, "A value follows its option as the next "
			       "argument or after an equals sign; '-' and '_' "
			       "are the same in the name of an option.");
	}
	fputs(".SH OPTIONS\n", to);
	put_options(to, t);
	if (t->example) {
		put_line(to, ".SH EXAMPLES\n.nf\n", t->example);
		fputs(".fi\n", to);
	}
}

/* A program with commands has no table, so the options
 * of its own line stand here. */
static void put_commands(FILE *to, const struct option_program *p)
{
	put_line(to, ".SH SYNOPSIS\n.B ", p->name);
	put_line(to, ".I COMMAND\n", "[options]");
	fputs(".SH DESCRIPTION\n", to);
	put_filled(to, p->about);
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; i < p->count; i++) {
		put_line(to, ".TP\n.B ", p->commands[i].name);
		put_line(to, "", p->commands[i].help);
	}
	fputs(".SH OPTIONS\n", to);
	put_row(to, "h", "help", NULL, "print the list of commands");
	put_row(to, "", "version", NULL,
		"print what this build is made of: compiler, libraries, "
		"instruction sets, devices");
	put_row(to, "", "man", "COMMAND",
		"print the manual page of a command, or this one");
	put_row(to, "", "completion", "bash|zsh",
		"print the completion of a shell");
}

/* From 1: code 0 is the success above. */
static void put_statuses(FILE *to)
{
	fputs(".SH EXIT STATUS\n.TP\n0\nall went well\n", to);
	for (int code = 1; code < FL_CODE_COUNT; code++) {
		int status = fl_exit_status(-code);

		fprintf(to, ".TP\n%d\n", status);
		put(to, fl_code_name(-code));
		/* codes that end with the same status stand together */
		for (; code + 1 < FL_CODE_COUNT &&
		       fl_exit_status(-code - 1) == status;
		     code++)
			put(to, ", "), put(to, fl_code_name(-code - 1));
		fputc('\n', to);
	}
}

/* The page of a command names its program, that of the program its
 * commands; both name the other program. */
static void put_see_also(FILE *to, const struct option_program *p,
			 const struct option_command *c)
{
	fputs(".SH SEE ALSO\n", to);
	if (c)
		fprintf(to, ".BR %s (1),\n", p->name);
	for (size_t i = 0; !c && i < p->count; i++) {
		fputs(".BR ", to);
		put_name(to, p, &p->commands[i], false);
		fputs(" (1),\n", to);
	}
	fprintf(to, ".BR %s (1)\n", p->see);
}

void option_print_man(const struct option_program *p,
		      const struct option_command *c, FILE *to)
{
	const struct option_table *t = c ? c->table : p->table;

	put_head(to, p, c);
	if (t)
		put_table(to, t);
	else
		put_commands(to, p);
	put_statuses(to);
	put_see_also(to, p, c);
}
