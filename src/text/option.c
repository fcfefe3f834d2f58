/* option.c - the parser of a command line by a table of rows: one for every
 * command of both programs, called first by each.
 * The table settles names, kinds and where values go; manual page, completion
 * and --help come of the same rows (option_pages.h). Options of the programs
 * that ours take the place of are known by name, so that a typed command of
 * theirs runs or says what to write instead. */
#include "text/option.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What all steps need; at moves on where an option takes the next argument. */
struct parser {
	const struct option_table *table;
	void *into;
	int argc;
	char **argv;
	int at; /* the argument in work */
	struct fl_err *err;
};

/* Is text, up to a '=' at len, this name? '-' counts as '_': Paddle writes
 * --log_dir, torchrun --nproc-per-node. */
static bool same_name(const char *text, size_t len, const char *name)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '-' ? '_' : text[i]) != name[i])
			return false;
	return true;
}

/* How many dashes stand before a long name; 0: it is none. */
static size_t dashes(const struct option_table *t, const char *arg)
{
	return fl_starts_with(arg, "--") ? 2 : t->one_dash ? 1 : 0;
}

/* Among rows without help too: other spellings are options like any other. */
static const struct option_row *find(const struct option_table *t,
				     const char *arg, size_t len)
{
	size_t n = dashes(t, arg);

	for (size_t i = 0; i < t->count; i++) {
		const struct option_row *r = &t->rows[i];

		if ((n && same_name(arg + n, len - n, r->name)) ||
		    (n < 2 && len == 2 && r->letter == arg[1]))
			return r;
	}
	return NULL;
}

/* "-n4": a number right behind its letter. */
static const struct option_row *find_joined(const struct option_table *t,
					    const char *arg)
{
	const struct option_row *r = find(t, arg, 2);
	bool joined = dashes(t, arg) == 1 && isdigit((unsigned char)arg[2]);

	return joined && r && r->kind == OPTION_INT ? r : NULL;
}

/* The only option that begins with a word, as "--draw" of "--draw_threshold":
 * other programs take it for the whole. */
static const char *only_longer(const struct option_table *t, const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < t->count; i++) {
		/* Other spellings of one option would make it two. */
		if (!t->rows[i].help || !fl_starts_with(t->rows[i].name, word))
			continue;
		if (found)
			return NULL;
		found = t->rows[i].name;
	}
	return found;
}

/* A beginning that fits one option is likelier meant than
 * a name that is near by letters. */
static int unknown(struct parser *p, const char *arg, size_t len)
{
	size_t n = fl_starts_with(arg, "--") ? 2 : 1;
	const char *near = NULL;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)len, arg);
	if (len > 2)
		near = only_longer(p->table, word + n);
	if (!near && len > 2 && p->table->count)
		near = fl_nearest(word + n, &p->table->rows[0].name,
				  p->table->count, sizeof(p->table->rows[0]));
	if (near)
		return fl_fail(p->err, FL_EUSAGE,
			       "unknown option '%s'; did "
			       "you mean '--%s'? ('%s --help' lists all)",
			       word, near, p->table->program);
	return fl_fail(p->err, FL_EUSAGE,
		       "unknown option '%s' ('%s --help' "
		       "lists all)",
		       word, p->table->program);
}

/* double holds every int, so one test of bounds serves both kinds. v != v is
 * NaN, which passes every comparison of bounds. */
static int set_number(struct parser *p, const struct option_row *r,
		      const char *text)
{
	char *field = (char *)p->into + r->offset, *end;
	double v = r->kind == OPTION_INT ? (double)strtol(text, &end, 10)
					 : strtod(text, &end);

	if (end == text || *end || v != v)
		return fl_fail(p->err, FL_EUSAGE,
			       "option '--%s' needs a %s, "
			       "not '%s'",
			       r->name,
			       r->kind == OPTION_INT ? "whole number"
						     : "number",
			       text);
	if (r->min < r->max && (v < r->min || v > r->max))
		return fl_fail(p->err, FL_EUSAGE,
			       "option '--%s' is %s, but "
			       "must be within %g and %g",
			       r->name, text, r->min, r->max);
	if (r->kind == OPTION_INT)
		*(int *)(void *)field = (int)v;
	else
		*(double *)(void *)field = v;
	return 0;
}

/* "--eval True": argparse's type=bool takes a word, and people learn it so. */
static const char *word_behind(struct parser *p)
{
	const char *next = p->at + 1 < p->argc ? p->argv[p->at + 1] : "";

	if (p->table->stop_at_word ||
	    (strcasecmp(next, "true") != 0 && strcasecmp(next, "false") != 0))
		return NULL;
	p->at++;
	return next;
}

/* word: behind '=', or NULL. Alone a flag is true. */
static int set_flag(struct parser *p, const char *name, const char *word,
		    bool *field)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };

	if (!word)
		word = word_behind(p);
	if (!word) {
		*field = true;
		return 0;
	}
	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(word, yes[i]) == 0 ||
		    strcasecmp(word, no[i]) == 0) {
			*field = strcasecmp(word, yes[i]) == 0;
			return 0;
		}
	}
	return fl_fail(p->err, FL_EUSAGE,
		       "option '--%s' takes true or false, "
		       "not '%s'",
		       name, word);
}

static bool is_option(const char *arg)
{
	/* "-" is a file name; "-0.5" and "-1" are values. */
	return arg[0] == '-' && arg[1] && !isdigit((unsigned char)arg[1]) &&
	       arg[1] != '.';
}

/* Lists of a command line are short: one place at a time is enough. */
static void append(struct option_list *l, const char *item)
{
	l->items = fl_realloc(l->items,
			      (size_t)(l->count + 1) * sizeof(*l->items));
	l->items[l->count++] = item;
}

/* Every word up to the next option. into may be NULL:
 * the words are passed over. */
static void set_list(struct parser *p, const char *value,
		     struct option_list *into)
{
	while (value ||
	       (p->at + 1 < p->argc && !is_option(p->argv[p->at + 1]))) {
		const char *item = value ? value : p->argv[++p->at];

		if (into)
			append(into, item);
		value = NULL;
	}
}

/* The word of an option that needs one: behind its '=', or the next argument,
 * whatever it begins with ("--rank -1"). */
static int take_value(struct parser *p, const char *name, const char *arg,
		      const char **value)
{
	if (*value)
		return 0;
	if (p->at + 1 >= p->argc)
		return fl_fail(p->err, FL_EUSAGE, "option '--%s' needs %s",
			       name, arg ? arg : "a value");
	*value = p->argv[++p->at];
	return 0;
}

static bool is_word_of(const char *words, const char *value)
{
	size_t len = strlen(value), n;

	for (; *words; words += n + (words[n] == '|')) {
		n = strcspn(words, "|");
		if (n == len && strncmp(words, value, n) == 0)
			return true;
	}
	return false;
}

/* "option '--x' takes a, b or c, not 'd'" */
static int not_a_word(struct parser *p, const struct option_row *r,
		      const char *value)
{
	struct fl_str list = FL_STR_INIT;
	const char *words = r->arg;
	size_t n;
	int rc;

	for (; *words; words += n + (words[n] == '|')) {
		n = strcspn(words, "|");
		if (words != r->arg)
			fl_str_add(&list, words[n] ? ", " : " or ");
		fl_str_addn(&list, words, n);
	}
	rc = fl_fail(p->err, FL_EUSAGE, "option '--%s' takes %s, not '%s'",
		     r->name, fl_str_get(&list), value);
	fl_str_release(&list);
	return rc;
}

/* Offsets come from offsetof in the rows, so the field
 * has the type that its kind says. */
static int set(struct parser *p, const struct option_row *r, const char *value)
{
	void *field = (char *)p->into + r->offset;
	int rc;

	if (r->kind == OPTION_FLAG)
		return set_flag(p, r->name, value, field);
	if (r->kind == OPTION_LIST) {
		set_list(p, value, field);
		return 0;
	}
	rc = take_value(p, r->name, r->arg, &value);
	if (rc == 0 && r->kind == OPTION_EACH) {
		append(field, value);
		return 0;
	}
	if (rc == 0 && (r->kind == OPTION_INT || r->kind == OPTION_REAL))
		return set_number(p, r, value);
	if (rc == 0 && r->kind == OPTION_WORD && !is_word_of(r->arg, value))
		return not_a_word(p, r, value);
	if (rc == 0)
		*(const char **)field = value;
	return rc;
}

/* Ours come first: only what find() did not know gets here.
 * Foreign options have no letters. */
static const struct option_foreign *find_foreign(const struct option_table *t,
						 const char *arg, size_t len)
{
	const struct option_foreign *f = t->foreign;
	size_t n = dashes(t, arg);

	for (; n && f && f->name; f++)
		if ((f->programs & t->foreign_programs) &&
		    same_name(arg + n, len - n, f->name))
			return f;
	return NULL;
}

/* As people type them: "-N", "--np". */
static const char *dashes_of(const char *name)
{
	return name[1] ? "--" : "-";
}

/* A truth value that is false asks for nothing, so it is never refused. f->name
 * stands in *passed once, as the table's own pointer, by which
 * option_say_passed() finds the row again. */
static int pass_foreign(struct parser *p, const struct option_foreign *f,
			const char *value)
{
	struct option_list *passed =
		(void *)((char *)p->into + p->table->passed);
	bool wanted = true;
	int rc = 0;

	if (f->kind == OPTION_FLAG)
		rc = set_flag(p, f->name, value, &wanted);
	else if (f->kind == OPTION_LIST)
		set_list(p, value, NULL);
	else
		rc = take_value(p, f->name, NULL, &value);
	if (rc == 0 && f->refused && wanted)
		rc = fl_fail(p->err, FL_EUSAGE,
			     "option '%s%s' of %s is not there: %s",
			     dashes_of(f->name), f->name, p->table->foreign_of,
			     f->why);
	for (int i = 0; i < passed->count; i++)
		if (passed->items[i] == f->name)
			return rc;
	append(passed, f->name);
	return rc;
}

/* In the order in which they were typed. */
void option_say_passed(const struct option_table *table,
		       const struct option_list *passed)
{
	for (int i = 0; i < passed->count; i++)
		for (const struct option_foreign *f = table->foreign; f->name;
		     f++)
			if (f->name == passed->items[i])
				fl_info("option '%s%s' is accepted and has no effect: %s",
					dashes_of(f->name), f->name, f->why);
}

/* A command may have an option "help" or 'h' of its own; ours comes after. */
static int parse_option(struct parser *p, bool *help)
{
	const char *arg = p->argv[p->at];
	const char *equals = strchr(arg, '=');
	const char *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct option_row *r = find(p->table, arg, len);
	const struct option_foreign *f;

	if (!r && (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
		*help = true;
		return 0;
	}
	if (r)
		return set(p, r, value);
	f = find_foreign(p->table, arg, len);
	if (f)
		return pass_foreign(p, f, value);
	r = find_joined(p->table, arg);
	return r ? set(p, r, arg + 2) : unknown(p, arg, len);
}

int option_parse(const struct option_table *table, void *into, int argc,
		 char **argv, int *words, bool *help, struct fl_err *err)
{
	struct parser p = { table, into, argc, argv, 1, err };
	bool ended = false;
	int rc;

	*words = 0;
	*help = false;
	for (; p.at < argc; p.at++) {
		if (!ended && strcmp(argv[p.at], "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || !is_option(argv[p.at])) {
			/* Words move forward over options that are done with,
			 * so argv needs no copy. */
			argv[1 + (*words)++] = argv[p.at];
			if (!table->stop_at_word)
				continue;
			while (++p.at < argc)
				argv[1 + (*words)++] = argv[p.at];
			break;
		}
		rc = parse_option(&p, help);
		if (rc != 0)
			return rc;
		if (*help)
			return 0;
	}
	return 0;
}

/* A name longer than its 30 columns pushes its help aside, and only its own. */
void option_help(const struct option_table *table, FILE *to)
{
	fprintf(to, "usage: %s %s\n%s\n\n", table->program, table->usage,
		table->about);
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *r = &table->rows[i];
		char left[64];

		if (!r->help)
			continue;
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			 r->letter ? "-" : "  ", r->letter ? r->letter : ' ',
			 r->letter ? ", " : " ", r->name, r->arg ? " " : "",
			 r->arg ? r->arg : "");
		fprintf(to, "  %-30s %s\n", left, r->help);
	}
	fprintf(to, "  %-30s %s\n", "-h, --help", "this text");
	if (table->example)
		fprintf(to, "\nexample:\n%s\n", table->example);
}

/* The items are argv's and stay. */
void option_list_release(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ 0 };
}
