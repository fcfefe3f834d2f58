/* An engine to and from a file. Saving streams tensor after tensor out of the
 * host's mirror, so the whole never exists twice; loading checks classes and
 * place first, then every tensor. The numbers beside the tensors are JSON in
 * the file's metadata. loop.c saves and loads, snapshot.c saves from a thread
 * of its own. */
#include "train/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "ckpt/checkpoint.h"
#include "ckpt/safetensors.h"
#include "text/json.h"
#include "detect/model_classes.h"
#include "detect/state.h"
#include "data/options.h"
#include "optim/options.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_KEY "flotilla"

/* The parts of a file: weights, velocity and, where the recipe has it, the
 * average, each under its prefix and with its running statistics. Rows with no
 * place in a checkpoint (gradients, the rows in use) are made anew. */
static int parts_of(const struct engine *e, const struct state_mirror *m,
		    struct state_part parts[3])
{
	static const enum state_row rows[3][2] = {
		{ STATE_WEIGHTS, STATE_STATISTICS },
		{ STATE_VELOCITY, STATE_ROWS },
		{ STATE_EMA, STATE_EMA_STATISTICS },
	};

	for (int i = 0; i < 3; i++) {
		enum state_row statistics = rows[i][1];

		parts[i] = (struct state_part){
			state_kinds[rows[i][0]].prefix, m->row[rows[i][0]],
			/* Velocity has none: statistics are not trained. */
			statistics < STATE_ROWS ? m->row[statistics] : NULL
		};
	}
	return optim_options(e->net.recipe)->use_ema ? 3 : 2;
}

struct checkpoint_content checkpoint_of(const struct engine *e,
					const struct train_place *place)
{
	return (struct checkpoint_content){ e, &e->net.host, e->ema, e->norms,
					    *place };
}

static const char *precision_of(const struct engine *e)
{
	return recipe_precision(e->net.recipe) == DTYPE_BF16 ? "bf16" : "fp32";
}

static const char *arithmetic_of(const struct engine *e)
{
	return e->net.dev->device->arithmetic(recipe_precision(e->net.recipe));
}

/* What a resume needs, and what it says where something differs now. Keys are
 * only ever added: an older file lacks some, and read_place() has a default for
 * each. */
static void describe_state(const struct checkpoint_content *c,
			   struct fl_str *text)
{
	const struct train_place *at = &c->place;
	const struct engine *e = c->engine;
	const struct recipe *r = e->net.recipe;
	const struct optim_options *optim = optim_options(r);
	const struct schedule_options *schedule = schedule_options(r);
	char word[RECIPE_WORD];
	struct json *o = json_new_object();

	json_set_int(o, "version", 1);
	json_set_text(o, "recipe", r->filename);
	json_set_int(o, "step", at->step);
	json_set_int(o, "epoch", at->epoch);
	json_set_int(o, "step_in_epoch", at->step_in_epoch);
	json_set_int(o, "steps_per_epoch", at->steps_per_epoch);
	/* For people and for a conversion to PaddleDetection's files; ours
	 * follows from the place. */
	json_set_real(o, "lr", at->lr);
	json_set_real(o, "best_ap", at->best_ap);
	json_set_int(o, "best_epoch", at->best_epoch);
	json_set_int(o, "evaluated_step", at->evaluated);
	json_set_int(o, "ema_step", c->ema.step);
	json_set_real(o, "ema_decay", optim->ema_decay);
	json_set_text(o, "ema_decay_type",
		      recipe_word(EMA_WORDS, (int)optim->ema_type, word));
	json_set_real(o, "ema_last_decay", c->ema.last_decay);
	json_set_real(o, "norm_log_sum", c->norms.log_sum);
	json_set_real(o, "norm_weight", c->norms.weight);
	json_set_int(o, "seed", r->seed);
	json_set_text(
		o, "batch_rule",
		recipe_word(BATCH_RULE_WORDS, (int)schedule->batch_rule, word));
	json_set_int(o, "base_batch", schedule->base_batch);
	json_set_int(o, "world_size", e->net.comm->world);
	/* Ranks of the batch, not those that are left: the steps are theirs. */
	json_set_int(o, "batch_ranks", e->batch_ranks);
	json_set_int(o, "batch_size", data_options(r)->train_reader.batch_size);
	json_set_text(o, "device", e->net.dev->device->name);
	json_set_int(o, "threads", fl_par_threads());
	json_set_text(o, "precision", precision_of(e));
	json_set_text(o, "arithmetic", arithmetic_of(e));
	json_print(o, 0, text);
	json_free(o);
}

int checkpoint_save(const struct checkpoint_content *c, const char *path,
		    struct fl_err *err)
{
	const struct engine *e = c->engine;
	struct state_part parts[3];
	int part_count = parts_of(e, c->rows, parts), rc;
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_str text = FL_STR_INIT;
	struct tensor_meta meta[1 + MODEL_CLASSES_META] = { { META_KEY,
							      NULL } };
	size_t meta_count = 1;
	struct named_tensor *all = NULL, *list[3];
	size_t counts[3], total = 0, most = 1;
	struct safetensors_writer w;
	float *values;

	for (int p = 0; p < part_count; p++) {
		counts[p] = state_describe(e->net.model, &parts[p], &arena,
					   &list[p]);
		total += counts[p];
	}
	all = fl_arena_array(&arena, total, sizeof(*all));
	for (int p = 0, at_tensor = 0; p < part_count; p++)
		for (size_t i = 0; i < counts[p]; i++) {
			all[at_tensor++] = list[p][i];
			most = list[p][i].bytes > most ? list[p][i].bytes
						       : most;
		}
	describe_state(c, &text);
	meta[0].text = fl_str_get(&text);
	if (e->net.classes) {
		model_classes_describe(e->net.classes, &arena, meta + 1);
		meta_count += MODEL_CLASSES_META;
	}
	/* One tensor at a time, in the file's layout. */
	values = fl_malloc(most);
	rc = safetensors_begin(&w, path, all, total, meta, meta_count, err);
	for (int p = 0; rc == 0 && p < part_count; p++) {
		for (size_t i = 0; rc == 0 && i < counts[p]; i++) {
			state_export(e->net.model, &parts[p], list[p][i].name,
				     values);
			rc = safetensors_put(&w, values, list[p][i].bytes, err);
			if (rc != 0)
				safetensors_abort(&w);
		}
	}
	if (rc == 0)
		rc = safetensors_end(&w, err);
	free(values);
	fl_str_release(&text);
	fl_arena_release(&arena);
	return rc;
}

/* Another seed would draw another order of the pictures in the middle of an
 * epoch. */
static int check_seed(const struct engine *e, const struct json *o,
		      const char *path, struct fl_err *err)
{
	int64_t was = json_int_or(o, "seed", e->net.recipe->seed);

	if (was == e->net.recipe->seed)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"'%s' was trained with seed %lld, this recipe has %d; resume with -o seed=%lld",
		path, (long long)was, e->net.recipe->seed, (long long)was);
}

/* Told, not refused: sums over other ranks or threads differ in last bits
 * alone. */
static void compare_ranks(const struct engine *e, const struct json *o)
{
	int64_t world = json_int_or(o, "world_size", e->net.comm->world);
	int64_t threads = json_int_or(o, "threads", fl_par_threads());

	if (world != e->net.comm->world || threads != fl_par_threads())
		fl_info("the checkpoint was made by %lld %s of %lld %s, "
			"this run has %d of %d: the last bits will differ from an undisturbed run",
			(long long)world, fl_plural(world, "rank", "ranks"),
			(long long)threads,
			fl_plural(threads, "thread", "threads"),
			e->net.comm->world, fl_par_threads());
}

/* Another version of a library, or another processor, adds in another order. */
static void compare_arithmetic(const struct engine *e, const struct json *o)
{
	/* A file that does not say counts as made the same way. */
	const char *now = arithmetic_of(e), *then = now, *was = "fp32";

	json_text(json_get(o, "arithmetic"), &then);
	json_text(json_get(o, "precision"), &was);
	if (strcmp(was, precision_of(e)) != 0)
		fl_info("the checkpoint was made with maps in %s, this run has them in %s "
			"(precision: %s goes on as before): its weights are fp32 in both, "
			"its course will differ",
			was, precision_of(e), was);
	else if (strcmp(then, now) != 0)
		fl_info("the checkpoint was made with %s, this run computes with %s: "
			"the last bits will differ from an undisturbed run",
			then, now);
}

/* The rule that made the learning rate is part of the run: another one would
 * bend its curve in the middle. */
static int check_rule(const struct engine *e, const struct json *o,
		      const char *path, struct fl_err *err)
{
	const struct schedule_options *s = schedule_options(e->net.recipe);
	int64_t batch = json_int_or(o, "base_batch", s->base_batch);
	char ours[RECIPE_WORD];
	const char *rule =
		recipe_word(BATCH_RULE_WORDS, (int)s->batch_rule, ours);

	json_text(json_get(o, "batch_rule"), &rule);
	if (strcmp(rule, ours) == 0 && batch == s->base_batch)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"'%s' was trained with LearningRate.batch_rule %s and base_batch %lld, "
		"this recipe has %s and %d; go on with -o LearningRate.batch_rule=%s "
		"LearningRate.base_batch=%lld, or begin a new run with the file as pretrain_weights",
		path, rule, (long long)batch, ours, s->base_batch, rule,
		(long long)batch);
}

/* Place and numbers of the average from the metadata; a file without them is
 * weights alone. FL_EDATA, or FL_ERECIPE where the recipe cannot go on with
 * it. */
static int read_place(struct engine *e, struct train_place *at,
		      const struct tensor_file *file, const char *path,
		      struct fl_err *err)
{
	const char *text = tensor_file_meta(file, META_KEY);
	struct json *o;
	int rc;

	if (!text)
		return fl_fail(
			err, FL_EDATA,
			"'%s' holds weights but no state to resume from; use it as pretrain_weights",
			path);
	o = json_parse(text, strlen(text), path, err);
	if (!o)
		return err->code;
	rc = check_seed(e, o, path, err);
	compare_ranks(e, o);
	compare_arithmetic(e, o);
	if (rc == 0)
		rc = check_rule(e, o, path, err);
	at->step = json_int_or(o, "step", 0);
	at->epoch = (int)json_int_or(o, "epoch", 0);
	at->step_in_epoch = (int)json_int_or(o, "step_in_epoch", 0);
	at->steps_per_epoch = (int)json_int_or(o, "steps_per_epoch", 0);
	at->lr = json_real_or(o, "lr", 0);
	at->best_ap = json_real_or(o, "best_ap", -1);
	/* Of a file that does not say, patience begins anew. */
	at->best_epoch = (int)json_int_or(o, "best_epoch", at->epoch);
	at->evaluated = json_int_or(o, "evaluated_step", -1);
	e->ema.step = json_int_or(o, "ema_step", 0);
	e->ema.last_decay = json_real_or(o, "ema_last_decay", 0);
	e->norms.log_sum = json_real_or(o, "norm_log_sum", 0);
	e->norms.weight = json_real_or(o, "norm_weight", 0);
	json_free(o);
	return rc;
}

/* Opens the file for its metadata alone: before anything is planned
 * (resume.c). */
int checkpoint_read_origin(const char *path, struct checkpoint_origin *out,
			   struct fl_err *err)
{
	struct tensor_file file = { 0 };
	const char *text, *recipe = "";
	struct json *o = NULL;
	int rc = checkpoint_open(&file, path, err);

	*out = (struct checkpoint_origin){ 0 };
	text = rc == 0 ? tensor_file_meta(&file, META_KEY) : NULL;
	if (text) {
		o = json_parse(text, strlen(text), path, err);
		rc = o ? 0 : err->code;
	}
	if (o) {
		/* Where both are the same older files have only one. */
		out->ranks = json_int_or(o, "batch_ranks",
					 json_int_or(o, "world_size", 0));
		out->batch_size = json_int_or(o, "batch_size", 0);
		json_text(json_get(o, "recipe"), &recipe);
	}
	snprintf(out->recipe, sizeof(out->recipe), "%s", recipe);
	json_free(o);
	tensor_file_close(&file);
	return rc;
}

/* Whose checkpoint it is, behind a sentence that its tensors do not fit. */
static int not_ours(const struct engine *e, const struct tensor_file *file,
		    const char *path, struct fl_err *err)
{
	const char *text = tensor_file_meta(file, META_KEY), *made = "";
	/* Its sentence becomes a part of the new one. */
	struct fl_err first = *err, broken = FL_ERR_INIT;
	struct json *o = json_parse(text, strlen(text), path, &broken);

	json_text(json_get(o, "recipe"), &made);
	fl_fail(err, first.code,
		"'%s', made by the recipe '%s', is no checkpoint of this model: %s; go on with the recipe that "
		"made it, or begin a new run from its weights with -o pretrain_weights=%s",
		path, *made ? made : e->net.recipe->filename, first.text, path);
	json_free(o);
	return err->code;
}

/* A class that has become another one would be learnt anew from what it was.
 * Files that name no classes, or of another number, are left to the tensors'
 * shapes. */
static int check_classes(const struct engine *e, const struct tensor_file *file,
			 const char *path, struct fl_err *err)
{
	struct model_classes stored;
	struct class_match m;
	int rc = model_classes_read(file, path, &stored, err);

	if (rc == 0 && e->net.classes &&
	    stored.list.count == e->net.classes->count) {
		m = classes_match(&stored.list, e->net.classes);
		if (!m.in_order)
			rc = classes_refuse(
				&stored.list, e->net.classes,
				"the checkpoint was trained with other classes than TrainDataset lists, or in another order; "
				"go on with the list of that run, or begin a new one with the file as pretrain_weights",
				err);
		class_match_release(&m);
	}
	model_classes_close(&stored);
	return rc;
}

int checkpoint_load(struct engine *e, struct train_place *at, const char *path,
		    struct fl_err *err)
{
	struct state_part parts[3];
	int part_count = parts_of(e, &e->net.host, parts);
	struct tensor_file file = { 0 };
	int rc = checkpoint_open(&file, path, err);

	if (rc == 0)
		rc = check_classes(e, &file, path, err);
	if (rc == 0)
		rc = read_place(e, at, &file, path, err);
	for (int p = 0; rc == 0 && p < part_count; p++)
		/* Into the host's mirror; the device gets all of it below, when
		 * it is whole. */
		if (state_import(e->net.model, &parts[p], &file, err) != 0)
			rc = not_ours(e, &file, path, err);
	if (rc == 0)
		rc = network_put(&e->net, state_saved(), err);
	/* A file converted from PaddleDetection: it stores the divided average,
	 * and no last decay, which is how it is known. */
	if (rc == 0 && part_count == 3 && e->ema.step > 0 &&
	    e->ema.last_decay == 0)
		ema_undivide(e->net.model->graph, e->net.queue, e->optim,
			     &e->buffers, &e->ema);
	rc = tensor_file_end(&file, path, rc, err);
	/* Not every sentence from below knows the file. */
	if (rc != 0 && !strstr(err->text, path))
		fl_context(err, "'%s'", path);
	return rc;
}

struct found {
	char name[NAME_MAX + 1];
	struct timespec made;
};

/* "<digits>.safetensors" or "step_<digits>.safetensors": only names that a run
 * gives by itself. model_final and best_model stay. */
static bool is_numbered(const char *name)
{
	const char *p = fl_starts_with(name, "step_") ? name + 5 : name;
	const char *digits = p;

	while (isdigit((unsigned char)*p))
		p++;
	return p > digits && strcmp(p, ".safetensors") == 0;
}

/* Numbered, and written by a run: what flotilla convert made, or somebody put
 * there, names no recipe and stays. */
static bool rotates(const char *dir, const char *name)
{
	struct checkpoint_origin origin;
	struct fl_err err = FL_ERR_INIT;
	char path[PATH_MAX];

	return is_numbered(name) &&
	       fl_join(path, sizeof(path), dir, name, &err) == 0 &&
	       checkpoint_read_origin(path, &origin, &err) == 0 &&
	       *origin.recipe;
}

/* By the time of writing: epochs and steps do not compare, and a run that went
 * back to an earlier checkpoint counts its newer files as newer. */
static int newest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->made.tv_sec != y->made.tv_sec)
		return x->made.tv_sec < y->made.tv_sec ? 1 : -1;
	return (x->made.tv_nsec < y->made.tv_nsec) -
	       (x->made.tv_nsec > y->made.tv_nsec);
}

void checkpoint_rotate(const char *dir, int keep)
{
	struct found *list = NULL;
	struct dirent *entry;
	DIR *d = opendir(dir);
	int count = 0;

	while (d && (entry = readdir(d)) != NULL) {
		struct stat st;

		/* Left by a killed run; ours is renamed by now, as rank 0 alone
		 * writes, one at a time. */
		if (strstr(entry->d_name, ".safetensors.tmp."))
			unlinkat(dirfd(d), entry->d_name, 0);
		if (!rotates(dir, entry->d_name) ||
		    fstatat(dirfd(d), entry->d_name, &st, 0) != 0)
			continue;
		list = fl_realloc(list, (size_t)(count + 1) * sizeof(*list));
		snprintf(list[count].name, sizeof(list[count].name), "%s",
			 entry->d_name);
		list[count++].made = st.st_mtim;
	}
	if (count > keep)
		qsort(list, (size_t)count, sizeof(*list), newest_first);
	for (int i = keep; i < count; i++)
		unlinkat(dirfd(d), list[i].name, 0);
	if (d)
		closedir(d);
	free(list);
}
