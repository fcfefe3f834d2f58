/* train_pace.c - what the first steps took, for the agent's forecast of a job
 * on more machines. train_watch.c calls it.
 * Two steps warm up (kernels are packed, pages are touched) and are left out.
 * Computing is a step without waiting for data and for others; the counts of
 * sums and bytes that come over the wire are read off the graph. */
#include "cmd/train_pace.h"

#include "agent/agent_link.h"
#include "optim/options.h"
#include "train/options.h"

#define WARM_STEPS 2
/* Of the loss: the sum of scores and the mean of the losses. */
#define LOSS_SUMS 2

/* copies: how many rows of parameters; a checkpoint (more than one) counts the
 * statistics twice, as trained and averaged. */
static int64_t bytes_of(const struct engine *e, int copies)
{
	const struct graph *g = e->net.model->graph;
	size_t statistics = copies > 1 ? 2 * g->statistic_count : 0;

	return (int64_t)(((size_t)copies * g->flat_count + statistics) *
			 sizeof(float));
}

/* Small sums over ranks in a step: each batch normalisation has one forward and
 * one backward where it runs over all. */
static int small_sums(const struct engine *e)
{
	const struct graph *g = e->net.model->graph;
	int norms = 0;

	for (int i = 0; i < g->node_count; i++)
		norms += g->nodes[i].kind == GRAPH_NORM;
	if (run_options(e->net.recipe)->norm != TRAIN_NORM_ALL)
		norms = 0;
	return LOSS_SUMS + 2 * norms;
}

void train_pace_begin(struct train_pace *p, const struct engine *e,
		      const char *folder)
{
	const struct recipe *r = e->net.recipe;
	/* weights, velocity, average */
	struct agent_model m = { .gradient_bytes = bytes_of(e, 1),
				 .checkpoint_bytes = bytes_of(
					 e, optim_options(r)->use_ema ? 3 : 2),
				 /* the best one, and one that is written */
				 .checkpoints =
					 run_options(r)->keep_checkpoints + 2,
				 .folder = folder };

	p->engine = e;
	if (folder)
		agent_link_model(&m);
}

static void tell(struct train_pace *p)
{
	struct agent_pace pace = {
		.gradient_bytes = bytes_of(p->engine, 1),
		.small_sums = small_sums(p->engine),
		.compute_s = p->compute / p->timed,
		.step_s = p->alone ? 0 : p->total / p->timed,
	};

	p->told = true;
	agent_link_pace(&pace);
}

void train_pace_add(struct train_pace *p, const struct train_step_info *info)
{
	const struct engine_result *r = &info->result;

	if (!p->engine || p->told || p->steps++ < WARM_STEPS)
		return;
	p->total += info->batch_s;
	p->compute += info->batch_s - info->data_s - r->comm.wait_s -
		      r->times.sync_bn - r->sums_s;
	p->timed++;
	if (p->steps == PACE_STEPS)
		tell(p);
}

void train_pace_end(struct train_pace *p)
{
	if (p->engine && !p->told && p->timed > 0)
		tell(p);
}
