/* job_detect.c - the opening that eval, infer and export share, cheap things first: a
 * slip in the recipe or a missing file is told before weights are read and
 * memory is taken. */
#include "cmd/job_detect.h"

#include "detect/weights.h"
#include "data/options.h"
#include "family/family.h"
#include "detect/options.h"

/* Pictures of a user are one process's work; an
 * EvalDataset is shared out over the ranks. */
static int open_pictures(struct job_detect *d,
			 const struct job_pictures *pictures,
			 struct fl_err *err)
{
	const struct recipe *r = d->job.recipe;
	const struct class_list *classes = &d->classes.list;

	d->reader = pictures ? &data_options(r)->test_reader
			     : &data_options(r)->eval_reader;
	if (!pictures)
		return evaluator_open(&d->evaluator, r, classes, d->job.comm,
				      err);
	return evaluator_open_pictures(&d->evaluator, r, classes,
				       pictures->file, pictures->folder, err);
}

static int open_network(struct job_detect *d, int batch, struct fl_err *err)
{
	const struct recipe *r = d->job.recipe;
	/* One plan, since every picture is resized to the reader's size;
	 * STATE_MODEL is weights and statistics, and nothing to train with. */
	struct plan_key key = evaluator_plan(r, d->reader);
	int rc = family_model(r, &d->model, err);

	key.batch = batch;
	if (rc == 0)
		rc = network_open(&d->net, r, d->model, d->job.dev, d->job.comm,
				  STATE_MODEL, &key, 1, err);
	return rc ? rc
		  : weights_load(&d->net, detect_options(r)->weights, true,
				 err);
}

/* What is opened before any picture. */
static int open_job(struct job_detect *d, const struct job_args *args,
		    bool ranks, struct fl_err *err)
{
	int rc;

	*d = (struct job_detect){ 0 };
	rc = job_open(&d->job, args, ranks, err);
	/* Before the data sets, which may take long to read. */
	if (rc == 0 && !*detect_options(d->job.recipe)->weights)
		rc = fl_fail(err, FL_ERECIPE,
			     "no weights given; use -o weights=FILE");
	/* Before the data: the weights' classes decide how categories are
	 * met. */
	return rc ? rc : model_classes_open(d->job.recipe, &d->classes, err);
}

int job_detect_open(struct job_detect *d, const struct job_args *args,
		    const struct job_pictures *pictures, struct fl_err *err)
{
	int rc = open_job(d, args, !pictures, err);

	if (rc == 0)
		rc = open_pictures(d, pictures, err);
	return rc ? rc : open_network(d, d->reader->batch_size, err);
}

int job_detect_open_model(struct job_detect *d, const struct job_args *args,
			  struct fl_err *err)
{
	int rc = open_job(d, args, false, err);

	if (rc != 0)
		return rc;
	d->reader = &data_options(d->job.recipe)->test_reader;
	return open_network(d, 1, err);
}

/* Everything is zeroed at the start, so whatever was
 * not opened closes as nothing. */
void job_detect_close(struct job_detect *d, int rc)
{
	network_close(&d->net);
	family_model_free(d->model);
	evaluator_close(&d->evaluator);
	model_classes_close(&d->classes);
	job_close(&d->job, rc);
}
