/* checkpoint.c - what is in a checkpoint, whatever wrote it: files are opened
 * by tensor_file.c, put into one layout here (a set of Paddle's files by their
 * roles), and asked for parts, state and what one would publish. Lists made
 * here borrow from those they came from, which are chained behind them
 * (tensor_file.part) and closed with them. Called by training when it goes on,
 * by whoever loads weights (detect/weights.c), by convert and ckpt, and by
 * locate.c. */
#include "ckpt/checkpoint.h"

#include "base/str.h"
#include "ckpt/paddle_names.h"
#include "text/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A state in the metadata is ours; without one the names have to be all of
 * ours, so that another program's file with one tensor "model.x" is not taken
 * for a checkpoint. */
bool checkpoint_is(const struct tensor_file *file)
{
	if (tensor_file_meta(file, CKPT_STATE_KEY))
		return true;
	for (size_t i = 0; i < file->count; i++) {
		const char *name = file->tensors[i].name;

		if (!fl_starts_with(name, CKPT_MODEL) &&
		    !fl_starts_with(name, CKPT_VELOCITY) &&
		    !fl_starts_with(name, CKPT_EMA))
			return false;
	}
	return file->count > 0;
}

/* Paddle's formula (ppdet/optimizer/ema.py): exact after the first step, near
 * enough later, since the average begins as zeros. */
double checkpoint_ema_divisor(bool exponential, double last_decay, int64_t step)
{
	double divisor = 1 - pow(last_decay, (double)step);

	/* last_decay is 1 or NaN only in a damaged file: dividing by
	 * nothing would lose all weights. */
	if (step <= 0 || exponential || !(divisor > 0))
		return 1;
	return divisor;
}

int checkpoint_state_read(struct tensor_file *file,
			  struct checkpoint_state *state, struct fl_err *err)
{
	const char *text = tensor_file_meta(file, CKPT_STATE_KEY), *type;
	struct json *root;

	/* PaddleDetection's defaults, for files that say nothing of
	 * an average. */
	*state = (struct checkpoint_state){ .ema_decay = 0.9998,
					    .ema_decay_type = "threshold" };
	if (!text)
		return 0;
	root = json_parse(text, strlen(text), "state of the checkpoint", err);
	if (!root)
		return FL_EDATA;
	json_int(json_get(root, "step"), &state->progress.steps);
	json_int(json_get(root, "epoch"), &state->progress.epochs);
	json_real_of(json_get(root, "lr"), &state->progress.lr);
	json_int(json_get(root, "ema_step"), &state->ema_step);
	json_real_of(json_get(root, "ema_decay"), &state->ema_decay);
	json_real_of(json_get(root, "ema_last_decay"), &state->ema_last_decay);
	if (json_text(json_get(root, "ema_decay_type"), &type))
		/* The JSON ends here, the list lives on. */
		state->ema_decay_type = fl_arena_strdup(&file->arena, type);
	json_free(root);
	return 0;
}

/* Add a tensor under prefix + name; the data stays where it is. */
static int add_named(struct tensor_file *to, const char *prefix,
		     const char *name, const struct named_tensor *from,
		     struct fl_err *err)
{
	struct named_tensor t = *from;
	struct fl_str s = FL_STR_INIT;
	int rc;

	fl_str_addf(&s, "%s%s", prefix, name);
	t.name = fl_str_get(&s);
	rc = tensor_file_add(to, &t, err);
	fl_str_release(&s);
	return rc;
}

static const struct named_tensor *
find_named(const struct tensor_file *file, const char *prefix, const char *name)
{
	struct fl_str s = FL_STR_INIT;
	const struct named_tensor *t;

	fl_str_addf(&s, "%s%s", prefix, name);
	t = tensor_file_find(file, fl_str_get(&s));
	fl_str_release(&s);
	return t;
}

static int add_all(struct tensor_file *to, const char *prefix,
		   const struct tensor_file *from, struct fl_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < from->count && rc == 0; i++)
		rc = add_named(to, prefix, from->tensors[i].name,
			       &from->tensors[i], err);
	return rc;
}

int checkpoint_part(struct tensor_file *to, const struct tensor_file *from,
		    const char *prefix, struct fl_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < from->count && rc == 0; i++)
		if (fl_starts_with(from->tensors[i].name, prefix))
			rc = add_named(to, "",
				       from->tensors[i].name + strlen(prefix),
				       &from->tensors[i], err);
	return rc;
}

/* One weight to publish: the divided average, owned by 'to'. A divisor of
 * 1 leaves the values in the file. */
static int add_divided(struct tensor_file *to, const char *name,
		       const struct named_tensor *average, double divisor,
		       struct fl_err *err)
{
	struct named_tensor t = *average;
	size_t n = named_tensor_count(average);
	float *values;

	if (divisor == 1)
		return add_named(to, "", name, average, err);
	values = fl_arena_array(&to->arena, n ? n : 1, sizeof(*values));
	named_tensor_f32(average, 0, n, values);
	for (size_t i = 0; i < n; i++)
		/* In float32, as Paddle divides: published
		 * weights then agree to the bit. */
		values[i] /= (float)divisor;
	t.data = values;
	t.dtype = DTYPE_F32;
	t.bytes = n * sizeof(*values);
	return add_named(to, "", name, &t, err);
}

int checkpoint_published(struct tensor_file *to, struct tensor_file *from,
			 struct fl_err *err)
{
	struct checkpoint_state state;
	double divisor;
	int rc = checkpoint_state_read(from, &state, err);

	divisor = checkpoint_ema_divisor(
		!strcmp(state.ema_decay_type, "exponential"),
		state.ema_last_decay, state.ema_step);
	for (size_t i = 0; i < from->count && rc == 0; i++) {
		const struct named_tensor *t = &from->tensors[i], *average;
		const char *name = t->name + strlen(CKPT_MODEL);

		if (!fl_starts_with(t->name, CKPT_MODEL))
			continue;
		average = find_named(from, CKPT_EMA, name);
		/* The projection is constant and never averaged; at step 0
		 * the average is still all zeros. */
		if (!average || state.ema_step == 0 ||
		    fl_ends_with(name, "proj_conv.weight"))
			rc = add_named(to, "", name, t, err);
		else
			rc = add_divided(to, name, average, divisor, err);
	}
	return rc;
}

int weights_open(struct tensor_file *file, const char *path, struct fl_err *err)
{
	/* On the heap, since the published list borrows its
	 * tensors and closes it in the end. */
	struct tensor_file *raw = fl_calloc(1, sizeof(*raw));
	int rc = tensor_file_open(raw, path, err);

	*file = (struct tensor_file)TENSOR_FILE_INIT;
	if (rc != 0) {
		free(raw);
		return rc;
	}
	if (!checkpoint_is(raw)) {
		*file = *raw;
		free(raw);
		return 0;
	}
	file->format = raw->format;
	file->part = raw;
	rc = checkpoint_published(file, raw, err);
	if (rc != 0) {
		fl_context(err, "'%s'", path);
		tensor_file_close(file);
	}
	return rc;
}

/* qsort moves these and not the list, whose order is the file's. */
struct by_name {
	const struct named_tensor *t;
};

static int compare_names(const void *a, const void *b)
{
	const struct by_name *x = a, *y = b;

	return strcmp(x->t->name, y->t->name);
}

/* In pieces, so that no tensor is copied whole to be hashed as float32. */
static void digest_values(struct fl_digest *digest,
			  const struct named_tensor *t)
{
	enum {
		PIECE = 4096
	};
	size_t n = named_tensor_count(t);
	float values[PIECE];

	for (size_t first = 0; first < n; first += PIECE) {
		size_t count = n - first < PIECE ? n - first : PIECE;

		named_tensor_f32(t, first, count, values);
		fl_digest_update(digest, values, count * sizeof(*values));
	}
}

void checkpoint_digest(const struct tensor_file *weights,
		       char hex[FL_DIGEST_HEX])
{
	size_t n = weights->count;
	struct by_name *order = fl_malloc(n * sizeof(*order));
	struct fl_digest digest;

	for (size_t i = 0; i < n; i++)
		order[i].t = &weights->tensors[i];
	qsort(order, n, sizeof(*order), compare_names);
	fl_digest_init(&digest);
	for (size_t i = 0; i < n; i++) {
		const struct named_tensor *t = order[i].t;
		int64_t rank = t->rank;

		fl_digest_update(&digest, t->name, strlen(t->name) + 1);
		fl_digest_update(&digest, &rank, sizeof(rank));
		fl_digest_update(&digest, t->dims,
				 (size_t)rank * sizeof(*t->dims));
		digest_values(&digest, t);
	}
	fl_digest_hex(&digest, hex);
	free(order);
}

/* P.pdparams, P.pdema and P.pdopt on their way into one list. */
struct paddle_set {
	struct tensor_file *to, *params, *raw, *opt; /* raw, opt: or NULL */
	const char *path;
	struct fl_err *err;
};

/* Open P + ending when there is one, chained behind the list for closing. That
 * there is none is no fault: plain weights have neither. */
static int open_beside(struct paddle_set *s, const char *ending,
		       struct tensor_file **found)
{
	struct fl_str path = FL_STR_INIT;
	size_t stem = strlen(s->path) - strlen(".pdparams");
	int rc = 0;

	*found = NULL;
	fl_str_addf(&path, "%.*s%s", (int)stem, s->path, ending);
	if (fl_exists(fl_str_get(&path))) {
		*found = fl_calloc(1, sizeof(**found));
		rc = tensor_file_open(*found, fl_str_get(&path), s->err);
		if (rc == 0) {
			(*found)->part = s->to->part;
			s->to->part = *found;
		} else {
			free(*found);
			*found = NULL;
		}
	}
	fl_str_release(&path);
	return rc;
}

static const struct named_tensor *find_velocity(struct paddle_set *s,
						const char *internal)
{
	struct fl_str key = FL_STR_INIT;
	const struct named_tensor *t = NULL;

	if (internal) {
		fl_str_addf(&key, "%s_velocity_0", internal);
		t = tensor_file_find(s->opt, fl_str_get(&key));
	}
	fl_str_release(&key);
	return t;
}

static int add_velocity(struct paddle_set *s, const struct named_tensor *state,
			const char *numbered)
{
	struct fl_str key = FL_STR_INIT;
	const struct named_tensor *v;
	const char *internal;

	/* The file's own table knows of layers that were built before in that
	 * process; without it the numbers are those of a process that built
	 * nothing else. */
	fl_str_addf(&key, "StructuredToParameterName@@.%s", state->name);
	internal = tensor_file_meta(s->params, fl_str_get(&key));
	fl_str_release(&key);
	v = find_velocity(s, internal);
	if (!v)
		v = find_velocity(s, numbered);
	if (!v)
		return fl_fail(
			s->err, FL_EDATA,
			"the .pdopt beside '%s' has no "
			"momentum '%s_velocity_0' for '%s'; move it away "
			"to start without momentum",
			s->path,
			internal   ? internal
			: numbered ? numbered
				   : "?",
			state->name);
	if (!named_tensor_has_shape(v, state->rank, state->dims))
		return fl_fail(s->err, FL_EDATA,
			       "the momentum '%s' in the "
			       ".pdopt beside '%s' has another shape than '%s'",
			       v->name, s->path, state->name);
	return add_named(s->to, CKPT_VELOCITY, state->name, v, s->err);
}

static int add_velocities(struct paddle_set *s)
{
	size_t n = s->params->count;
	const char **names = fl_malloc(n * sizeof(*names)), **numbered = NULL;
	struct fl_err unused = FL_ERR_INIT;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = s->params->tensors[i].name;
	/* Names of unknown kind have no number; the table may have them. */
	paddle_names_make(names, n, &s->to->arena, &numbered, &unused);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (paddle_names_trained(names[i]))
			rc = add_velocity(s, &s->params->tensors[i],
					  numbered ? numbered[i] : NULL);
	free(names);
	return rc;
}

/* Numbers of a pickle are metadata as text (tensor_file.h); 0 where the file or
 * the key is missing, as in a fresh run. */
static double meta_number(const struct tensor_file *file, const char *key)
{
	const char *text = file ? tensor_file_meta(file, key) : NULL;

	return text ? strtod(text, NULL) : 0;
}

/* A number of steps or epochs; what cannot be one counts as none. */
static int64_t meta_count(const struct tensor_file *file, const char *key)
{
	double v = meta_number(file, key);

	return v >= 0 && v < 0x1p53 ? (int64_t)v : 0;
}

static void add_state(struct paddle_set *s)
{
	struct json *root = json_new_object();
	struct fl_str text = FL_STR_INIT;
	int64_t steps;

	steps = meta_count(s->opt, "LR_Scheduler.last_epoch");
	json_set_text(root, "origin", "paddle");
	json_set_int(root, "step", steps);
	json_set_int(root, "epoch", meta_count(s->opt, "last_epoch"));
	json_set_real(root, "lr", meta_number(s->opt, "LR_Scheduler.last_lr"));
	if (s->raw) {
		/* Without .pdopt the count is lost, but not the average:
		 * 1 says that there is one. */
		json_set_int(root, "ema_step", steps > 0 ? steps : 1);
		json_set_real(root, "ema_decay", 0.9998);
		json_set_text(root, "ema_decay_type", "threshold");
		/* Divided already: 1 - 0^step leaves it as it is. */
		json_set_real(root, "ema_last_decay", 0);
	}
	json_print(root, 0, &text);
	tensor_file_add_meta(s->to, CKPT_STATE_KEY, fl_str_get(&text));
	fl_str_release(&text);
	json_free(root);
}

/* With an average Paddle swaps the names on purpose: .pdema has the weights as
 * trained, .pdparams the divided average. Without .pdema .pdparams has the
 * weights. */
static int open_paddle(struct paddle_set *s)
{
	int rc = open_beside(s, ".pdema", &s->raw);

	if (rc == 0)
		rc = open_beside(s, ".pdopt", &s->opt);
	if (rc == 0)
		rc = add_all(s->to, CKPT_MODEL, s->raw ? s->raw : s->params,
			     s->err);
	if (rc == 0 && s->opt)
		rc = add_velocities(s);
	if (rc == 0 && s->raw)
		rc = add_all(s->to, CKPT_EMA, s->params, s->err);
	if (rc == 0 && (s->raw || s->opt))
		add_state(s);
	return rc;
}

int checkpoint_open(struct tensor_file *file, const char *path,
		    struct fl_err *err)
{
	struct paddle_set s = { .to = file, .path = path, .err = err };
	int rc;

	*file = (struct tensor_file)TENSOR_FILE_INIT;
	if (fl_ends_with(path, ".pdopt"))
		return fl_fail(err, FL_EDATA,
			       "'%s' holds momentum and no "
			       "weights; give the .pdparams beside it",
			       path);
	s.params = fl_calloc(1, sizeof(*s.params));
	rc = tensor_file_open(s.params, path, err);
	if (rc != 0) {
		free(s.params);
		return rc;
	}
	if (checkpoint_is(s.params)) {
		*file = *s.params;
		free(s.params);
		return 0;
	}
	file->format = s.params->format;
	file->part = s.params;
	/* Other pickles (.pdema alone, a user's own) are plain weights. */
	if (fl_ends_with(path, ".pdparams"))
		rc = open_paddle(&s);
	else
		rc = add_all(file, CKPT_MODEL, s.params, err);
	if (rc != 0)
		tensor_file_close(file);
	return rc;
}
