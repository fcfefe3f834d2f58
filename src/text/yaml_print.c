/* yaml_print.c - a tree as YAML text, for the effective recipe that a run leaves
 * in its folder (config.yml).
 *
 * In block style, two blanks a level. What is printed reads back as the same
 * tree, so scalars keep their kind; the place in the file is lost.
 */
#include "text/yaml.h"

static void print_scalar(const struct yaml *n, struct fl_str *out)
{
	if (n->kind == YAML_NULL) {
		fl_str_add(out, "~");
	} else if (n->kind != YAML_TEXT) {
		fl_str_add(out, n->text);
	} else {
		fl_str_add(out, "'");
		for (const char *p = n->text; *p; p++)
			fl_str_addn(out, *p == '\'' ? "''" : p,
				    *p == '\'' ? 2 : 1);
		fl_str_add(out, "'");
	}
}

static bool is_container(const struct yaml *n)
{
	return (n->kind == YAML_LIST || n->kind == YAML_MAP) && n->count > 0;
}

void yaml_print(const struct yaml *n, int indent, struct fl_str *out)
{
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
				fl_str_addf(out, "%s:", n->keys[i]);
			else
				fl_str_add(out, "-");
			if (item->tag && item->kind == YAML_MAP)
				fl_str_addf(out, " !%s", item->tag);
			fl_str_add(out, is_container(item) ? "" : " ");
			yaml_print(item, indent + 2, out);
		}
	}
}
