/* changes.c - what a recipe says otherwise than its base, key by key, with who
 * says so: for people who compare runs.
 *
 * recipe_load() asks once the tree is whole. Mappings are gone through, tagged
 * ones too; everything else (lists too) is one value, as it is in merging. */
#include "config/recipe_priv.h"

#include <stdlib.h>
#include <string.h>

struct changes {
	struct fl_arena *arena;
	struct recipe_change *list;
	int count, cap;
};

/* As YAML, without the line end that stands before a block. */
static const char *text_of(struct changes *c, const struct yaml *node)
{
	struct fl_str text = FL_STR_INIT;
	const char *at, *copy;

	yaml_print(node, 0, &text);
	at = fl_str_get(&text);
	copy = fl_arena_strdup(c->arena, at + (*at == '\n'));
	fl_str_release(&text);
	return copy;
}

static void add(struct changes *c, const char *key, const struct yaml *now,
		const struct yaml *base)
{
	const char *value = text_of(c, now);
	const char *before = base ? text_of(c, base) : NULL;

	if (before && strcmp(value, before) == 0)
		return;
	if (c->count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 32;
		c->list =
			fl_realloc(c->list, (size_t)c->cap * sizeof(*c->list));
	}
	c->list[c->count++] =
		(struct recipe_change){ .key = key,
					.value = value,
					.base = before,
					.from = yaml_where(c->arena, now) };
}

/* An override of a tagged object has turned the tag into a key (tree.c). */
static bool is_tag_as_key(const struct yaml *base, const char *key,
			  const struct yaml *now)
{
	return base && base->tag && now->text && strcmp(key, "name") == 0 &&
	       strcmp(now->text, base->tag) == 0;
}

static void walk(struct changes *c, const char *prefix, const struct yaml *now,
		 const struct yaml *base)
{
	for (int i = 0; i < now->count; i++) {
		const struct yaml *item = now->items[i];
		const struct yaml *old =
			base ? yaml_get(base, now->keys[i]) : NULL;
		const char *key =
			fl_arena_printf(c->arena, "%s%s%s", prefix,
					*prefix ? "." : "", now->keys[i]);

		if (item->kind == YAML_MAP && item->count > 0)
			walk(c, key, item,
			     old && old->kind == YAML_MAP ? old : NULL);
		else if (!is_tag_as_key(base, now->keys[i], item))
			add(c, key, item, old);
	}
}

void recipe_find_changes(struct recipe *r, const struct yaml *now,
			 const struct yaml *base)
{
	struct changes c = { .arena = &r->arena };
	size_t bytes;
	struct recipe_change *kept;

	walk(&c, "", now, base);
	bytes = (size_t)c.count * sizeof(*c.list);
	kept = fl_arena_array(&r->arena, (size_t)c.count + 1, sizeof(*kept));
	if (bytes)
		memcpy(kept, c.list, bytes);
	free(c.list);
	r->changes = kept;
	r->change_count = c.count;
}
