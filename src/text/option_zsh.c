/* option_zsh.c - completion for zsh from option tables.
 *
 * Called by option_pages.c. Each command becomes one call of _arguments, with
 * the tables' own words as descriptions; the file is autoloaded by its name
 * (_flotilla, _fleetrun) from a folder of fpath.
 */
#include "text/option_pages_priv.h"

#include <string.h>

/* Text within single quotes of a specification: '\'' for an apostrophe, and
 * what _arguments reads as its own is escaped. */
static void put(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", to);
			continue;
		}
		if (strchr(":[]\\", *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

/* The part of a specification after the description: ":message:action". */
static void put_value(FILE *to, enum option_kind kind, const char *arg)
{
	char words[128];

	fputc(':', to);
	put(to, arg ? arg : "value");
	switch (option_offer(kind, arg)) {
	case OFFER_FILES:
		fputs(":_files", to);
		break;
	case OFFER_FOLDERS:
		fputs(":_directories", to);
		break;
	case OFFER_WORDS:
		fprintf(to, ":(%s)", option_words(arg, words, sizeof(words)));
		break;
	case OFFER_NOTHING:
		fputs(": ", to);
	}
}

/* The option's name in one spelling, and what follows it. */
static void put_name(FILE *to, const struct option_row *r, char joint)
{
	for (const char *n = r->name; *n; n++)
		fputc(*n == '_' ? joint : *n, to);
	if (r->kind != OPTION_FLAG && r->kind != OPTION_LIST)
		fputc('=', to);
}

/* '!': known, so that the rest of the line is understood, but not offered. */
static void put_hidden(FILE *to, const struct option_row *r, char joint)
{
	fputs("\t\t\t'!--", to);
	put_name(to, r, joint);
	if (r->kind != OPTION_FLAG)
		put_value(to, r->kind, r->arg);
	fputs("' \\\n", to);
}

static void put_row(FILE *to, const struct option_row *r)
{
	/* A list may come again and goes on; anything else comes once. */
	fputs("\t\t\t'", to);
	if (r->kind == OPTION_LIST || r->kind == OPTION_EACH)
		fputc('*', to);
	else if (r->letter)
		fprintf(to, "(-%c --%s)", r->letter, r->name);
	if (r->letter)
		fprintf(to, "'{-%c,", r->letter);
	fputs("--", to);
	put_name(to, r, '_');
	fputs(r->letter ? "}'[" : "[", to);
	put(to, r->help);
	fputc(']', to);
	if (r->kind != OPTION_FLAG)
		put_value(to, r->kind, r->arg);
	fputs("' \\\n", to);
}

static void put_rows(FILE *to, const struct option_row *r)
{
	if (r->help)
		put_row(to, r);
	else
		put_hidden(to, r, '_');
	if (strchr(r->name, '_'))
		put_hidden(to, r, '-');
}

/* What words that follow no option are: arguments, or further values of a list
 * (for _arguments the first value alone is the option's, or else it would take
 * the next option for one too). */
static void put_operands(FILE *to, const struct option_table *t)
{
	const char *arg = t->operand;

	for (size_t i = 0; i < t->count && !t->operand; i++)
		if (t->rows[i].kind == OPTION_LIST && t->rows[i].help &&
		    (!arg || option_offer(OPTION_LIST, t->rows[i].arg)))
			arg = t->rows[i].arg;
	if (!arg)
		return;
	fputs("\t\t\t'*", to);
	/* A value that nobody can guess has a message, which would keep an
	 * option from being completed in its place. */
	if (option_offer(OPTION_TEXT, arg) == OFFER_NOTHING)
		fputs(":value:_guard \"([^-]*|)\" value", to);
	else
		put_value(to, OPTION_TEXT, arg);
	fputs("' \\\n", to);
}

static void put_table(FILE *to, const char *name, const struct option_table *t)
{
	char words[128];

	fprintf(to, "\t\t'%s')\n\t\t\t_arguments \\\n", name);
	for (size_t i = 0; i < t->count; i++)
		put_rows(to, &t->rows[i]);
	if (t->verbs)
		fprintf(to, "\t\t\t'1:verb:(%s)' \\\n",
			option_words(t->verbs, words, sizeof(words)));
	if (t->stop_at_word)
		fputs("\t\t\t'(-)1:program:_fleetrun_program' \\\n"
		      "\t\t\t'*:: :_fleetrun_arguments' \\\n",
		      to);
	else
		put_operands(to, t);
	fputs("\t\t\t'(- *)'{-h,--help}'[list of options]'\n\t\t\t;;\n", to);
}

/* What stands after the name of a program with commands. */
static void put_commands(FILE *to, const struct option_program *p)
{
	fprintf(to, "_%s()\n{\n\tlocal -a commands=(\n", p->name);
	for (size_t i = 0; i < p->count; i++) {
		fprintf(to, "\t\t'%s:", p->commands[i].name);
		put(to, p->commands[i].help);
		fputs("'\n", to);
	}
	fprintf(to,
		"\t)\n"
		"\tif (( CURRENT == 2 )) && [[ $words[2] != -?* ]]; then\n"
		"\t\t_describe -t commands command commands\n"
		"\telif (( CURRENT == 2 )); then\n"
		"\t\t_arguments '(- *)'{-h,--help}'[list of commands]' \\\n"
		"\t\t\t'(- *)--version[what this build is made of]'\n"
		"\telif [[ $words[2] == -* ]]; then\n"
		"\t\t_%s_options %s\n"
		"\telse\n"
		"\t\tshift words\n"
		"\t\t(( CURRENT -= 1 ))\n"
		"\t\t_%s_options $words[1]\n"
		"\tfi\n}\n\n",
		p->name, p->initial, p->name);
}

/* The rest of fleetrun's line is its program's; tools/train.py means our
 * trainer where that script is not here. */
static void put_program(FILE *to)
{
	fputs("_fleetrun_program()\n{\n"
	      "\t_alternative 'commands:program:_command_names -e' "
	      "'files:script:_files -g \"*.py\"'\n}\n\n"
	      "_fleetrun_arguments()\n{\n"
	      "\tif [[ $words[1] == *tools/train.py && ! -e $words[1] ]]; then\n"
	      "\t\twords=(flotilla train \"${(@)words[2,-1]}\")\n"
	      "\t\t(( CURRENT += 1 ))\n"
	      "\tfi\n"
	      "\t_normal\n}\n\n"
	      "_fleetrun()\n{\n\t_fleetrun_options ''\n}\n\n",
	      to);
}

void option_print_zsh(const struct option_program *p, FILE *to)
{
	const struct option_table *t;
	const char *name;

	fprintf(to,
		"#compdef %s\n"
		"# zsh completion for %s; printed by '%s --completion zsh'.\n\n"
		"_%s_options() # COMMAND\n{\n\tcase $1 in\n",
		p->name, p->name, p->name, p->name);
	for (size_t i = 0; (t = option_table_at(p, i, &name)) != NULL; i++)
		put_table(to, name, t);
	fputs("\tesac\n}\n\n", to);
	if (p->commands)
		put_commands(to, p);
	else
		put_program(to);
	fprintf(to, "_%s \"$@\"\n", p->name);
}
