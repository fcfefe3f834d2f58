/* Model, network and weights, in this order, for commands that train nothing. */
#include "cmd/job_network.h"

#include "detect/evaluate.h"
#include "detect/weights.h"

int job_network_named(const struct job *job, struct fl_err *err)
{
	if (*job->recipe->weights)
		return 0;
	return fl_fail(err, FL_ERECIPE,
		       "no weights given; use -o weights=FILE");
}

int job_network_open(struct job_network *n, const struct job *job,
		     const struct recipe_reader *reader, struct fl_err *err)
{
	const struct recipe *r = job->recipe;
	struct plan_key key = evaluator_plan(reader);
	int rc;

	*n = (struct job_network){ 0 };
	rc = model_new(r, &n->model, err);
	if (rc == 0)
		rc = network_open(&n->net, r, n->model, job->dev, job->comm,
				  STATE_MODEL, &key, 1, err);
	if (rc == 0)
		rc = weights_load(&n->net, r->weights, true, err);
	if (rc != 0)
		job_network_close(n);
	return rc;
}

void job_network_close(struct job_network *n)
{
	network_close(&n->net);
	model_free(n->model);
	*n = (struct job_network){ 0 };
}
