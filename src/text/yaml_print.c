/* yaml_print.c - a tree as YAML text, for the effective recipe that a run leaves
 * in its folder (config.yml).
 *
 * In block style, two blanks a level. What is printed reads back as the same
 * tree, so scalars keep their kind; the place in the file is lost.
 */
#include "text/yaml.h"

#include <ctype.h>
#include <string.h>

/* Single quotes fold the end of a line to a blank, so a text with control
 * characters stands in double ones. */
static void print_quoted(const char *text, struct fl_str *out)
{
	char quote = '\'';

	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			quote = '"';
	fl_str_addn(out, &quote, 1);
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			fl_str_addf(out, "\\x%02x", (unsigned)*p);
		else if (*p == quote || (*p == '\\' && quote == '"'))
			fl_str_addf(out, "%c%c", quote == '"' ? '\\' : quote,
				    *p);
		else
			fl_str_addn(out, p, 1);
	fl_str_addn(out, &quote, 1);
}

static void print_key(const char *key, struct fl_str *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

	if (*key && key[strspn(key, plain)] == '\0')
		fl_str_add(out, key);
	else
		print_quoted(key, out);
	fl_str_add(out, ":");
}

/* Numbers and truth values as they were written, so that they are read as the
 * same kind again; texts in quotes, so that "on" stays a text. */
static void print_scalar(const struct yaml *n, struct fl_str *out)
{
	if (n->kind == YAML_NULL)
		fl_str_add(out, "~");
	else if (n->kind != YAML_TEXT)
		fl_str_add(out, n->text);
	else
		print_quoted(n->text, out);
}

static bool is_container(const struct yaml *n)
{
	return (n->kind == YAML_LIST || n->kind == YAML_MAP) && n->count > 0;
}

void yaml_print(const struct yaml *n, int indent, struct fl_str *out)
{
	/* A mapping's tag stands behind its key, where the mapping
	 * itself begins on the next line. */
	if (n->tag && n->kind != YAML_MAP)
		fl_str_addf(out, "!%s ", n->tag);
	if (n->kind == YAML_LIST && n->count == 0) {
		fl_str_add(out, "[]");
	} else if (n->kind == YAML_MAP && n->count == 0) {
		fl_str_add(out, "{}");
	} else if (!is_container(n)) {
		print_scalar(n, out);
	} else {
		for (int i = 0; i < n->count; i++) {
			const struct yaml *item = n->items[i];

			fl_str_addf(out, "\n%*s", indent, "");
			if (n->kind == YAML_MAP)
				print_key(n->keys[i], out);
			else
				fl_str_add(out, "-");
			if (item->tag && item->kind == YAML_MAP)
				fl_str_addf(out, " !%s", item->tag);
			fl_str_add(out, is_container(item) ? "" : " ");
			yaml_print(item, indent + 2, out);
		}
	}
}
