/* page_sink.c - report.html in the run's folder, new at every evaluation and at
 * the end.
 *
 * What the page needs and no file has goes into report.json first; then the page
 * is made of the folder, as `flotilla report` would make it. Both are written to
 * a temporary name and renamed, so whoever looks at the page sees a whole one.
 * It stands behind metrics_sink in SINK_LIST, whose line of an evaluation it
 * reads. */
#include "report/sink.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "page/page.h"
#include "report/facts.h"
#include "report/labels.h"
#include "report/pictures.h"
#include "report/scores.h"

#include <limits.h>
#include <stdlib.h>

struct page_sink {
	struct facts facts;
	bool known_data, known_eval; /* data sets whose digests are told */
};

static int open_page(const struct sink_run *run, void **self,
		     struct fl_err *err)
{
	struct page_sink *p = fl_calloc(1, sizeof(*p));

	*self = p;
	return facts_open(&p->facts, run, err);
}

/* A picture that could not be made is none. */
static void set_or_drop(struct page_sink *p, const char *key,
			struct json *value)
{
	if (value)
		json_set(p->facts.root, key, value);
}

static int take_batch(void *self, const struct sink_batch *b,
		      struct fl_err *err)
{
	struct page_sink *p = self;

	if (p->known_data)
		return 0;
	facts_add_data(&p->facts, "training data", b->data);
	json_set(p->facts.root, "labels", labels_json(b->data));
	if (b->step == 0) /* otherwise the first one of the run is kept */
		set_or_drop(p, "batch",
			    pictures_batch(&data_options(p->facts.run->recipe)
						    ->train_reader,
					   b));
	p->known_data = true;
	/* Without a page: whoever follows the run learns how long it will be
	 * before its first evaluation. */
	return facts_write(&p->facts, err);
}

static int write_page(struct page_sink *p, bool running, struct fl_err *err)
{
	const char *folder = p->facts.run->folder;
	struct fl_str notes = FL_STR_INIT; /* the page says them itself */
	char path[PATH_MAX];
	int rc = facts_write(&p->facts, err);

	if (rc == 0)
		rc = fl_join(path, sizeof(path), folder, PAGE_FILE, err);
	if (rc == 0)
		rc = page_write(&folder, 1, path, running, &notes, err);
	fl_str_release(&notes);
	return rc;
}

/* Of the best evaluation so far: its weights are those that people take. */
static void keep_scores(struct page_sink *p, const struct sink_evaluation *e)
{
	struct judged judged;

	if (!e->best && json_get(p->facts.root, "evaluation"))
		return;
	judge(e, &judged);
	json_set(p->facts.root, "evaluation", scores_json(e, &judged));
	json_set(p->facts.root, "pictures", pictures_json(e, &judged));
	judged_release(&judged);
}

static int take_evaluation(void *self, const struct sink_evaluation *e,
			   struct fl_err *err)
{
	struct page_sink *p = self;

	if (!p->known_eval)
		facts_add_data(&p->facts, "evaluation data",
			       &e->evaluator->data);
	p->known_eval = true;
	keep_scores(p, e);
	return write_page(p, true, err);
}

static void close_page(void *self)
{
	struct page_sink *p = self;
	struct fl_err why = FL_ERR_INIT;

	if (!p)
		return;
	if (p->facts.root) {
		facts_add_weights(&p->facts);
		if (write_page(p, false, &why) != 0)
			fl_warn("%s: %s", PAGE_FILE, why.text);
	}
	facts_close(&p->facts);
	free(p);
}

const struct sink page_sink = { .name = PAGE_FILE,
				.optional = true,
				.open = open_page,
				.batch = take_batch,
				.evaluated = take_evaluation,
				.close = close_page };
