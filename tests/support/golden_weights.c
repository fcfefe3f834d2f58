#include "support/golden_weights.h"

#include "base/rng.h"
#include "base/str.h"
#include "ckpt/safetensors.h"
#include "support/formula.h"
#include "family/family.h"
#include "detect/state.h"

#include <math.h>

/* A quarter of the values one float up, a quarter one down. */
static void move(const struct named_tensor *t, uint64_t way, uint64_t index,
		 float *v)
{
	struct fl_rng rng = fl_rng_open(way, FL_RNG_TEST, index, 0);

	if (fl_ends_with(t->name, "._mean") ||
	    fl_ends_with(t->name, "._variance") ||
	    fl_ends_with(t->name, "proj_conv.weight"))
		return;
	for (size_t i = 0; i < t->bytes / sizeof(float); i++) {
		uint64_t draw = fl_rng_u64(&rng) >> 62;

		if (draw < 2)
			v[i] = nextafterf(v[i], draw ? 1e9f : -1e9f);
	}
}

int golden_weights(const struct recipe *recipe, uint64_t seed,
		   const char *statistics, uint64_t moved, const char *path,
		   struct fl_err *err)
{
	struct state_part part = { "", (float *)1, (float *)1 };
	struct tensor_file other = { 0 };
	struct fl_arena arena = FL_ARENA_INIT;
	struct named_tensor *t;
	struct model *m;
	size_t n;
	int rc = family_model(recipe, &m, err);

	if (rc != 0)
		return rc;
	if (statistics)
		rc = tensor_file_open(&other, statistics, err);
	n = state_describe(m, &part, &arena, &t);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct named_tensor *given =
			tensor_file_find(&other, t[i].name);
		float *v = fl_arena_alloc(&arena, t[i].bytes + 1);

		if (given && given->bytes == t[i].bytes)
			named_tensor_f32(given, 0, named_tensor_count(given),
					 v);
		else
			formula_tensor(seed, &t[i], v);
		if (moved)
			move(&t[i], moved, i, v);
		t[i].data = v;
	}
	if (rc == 0)
		rc = safetensors_save(path, t, n, NULL, 0, err);
	tensor_file_close(&other);
	family_model_free(m);
	fl_arena_release(&arena);
	return rc;
}
