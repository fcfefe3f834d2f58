/* Weights from a file into a network: found (ckpt/locate.h), matched by name
 * and shape (ckpt/match.h), and told about. Training takes what fits, since a
 * head of other classes is the usual case; evaluation is strict, for weights
 * that do not cover the model would score nothing and say nothing. */
#include "detect/weights.h"

#include "base/log.h"
#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "ckpt/match.h"
#include "detect/model_classes.h"
#include "detect/state.h"

#include <limits.h>

#define SHOWN 8 /* names of a kind that are printed */

static void print_rows(const struct match *m, enum match_outcome outcome,
		       const char *title)
{
	char have[CKPT_SHAPE_TEXT], want[CKPT_SHAPE_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct match_row *r = &m->rows[i];

		/* Counted beyond what is shown, for the last line. */
		if (r->outcome != outcome || ++n > SHOWN)
			continue;
		if (outcome == MATCH_SHAPE)
			fl_info("  %s: %s has %s in the file, %s in the model",
				title, r->want->name,
				ckpt_shape_text(r->from->rank, r->from->dims,
						have),
				ckpt_shape_text(r->want->rank, r->want->dims,
						want));
		else
			fl_info("  %s: %s", title, r->want->name);
	}
	if (n > SHOWN)
		fl_info("  %s: and %zu more", title, n - SHOWN);
}

static void print_table(const struct match *m, const char *path)
{
	fl_info("weights from %s: %zu loaded, %zu skipped for shape, %zu missing, %zu of the file unused",
		path, m->loaded, m->shape, m->missing, m->unused_count);
	print_rows(m, MATCH_SHAPE, "skipped");
	print_rows(m, MATCH_MISSING, "missing");
}

/* The first gap of weights that must cover the model. */
static int refuse_gaps(const struct match *m, const char *path,
		       struct fl_err *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct match_row *r = &m->rows[i];

		if (r->outcome == MATCH_LOADED)
			continue;
		return fl_fail(
			err, FL_EDATA,
			"'%s' does not cover the model: %zu tensors are missing "
			"and %zu have another shape, '%s' first; is it of "
			"another recipe or number of classes?",
			path, m->missing, m->shape, r->want->name);
	}
	return 0;
}

/* A head that fits may still be of other classes: it is a start as good as any,
 * but its first scores are not what one expects. */
static int compare_classes(const struct network *net,
			   const struct tensor_file *file, const char *path,
			   struct fl_err *err)
{
	struct fl_str said = FL_STR_INIT;
	struct model_classes stored;
	struct class_match m;
	int rc = model_classes_read(file, path, &stored, err);

	if (rc == 0 && net->classes &&
	    stored.list.count == net->classes->count) {
		m = classes_match(&stored.list, net->classes);
		if (!m.in_order) {
			fl_str_addf(&said, "the head of %s is of the classes ",
				    stored.list.from);
			classes_show(&stored.list, &said);
			fl_str_add(&said, " and TrainDataset lists ");
			classes_show(net->classes, &said);
			fl_str_add(
				&said,
				": it begins with the weights of the class at the same place");
		}
		class_match_release(&m);
	}
	fl_warn_lines(&said);
	fl_str_release(&said);
	model_classes_close(&stored);
	return rc;
}

int weights_load(struct network *net, const char *place, bool strict,
		 struct fl_err *err)
{
	struct state_part part = { "", net->host.row[STATE_WEIGHTS],
				   net->host.row[STATE_STATISTICS] };
	struct fl_arena arena = FL_ARENA_INIT;
	struct tensor_file file = { 0 };
	struct match m = { 0 };
	char path[PATH_MAX];
	int rc = locate_weights(place, path, sizeof(path), err);

	if (rc == 0)
		rc = weights_open(&file, path, err);
	if (rc == 0)
		rc = match_weights(&m, state_wants(net->model, &arena),
				   (size_t)net->model->state_count, &file, err);
	/* Also for training: not one tensor means that the file is of something
	 * else. */
	if (rc == 0 && m.loaded == 0)
		rc = fl_fail(err, FL_EDATA, "no tensor of '%s' fits the model",
			     path);
	if (rc == 0 && strict)
		rc = refuse_gaps(&m, path, err);
	if (rc == 0 && !strict) {
		print_table(&m, path);
		rc = compare_classes(net, &file, path, err);
	}
	for (size_t i = 0; rc == 0 && i < m.count; i++)
		if (m.rows[i].outcome == MATCH_LOADED)
			state_import_one(&net->model->states[i], &part,
					 m.rows[i].from);
	/* The mirror has them now; the device follows. */
	if (rc == 0)
		rc = network_put(net, STATE_MODEL, err);
	match_release(&m);
	rc = tensor_file_end(&file, path, rc, err);
	fl_arena_release(&arena);
	return rc;
}
