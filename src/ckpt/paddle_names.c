#include "ckpt/paddle_names.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A layer class of Paddle and its parameters; the counter is the class's. */
enum layer {
	LAYER_CONV,
	LAYER_BN,
	LAYER_REP,
	LAYER_COUNT
};

static const char *const layer_names[LAYER_COUNT] = { "conv2d", "batch_norm2d",
						      "rep_vgg_block" };

static const struct {
	enum layer layer;
	bool in_bn; /* is the part before it "bn"? */
	const char *part, *internal;
} kinds[] = {
	{ LAYER_CONV, false, "weight", "w_0" },
	{ LAYER_CONV, false, "bias", "b_0" },
	{ LAYER_BN, true, "weight", "w_0" },
	{ LAYER_BN, true, "bias", "b_0" },
	{ LAYER_BN, true, "_mean", "w_1" },
	{ LAYER_BN, true, "_variance", "w_2" },
	{ LAYER_REP, false, "alpha", "w_0" },
};

/* Layers with a place in the order of building of their own: the rank of
 * element i is first + step * i. All others keep the order of the state dict
 * before them, which is the backbone. */
static const struct {
	const char *part;
	int first, step;
} places[] = {
	{ "fpn_stages", 1000, 2 },  { "fpn_routes", 1001, 2 },
	{ "pan_routes", 2000, -2 }, { "pan_stages", 2001, -2 },
	{ "stem_cls", 3000, 2 },    { "stem_reg", 3001, 2 },
	{ "pred_cls", 4000, 2 },    { "pred_reg", 4001, 2 },
	{ "proj_conv", 5000, 0 },
};

struct entry {
	const char *state;
	size_t index, layer_len; /* length of the layer's part of the name */
	int kind, rank, number;
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

static int rank_of(const char *state)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *tail = after_part(state, places[i].part);
		int index = tail ? atoi(tail) : 0;

		if (tail && index >= 0 && index < 100)
			return places[i].first + places[i].step * index;
	}
	return 0;
}

static int kind_of(const char *state, size_t *layer_len)
{
	const char *dot = strrchr(state, '.');
	const char *part = dot ? dot + 1 : state;
	size_t n = dot ? (size_t)(dot - state) : 0;
	bool in_bn = (n == 2 || (n > 2 && state[n - 3] == '.')) &&
		     strncmp(state + n - 2, "bn", 2) == 0;

	*layer_len = n;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].in_bn == in_bn && !strcmp(kinds[i].part, part))
			return (int)i;
	return -1;
}

static int by_building(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool same_layer(const struct entry *a, const struct entry *b)
{
	return a->layer_len == b->layer_len &&
	       memcmp(a->state, b->state, a->layer_len) == 0;
}

/* Number the layers; the entries of a layer lie side by side. */
static void count_layers(struct entry *entries, size_t count)
{
	int counters[LAYER_COUNT] = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct entry *e = &entries[i];

		if (i && same_layer(e - 1, e))
			e->number = e[-1].number;
		else
			e->number = counters[kinds[e->kind].layer]++;
	}
}

int paddle_names_make(const char *const *states, size_t count,
		      struct fl_arena *arena, const char ***internal,
		      struct fl_err *err)
{
	struct entry *entries = fl_malloc(count * sizeof(*entries));
	const char **names;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct entry *e = &entries[i];

		*e = (struct entry){ .state = states[i], .index = i };
		e->kind = kind_of(states[i], &e->layer_len);
		e->rank = rank_of(states[i]);
		if (e->kind < 0)
			rc = fl_fail(
				err, FL_EDATA,
				"'%s' is no name of a "
				"PP-YOLOE tensor, so Paddle's own name for "
				"it is unknown",
				states[i]);
	}
	if (rc != 0)
		goto out;
	qsort(entries, count, sizeof(*entries), by_building);
	count_layers(entries, count);
	names = fl_arena_array(arena, count ? count : 1, sizeof(*names));
	for (size_t i = 0; i < count; i++) {
		const struct entry *e = &entries[i];

		names[e->index] = fl_arena_printf(
			arena, "%s_%d.%s", layer_names[kinds[e->kind].layer],
			e->number, kinds[e->kind].internal);
	}
	*internal = names;
out:
	free(entries);
	return rc;
}

bool paddle_names_trained(const char *state)
{
	return !fl_ends_with(state, "._mean") &&
	       !fl_ends_with(state, "._variance") &&
	       !fl_ends_with(state, "proj_conv.weight");
}
