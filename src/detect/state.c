/* Tensors by their state names between flat buffers and files; which belong to
 * a part follows from the parameter's role. Called when checkpoints are written
 * and read (train/checkpoint.c), when weights are loaded, and by the probe. */
#include "detect/state.h"

#include "ckpt/match.h"

#include <stdio.h>

#include <stdlib.h>
#include <string.h>

static bool in_part(const struct model_state *s, const struct state_part *part)
{
	/* The projection is constant: model alone has it, neither the average
	 * (the reference's ema_black_list) nor the velocity, which has no
	 * statistics either. */
	if (!s->param)
		return part->statistics && strcmp(part->prefix, "ema.") != 0;
	return part->statistics || !graph_role_is_statistic(s->param->role);
}

static float *buffer_of(const struct model_state *s,
			const struct state_part *part)
{
	return graph_role_is_statistic(s->param->role) ? part->statistics
						       : part->flat;
}

size_t state_describe(const struct model *model, const struct state_part *part,
		      struct fl_arena *arena, struct named_tensor **out)
{
	struct named_tensor *t =
		fl_arena_array(arena, (size_t)model->state_count, sizeof(*t));
	size_t n = 0;

	for (int i = 0; i < model->state_count; i++) {
		const struct model_state *s = &model->states[i];
		int dims[4];

		if (!in_part(s, part))
			continue;
		t[n].name =
			fl_arena_printf(arena, "%s%s", part->prefix, s->name);
		t[n].dtype = DTYPE_F32;
		t[n].rank = model_state_dims(s, dims);
		for (int k = 0; k < t[n].rank; k++)
			t[n].dims[k] = dims[k];
		t[n].bytes = model_state_count(s) * sizeof(float);
		n++;
	}
	*out = t;
	return n;
}

static const struct model_state *find_state(const struct model *model,
					    const char *name)
{
	for (int i = 0; i < model->state_count; i++)
		if (strcmp(model->states[i].name, name) == 0)
			return &model->states[i];
	return NULL;
}

void state_export(const struct model *model, const struct state_part *part,
		  const char *name, float *out)
{
	const struct model_state *s =
		find_state(model, name + strlen(part->prefix));

	FL_ASSERT(s != NULL);
	if (s->param)
		graph_param_export(s->param, buffer_of(s, part), out);
	/* 0, 1, ... as the reference stores its projection. */
	for (int j = 0; !s->param && j < s->ramp; j++)
		out[j] = (float)j;
}

/* Through a copy in the file's layout: files may be half floats, and the graph
 * has its own order of a kernel's axes. */
void state_import_one(const struct model_state *s,
		      const struct state_part *part,
		      const struct named_tensor *from)
{
	float *values;

	if (!s->param)
		return;
	values = fl_malloc(s->param->count * sizeof(float));
	named_tensor_f32(from, 0, s->param->count, values);
	graph_param_import(s->param, buffer_of(s, part), values);
	free(values);
}

static int check_shape(const struct model_state *s,
		       const struct named_tensor *t, struct fl_err *err)
{
	char want[CKPT_SHAPE_TEXT], have[CKPT_SHAPE_TEXT];
	int64_t dims64[4];
	int dims[4], rank = model_state_dims(s, dims);

	for (int k = 0; k < rank; k++)
		dims64[k] = dims[k];
	if (named_tensor_has_shape(t, rank, dims64))
		return 0;
	return fl_fail(
		err, FL_EDATA,
		"tensor '%s' has the shape %s, but the recipe's model needs %s",
		t->name, ckpt_shape_text(t->rank, t->dims, have),
		ckpt_shape_text(rank, dims64, want));
}

int state_import(const struct model *model, const struct state_part *part,
		 const struct tensor_file *file, struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < model->state_count; i++) {
		const struct model_state *s = &model->states[i];
		const struct named_tensor *t;
		char name[512];

		/* Constants are not read back: a file may even lack them. */
		if (!in_part(s, part) || !s->param)
			continue;
		snprintf(name, sizeof(name), "%s%s", part->prefix, s->name);
		t = tensor_file_find(file, name);
		if (!t)
			return fl_fail(err, FL_EDATA, "tensor '%s' is missing",
				       name);
		rc = check_shape(s, t, err);
		if (rc == 0)
			state_import_one(s, part, t);
	}
	return rc;
}

struct match_want *state_wants(const struct model *model,
			       struct fl_arena *arena)
{
	struct match_want *w =
		fl_arena_array(arena, (size_t)model->state_count, sizeof(*w));

	for (int i = 0; i < model->state_count; i++) {
		int dims[4];

		w[i].name = model->states[i].name;
		w[i].rank = model_state_dims(&model->states[i], dims);
		for (int k = 0; k < w[i].rank; k++)
			w[i].dims[k] = dims[k];
	}
	return w;
}
