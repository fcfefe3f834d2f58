/* paddle_names.c - which internal name Paddle gives each tensor: momentum in
 * .pdopt is known by nothing else. Called by convert when it writes such files,
 * and by checkpoint.c when it reads them without a table.
 * Names are sorted into the order of building, the layers of each class are
 * counted in that order, and the names go back to their places. Which layers
 * leave the order of the state dict is a family's rule; the first family that
 * knows every name is taken. */
#include "ckpt/paddle_names.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parameters that every family has. */
/* w_0 and b_0 are what is trained, w_1 and w_2 the running mean and variance
 * that Paddle keeps as parameters. */
static const struct paddle_param common[] = {
	{ "conv2d", false, "weight", "w_0" },
	{ "conv2d", false, "bias", "b_0" },
	{ "batch_norm2d", true, "weight", "w_0" },
	{ "batch_norm2d", true, "bias", "b_0" },
	{ "batch_norm2d", true, "_mean", "w_1" },
	{ "batch_norm2d", true, "_variance", "w_2" },
};

#define COMMON ((int)(sizeof(common) / sizeof(common[0])))

struct named_state {
	const char *state;
	size_t index, layer_len; /* length of the layer's part of the name */
	const struct paddle_param *param;
	int rank, number;
};

/* Where ".part." or "part." at the start is followed by its tail, or NULL. */
static const char *after_part(const char *state, const char *part)
{
	size_t n = strlen(part);

	for (const char *p = state; p; p = strchr(p, '.')) {
		p += *p == '.';
		if (strncmp(p, part, n) == 0 && p[n] == '.')
			return p + n + 1;
	}
	return NULL;
}

/* Layers without a place of their own keep the order of the state dict, before
 * all others. */
static int rank_of(const struct paddle_rules *rules, const char *state)
{
	for (int i = 0; i < rules->place_count; i++) {
		const struct paddle_place *p = &rules->places[i];
		const char *tail = after_part(state, p->part);
		int index = tail ? atoi(tail) : 0;

		/* A rank is first + step * index (paddle_place): indices are
		 * levels and stages, a handful. */
		if (tail && index >= 0 && index < 100)
			return p->first + p->step * index;
	}
	return 0;
}

/* NULL: of no kind that the family has. Whether "weight" is a convolution's or
 * a norm's tells the part before it: "bn". */
static const struct paddle_param *param_of(const struct paddle_rules *rules,
					   const char *state, size_t *layer_len)
{
	const char *dot = strrchr(state, '.');
	const char *part = dot ? dot + 1 : state;
	size_t n = dot ? (size_t)(dot - state) : 0;
	bool in_bn = (n == 2 || (n > 2 && state[n - 3] == '.')) &&
		     strncmp(state + n - 2, "bn", 2) == 0;

	*layer_len = n;
	for (int i = 0; i < COMMON + rules->param_count; i++) {
		const struct paddle_param *p =
			i < COMMON ? &common[i] : &rules->params[i - COMMON];

		if (p->in_bn == in_bn && !strcmp(p->part, part))
			return p;
	}
	return NULL;
}

static int by_building(const void *a, const void *b)
{
	const struct named_state *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	/* qsort is not stable; the place in the state dict decides. */
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool same_layer(const struct named_state *a, const struct named_state *b)
{
	return a->layer_len == b->layer_len &&
	       memcmp(a->state, b->state, a->layer_len) == 0;
}

#define MOST_LAYERS 16 /* classes of layers in a family */

struct counter {
	const char *layer;
	int count;
};

static struct counter *counter_of(struct counter *counters, const char *layer)
{
	struct counter *c = counters;

	while (c->layer && strcmp(c->layer, layer) != 0)
		c++;
	FL_ASSERT(c < counters + MOST_LAYERS);
	c->layer = layer;
	return c;
}

/* Number the layers, each class by itself from 0; the entries of a layer lie
 * side by side and share its number. */
static void count_layers(struct named_state *entries, size_t count)
{
	/* The last one stays empty, so that the search for
	 * a new class ends there. */
	struct counter counters[MOST_LAYERS + 1] = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct named_state *e = &entries[i];

		if (i && same_layer(e - 1, e))
			e->number = e[-1].number;
		else
			e->number =
				counter_of(counters, e->param->layer)->count++;
	}
}

/* What the rules say of each name, in the order of building. */
static int make_entries(const struct paddle_rules *rules,
			const char *const *states, size_t count,
			struct named_state *entries, struct fl_err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct named_state *e = &entries[i];

		*e = (struct named_state){ .state = states[i], .index = i };
		e->param = param_of(rules, states[i], &e->layer_len);
		e->rank = rank_of(rules, states[i]);
		if (!e->param)
			return fl_fail(err, FL_EDATA,
				       "'%s' is no name of a "
				       "%s tensor, so Paddle's own name for "
				       "it is unknown",
				       states[i], rules->family);
	}
	qsort(entries, count, sizeof(*entries), by_building);
	count_layers(entries, count);
	return 0;
}

int paddle_names_make(const char *const *states, size_t count,
		      struct fl_arena *arena, const char ***internal,
		      struct fl_err *err)
{
	struct named_state *entries = fl_malloc(count * sizeof(*entries));
	const char **names =
		fl_arena_array(arena, count ? count : 1, sizeof(*names));
	int rc = FL_EDATA;

	for (int f = 0; rc != 0 && paddle_families[f]; f++)
		rc = make_entries(paddle_families[f], states, count, entries,
				  err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct named_state *e = &entries[i];

		names[e->index] =
			fl_arena_printf(arena, "%s_%d.%s", e->param->layer,
					e->number, e->param->internal);
	}
	if (rc == 0)
		*internal = names;
	free(entries);
	return rc;
}

/* All families are asked: a name does not say whose it is. */
static bool constant(const char *state)
{
	for (int f = 0; paddle_families[f]; f++)
		for (const char *const *c = paddle_families[f]->constants; *c;
		     c++)
			if (fl_ends_with(state, *c))
				return true;
	return false;
}

bool paddle_names_trained(const char *state)
{
	return !fl_ends_with(state, "._mean") &&
	       !fl_ends_with(state, "._variance") && !constant(state);
}
