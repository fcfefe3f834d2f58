/* keys.c - the keys of an object, asked for one by one by the room that reads
 * it (data sets, transforms, schedules).
 * Asking for a key makes it known: keys_finish() then refuses what was never
 * asked for. After a failure calls do nothing but note their key, so that
 * callers ask for all of them in a row and look at the end. */
#include "config/keys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct keys keys_of(struct recipe *r, const struct yaml *map, const char *owner,
		    struct fl_err *err)
{
	struct keys k = { .r = r, .map = map, .owner = owner, .err = err };

	if (map && map->kind != YAML_MAP && map->kind != YAML_NULL)
		k.rc = fl_fail(err, FL_ERECIPE, "%s: '%s' must be a mapping",
			       yaml_where(&r->arena, map), owner);
	return k;
}

const struct yaml *keys_look(struct keys *k, const char *key,
			     const char *values, const char *help)
{
	bool again = false;

	/* MAX_KEYS bounds the calls of one object, which
	 * are ours and not the file's. */
	FL_ASSERT(k->count < MAX_KEYS);
	for (size_t i = 0; i < k->count; i++)
		again |= strcmp(k->known[i], key) == 0;
	k->known[k->count++] = key;
	if (k->r->notes && !again)
		fl_str_addf(k->r->notes, "| `%s.%s` | %s | %s |\n", k->owner,
			    key, values, help);
	return k->rc == 0 ? yaml_get(k->map, key) : NULL;
}

void keys_pass(struct keys *k, const char *key, const char *why)
{
	keys_look(k, key, "accepted, no effect", why);
}

const struct yaml *keys_number(struct keys *k, const char *key, double min,
			       double max, const char *help)
{
	char values[64];

	snprintf(values, sizeof(values), "%g to %g", min, max);
	return keys_look(k, key, values, help);
}

const char *keys_full(struct keys *k, const char *key)
{
	return fl_arena_printf(&k->r->arena, "%s.%s", k->owner, key);
}

void keys_real(struct keys *k, const char *key, double min, double max,
	       double *out, const char *help)
{
	const struct yaml *n = keys_number(k, key, min, max, help);

	if (n)
		k->rc = recipe_number(k->r, n, keys_full(k, key), false, min,
				      max, out, k->err);
}

/* The default in *out stays where the key is absent or wrong. */
void keys_int(struct keys *k, const char *key, double min, double max, int *out,
	      const char *help)
{
	const struct yaml *n = keys_number(k, key, min, max, help);
	double v = *out;

	if (n)
		k->rc = recipe_number(k->r, n, keys_full(k, key), true, min,
				      max, &v, k->err);
	*out = (int)v;
}

void keys_bool(struct keys *k, const char *key, bool *out, const char *help)
{
	const struct yaml *n = keys_look(k, key, "true, false", help);

	if (n)
		k->rc = recipe_truth(k->r, n, keys_full(k, key), out, k->err);
}

void keys_text(struct keys *k, const char *key, const char **out,
	       const char *help)
{
	const struct yaml *n = keys_look(k, key, "text", help);

	if (n && n->kind != YAML_NULL && !n->text)
		k->rc = fl_fail(k->err, FL_ERECIPE, "%s: '%s' must be a word",
				yaml_where(&k->r->arena, n), keys_full(k, key));
	else if (n)
		*out = n->kind == YAML_NULL ? "" : n->text;
}

void keys_reals(struct keys *k, const char *key, int count, double min,
		double max, double *out, const char *help)
{
	const struct yaml *n = keys_number(k, key, min, max, help);

	if (!n)
		return;
	if (n->kind != YAML_LIST || n->count != count) {
		k->rc = fl_fail(k->err, FL_ERECIPE,
				"%s: '%s' must be a list of %d numbers",
				yaml_where(&k->r->arena, n), keys_full(k, key),
				count);
		return;
	}
	for (int i = 0; k->rc == 0 && i < count; i++)
		k->rc = recipe_number(k->r, n->items[i], keys_full(k, key),
				      false, min, max, &out[i], k->err);
}

/* Compared without regard to case, since Paddle's truth
 * values are written True and true. */
void keys_usual(struct keys *k, const char *key, const char *usual,
		const char *why)
{
	char values[64];
	const struct yaml *n;
	const char *text;

	snprintf(values, sizeof(values), "`%s` only", usual);
	n = keys_look(k, key, values, why);
	text = n ? n->text : NULL;
	if (!n || (text && strcasecmp(text, usual) == 0))
		return;
	k->rc = fl_fail(k->err, FL_ERECIPE, "%s: '%s' can only be %s: %s",
			yaml_where(&k->r->arena, n), keys_full(k, key), usual,
			why);
}

/* A tag (!COCODataSet), or since 2023 a key "name"; the reference's recipes
 * have both. Where both stand the key counts. */
const char *keys_class(struct keys *k)
{
	const char *name = k->map && k->map->tag ? k->map->tag : "";

	keys_text(k, "name", &name, "its class; a YAML tag says the same");
	return name;
}

/* The line is that of the key itself, which may stand in a base. */
int keys_finish(struct keys *k)
{
	for (int i = 0; k->rc == 0 && k->map && i < k->map->count; i++) {
		const char *key = k->map->keys[i], *near;
		bool found = false;

		for (size_t j = 0; j < k->count; j++)
			found |= strcmp(key, k->known[j]) == 0;
		if (found)
			continue;
		near = fl_nearest(key, k->known, k->count, sizeof(char *));
		k->rc = fl_fail(k->err, FL_ERECIPE,
				"%s: unknown key '%s' in '%s'%s%s%s",
				yaml_where(&k->r->arena, k->map->items[i]), key,
				k->owner, near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
	}
	return k->rc;
}
