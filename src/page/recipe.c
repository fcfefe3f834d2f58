/* recipe.c - what was asked for: of one run what its recipe says otherwise than
 * its base, of several what they say differently.
 *
 * The base is what the file's _BASE_ entries come to, or the file itself where it
 * has none; the comparison was made when the recipe was read (config/changes.c),
 * because the base may be another one tomorrow. Several runs are compared by
 * their config.yml, key by key. */
#include "page/html.h"
#include "page/page_priv.h"

#include <stdlib.h>
#include <string.h>

/* A whole recipe with all its bases has some thousands of bytes. */
#define MOST_RECIPE 65536
#define MOST_DIFFERENCES 400

static void draw_changes(const struct json *changes, struct fl_str *out)
{
	static const char *const words[] = { "key", "here", "base", "said by",
					     NULL };

	page_table(out, words);
	for (size_t i = 0; i < json_count(changes); i++) {
		const struct json *c = json_at(changes, i);

		fl_str_add(out, "<tr>");
		page_name(out, json_text_or(c, "key", ""));
		page_cell(out, json_text_or(c, "value", ""));
		page_cell(out, json_text_or(c, "base", "–"));
		page_cell(out, json_text_or(c, "from", ""));
		fl_str_add(out, "</tr>");
	}
	page_table_end(out);
}

static void draw_whole(const struct page_run *r, struct fl_str *out)
{
	struct fl_str text = FL_STR_INIT;

	yaml_print(r->recipe, 0, &text);
	if (text.len > MOST_RECIPE)
		fl_str_addf(out,
			    "<p>The recipe has %zu bytes: it is in "
			    "config.yml.</p>",
			    text.len);
	else if (text.len > 1) {
		fl_str_add(out, "<details><summary>The whole recipe"
				"</summary><pre>");
		html_text(out, fl_str_get(&text) + 1);
		fl_str_add(out, "</pre></details>");
	}
	fl_str_release(&text);
}

static void draw_one(const struct page_run *r, struct fl_str *out)
{
	const struct json *recipe = json_get(r->facts, "recipe");
	const struct json *changes = json_get(recipe, "changes");

	if (recipe) {
		fl_str_add(out, "<p>");
		html_text(out, json_text_or(recipe, "path", ""));
		fl_str_add(out, json_count(changes)
					? " says otherwise than its base:</p>"
					: " says nothing otherwise than its "
					  "base.</p>");
	}
	if (json_count(changes))
		draw_changes(changes, out);
	if (r->recipe)
		draw_whole(r, out);
}

/* The leaves of a recipe by their keys: "TrainReader.batch_size". */
struct leaves {
	struct fl_arena arena;
	struct leaf {
		const char *key, *value;
	} * list;
	size_t count, cap;
};

static void add_leaf(struct leaves *l, const char *key, const struct yaml *node)
{
	struct fl_str text = FL_STR_INIT;
	const char *value;

	yaml_print(node, 0, &text);
	value = fl_str_get(&text); /* a block begins with a line end */
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->list = fl_realloc(l->list, l->cap * sizeof(*l->list));
	}
	l->list[l->count++] =
		(struct leaf){ key, fl_arena_strdup(&l->arena,
						    value + (*value == '\n')) };
	fl_str_release(&text);
}

static void take_leaves(struct leaves *l, const char *prefix,
			const struct yaml *map)
{
	for (int i = 0; map && i < map->count; i++) {
		const struct yaml *item = map->items[i];
		const char *key =
			fl_arena_printf(&l->arena, "%s%s%s", prefix,
					*prefix ? "." : "", map->keys[i]);

		if (item->kind == YAML_MAP && item->count > 0)
			take_leaves(l, key, item);
		else
			add_leaf(l, key, item);
	}
}

static const char *leaf_of(const struct leaves *l, const char *key)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->list[i].key, key) == 0)
			return l->list[i].value;
	return "–";
}

static bool differs(const struct leaves *all, int count, const char *key)
{
	for (int i = 1; i < count; i++)
		if (strcmp(leaf_of(&all[i], key), leaf_of(&all[0], key)) != 0)
			return true;
	return false;
}

/* Was the key shown for an earlier run? */
static bool known(const struct leaves *all, int run, const char *key)
{
	for (int i = 0; i < run; i++)
		for (size_t k = 0; k < all[i].count; k++)
			if (strcmp(all[i].list[k].key, key) == 0)
				return true;
	return false;
}

static int draw_differences(const struct leaves *all, int count,
			    struct fl_str *out)
{
	int shown = 0;

	for (int run = 0; run < count; run++)
		for (size_t k = 0; k < all[run].count; k++) {
			const char *key = all[run].list[k].key;

			if (shown == MOST_DIFFERENCES || known(all, run, key) ||
			    !differs(all, count, key))
				continue;
			shown++;
			fl_str_add(out, "<tr>");
			page_name(out, key);
			for (int i = 0; i < count; i++)
				page_cell(out, leaf_of(&all[i], key));
			fl_str_add(out, "</tr>");
		}
	return shown;
}

static void draw_several(const struct sheet *p, struct fl_str *out)
{
	struct leaves all[PAGE_MOST_RUNS] = { 0 };
	const char *words[PAGE_MOST_RUNS + 2] = { "key" };
	struct fl_str rows = FL_STR_INIT;

	for (int i = 0; i < p->count; i++) {
		words[i + 1] = p->runs[i].name;
		take_leaves(&all[i], "", p->runs[i].recipe);
	}
	if (draw_differences(all, p->count, &rows) > 0) {
		fl_str_add(out, "<p>Keys that are not the same in all runs."
				"</p>");
		page_table(out, words);
		fl_str_add(out, fl_str_get(&rows));
		page_table_end(out);
	} else {
		fl_str_add(out, "<p>All runs have the same recipe.</p>");
	}
	fl_str_release(&rows);
	for (int i = 0; i < p->count; i++) {
		fl_arena_release(&all[i].arena);
		free(all[i].list);
	}
}

void page_recipe(const struct sheet *p, struct fl_str *out)
{
	const struct page_run *r = &p->runs[0];

	if (p->count == 1 && !r->recipe && !json_get(r->facts, "recipe"))
		return;
	page_begin(out, "recipe", "Recipe");
	if (p->count == 1)
		draw_one(r, out);
	else
		draw_several(p, out);
	page_end(out);
}
