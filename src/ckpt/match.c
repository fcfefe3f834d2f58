/* match.c - each tensor that a model wants, looked for by name and compared by
 * shape; what the file has beyond that is counted. Nothing is loaded here: the
 * caller copies by the rows and says what was not found.
 * The rule is PaddleDetection's (load_pretrain_weight): names of a backbone
 * alone begin below the model's "backbone.". */
#include "ckpt/match.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Names of files that begin with "backbone.res5" are matched without their
 * first part, as the reference has it. */
static const char cut[] = "backbone.", cut_start[] = "res5";

/* The tensor of the file whose name is the longest that fits 'name': the tails
 * of 'name' are tried from the longest on, each in the table of names, rather
 * than every name of the file against every name of the model. */
static const struct named_tensor *best_fit(const struct tensor_file *file,
					   const char *name)
{
	for (const char *tail = name; tail; tail = strchr(tail, '.')) {
		const struct named_tensor *t = NULL;

		tail += *tail == '.';
		if (fl_starts_with(tail, cut_start)) {
			struct fl_str full = FL_STR_INIT;

			fl_str_addf(&full, "%s%s", cut, tail);
			t = tensor_file_find(file, fl_str_get(&full));
			fl_str_release(&full);
		}
		if (!t)
			t = tensor_file_find(file, tail);
		if (t)
			return t;
	}
	return NULL;
}

static int match_one(struct match *m, struct match_row *row,
		     const struct tensor_file *file,
		     const struct match_row **used_by, struct fl_err *err)
{
	const struct match_want *want = row->want;
	size_t at;

	row->from = best_fit(file, want->name);
	if (!row->from) {
		row->outcome = MATCH_MISSING;
		m->missing++;
		return 0;
	}
	at = (size_t)(row->from - file->tensors);
	if (!named_tensor_has_shape(row->from, want->rank, want->dims)) {
		row->outcome = MATCH_SHAPE;
		m->shape++;
		/* A tensor of another shape counts as used: it is in the list
		 * of those that were skipped, not of those without a use. */
		if (!used_by[at])
			used_by[at] = row;
		return 0;
	}
	/* Two layers with one layer's weights are a file of another model;
	 * the reference ends here too. */
	if (used_by[at] && used_by[at]->outcome == MATCH_LOADED)
		return fl_fail(err, FL_EDATA,
			       "weights '%s' fit both '%s' and "
			       "'%s' of the model",
			       row->from->name, used_by[at]->want->name,
			       want->name);
	row->outcome = MATCH_LOADED;
	m->loaded++;
	used_by[at] = row;
	return 0;
}

int match_weights(struct match *match, const struct match_want *wants,
		  size_t count, const struct tensor_file *file,
		  struct fl_err *err)
{
	const struct match_row **used_by;
	int rc = 0;

	*match = (struct match){ .count = count };
	match->rows = fl_calloc(count, sizeof(*match->rows));
	match->unused = fl_calloc(file->count, sizeof(*match->unused));
	used_by = fl_calloc(file->count, sizeof(*used_by));
	for (size_t i = 0; i < count && rc == 0; i++) {
		match->rows[i].want = &wants[i];
		rc = match_one(match, &match->rows[i], file, used_by, err);
	}
	for (size_t i = 0; i < file->count; i++)
		if (!used_by[i])
			match->unused[match->unused_count++] =
				file->tensors[i].name;
	free(used_by);
	if (rc != 0)
		match_release(match);
	return rc;
}

void match_release(struct match *match)
{
	free(match->rows);
	free(match->unused);
	*match = (struct match){ 0 };
}
