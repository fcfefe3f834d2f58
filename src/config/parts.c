/* parts.c - which rows a recipe may use and where their fields lie.
 * Before anything is read recipe_take_parts() asks for the architecture, for
 * only the rows of its family count, and lays out the options of every part in
 * the recipe's arena, zeroed. They live as long as the recipe. */
#include "config/recipe_priv.h"

#include <stdio.h>
#include <string.h>

int recipe_word_place(const char *words, const char *text)
{
	size_t n = strlen(text);
	int place = 0;

	for (const char *p = words; *p; p += *p == '|', place++) {
		size_t len = strcspn(p, "|");

		if (len == n && memcmp(p, text, n) == 0)
			return place;
		p += len;
	}
	return -1;
}

const char *recipe_word(const char *words, int place, char buf[RECIPE_WORD])
{
	for (; place > 0; place--)
		words += strcspn(words, "|") + 1;
	snprintf(buf, RECIPE_WORD, "%.*s", (int)strcspn(words, "|"), words);
	return buf;
}

/* registry/lists.c is above this folder and knows the rooms' parts alone; the
 * two of src/config stand around them, so that the table of docs/recipes.md
 * begins with what everybody needs. */
const struct recipe_part *recipe_next_part(int *at)
{
	int i = (*at)++, n = 0;

	while (recipe_parts[n])
		n++;
	if (i == 0)
		return &recipe_own_part;
	if (i <= n)
		return recipe_parts[i - 1];
	return i == n + 1 ? &recipe_unused_part : NULL;
}

const char *recipe_architectures(struct fl_arena *arena)
{
	const struct recipe_part *p;
	const char *all = "";

	for (int at = 0; (p = recipe_next_part(&at)) != NULL;)
		if (p->architectures)
			all = fl_arena_printf(arena, "%s%s%s", all,
					      *all ? "|" : "",
					      p->architectures);
	return all;
}

static void take_part(struct recipe *r, const struct recipe_part *part)
{
	/* The rows of struct recipe fill the recipe itself. A part whose rows
	 * have no fields has size 0; a byte gives it a place of its own. */
	void *options = part == &recipe_own_part
				? (void *)r
				: fl_arena_alloc(&r->arena, part->size + 1);

	r->parts[r->part_count] = part;
	r->options[r->part_count++] = options;
	for (size_t i = 0; i < part->row_count; i++)
		r->slots[r->slot_count++] =
			(struct recipe_slot){ .path = part->rows[i].path,
					      .row = &part->rows[i],
					      .options = options };
}

void recipe_take_parts(struct recipe *r, const char *architecture)
{
	bool known = architecture &&
		     recipe_word_place(recipe_architectures(&r->arena),
				       architecture) >= 0;
	const struct recipe_part *p;
	size_t rows = 0, parts = 0;

	/* Counted first: slots are an array, since
	 * fl_nearest() goes along their names. */
	for (int at = 0; (p = recipe_next_part(&at)) != NULL; parts++)
		rows += p->row_count;
	r->parts = fl_arena_array(&r->arena, parts, sizeof(*r->parts));
	r->options = fl_arena_array(&r->arena, parts, sizeof(*r->options));
	r->slots = fl_arena_array(&r->arena, rows, sizeof(*r->slots));
	for (int at = 0; (p = recipe_next_part(&at)) != NULL;)
		if (!known || !p->architectures ||
		    recipe_word_place(p->architectures, architecture) >= 0)
			take_part(r, p);
}

void *recipe_options(const struct recipe *r, const struct recipe_part *part)
{
	for (int i = 0; i < r->part_count; i++)
		if (r->parts[i] == part)
			return r->options[i];
	return NULL;
}
