/* Batch normalisation within a plan: which passes run in which order, and where
 * the sums over ranks stand between them. What is computed is in device/op.h.
 *
 * Forward: sums of every branch (its convolution leaves them), over ranks, then
 * the vectors, then one pass. Backward: sums, this rank's parameter gradients,
 * over ranks, then the coefficients, then one pass for each branch. */
#include "graph/plan_priv.h"

#include "base/clock.h"

static size_t rounded(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static size_t vector_bytes(int channels)
{
	return rounded((size_t)channels * sizeof(float));
}

/* A count, then per_channel numbers of every channel. */
static size_t sums_bytes(int per_channel, int channels)
{
	return rounded((1 + (size_t)per_channel * (size_t)channels) *
		       sizeof(double));
}

/* A norm's own: its count, the sums of the forward pass, then mean, inverse, scale
 * and shift of every branch. */
size_t norm_bytes(const struct graph_node *node, int channels)
{
	return rounded(sizeof(double)) +
	       sums_bytes(2 * node->branches, channels) +
	       4 * (size_t)node->branches * vector_bytes(channels);
}

/* What all norms share: sums of the backward pass, and the three coefficients of
 * every branch. */
size_t norm_shared_bytes(int widest)
{
	return sums_bytes(1 + DEV_MAX_BRANCHES, widest) +
	       3 * DEV_MAX_BRANCHES * vector_bytes(widest);
}

/* Of the backward pass: no two norms are at work at once, so all share them. */
static double *shared_sums(const struct plan *p)
{
	return (double *)(void *)(p->activations + p->map_bytes +
				  p->number_bytes);
}

/* Of the forward pass, each norm's own: its convolutions leave them. */
static double *own_sums(const struct plan *p, int node)
{
	return (double *)(void *)(p->activations + p->map_bytes +
				  p->nodes[node].numbers +
				  rounded(sizeof(double)));
}

double *norm_branch_sums(const struct plan *p, int node, int branch)
{
	const struct graph_node *n = &p->graph->nodes[node];

	/* [1 + 2 C branches]: the count, then sum and sum of squares of each
	 * branch. */
	return own_sums(p, node) + 1 + 2 * branch * p->values[n->out].c;
}

/* Vectors one after another, each on a cache line. */
static float *take(char **at, int channels)
{
	float *v = (float *)(void *)*at;

	*at += vector_bytes(channels);
	return v;
}

/* A norm as the operations want it, looked up anew for each pass. */
struct norm {
	struct dev_norm n;
	const struct graph_node *node;
	const struct plan_node *pn;
	struct dev_branch branches[DEV_MAX_BRANCHES];
	double *sums, *back; /* of the forward and the backward pass */
};

/* NULL where an evaluation has no gradients, or the norm no such parameter. */
static float *in(float *buffer, const struct graph_param *params, int param)
{
	return buffer && param >= 0 ? buffer + params[param].offset : NULL;
}

static const float *weight(const struct plan_run *run,
			   const struct graph_param *params, int param)
{
	return param >= 0 ? run->weights + params[param].offset : NULL;
}

static void set_params(struct norm *m, const struct graph_param *params,
		       const struct plan_run *run)
{
	const struct graph_node *node = m->node;

	for (int k = 0; k < node->branches; k++) {
		m->n.gamma[k] = weight(run, params, node->gamma[k]);
		m->n.beta[k] = weight(run, params, node->beta[k]);
		m->n.dgamma[k] = in(run->grads, params, node->gamma[k]);
		m->n.dbeta[k] = in(run->grads, params, node->beta[k]);
		m->n.running_mean[k] =
			in(run->statistics, params, node->mean[k]);
		m->n.running_variance[k] =
			in(run->statistics, params, node->variance[k]);
	}
	m->n.alpha = weight(run, params, node->alpha);
	m->n.dalpha = in(run->grads, params, node->alpha);
}

/* In the order that norm_bytes and norm_shared_bytes count them in. */
static void set_vectors(struct norm *m, const struct plan *p)
{
	char *own = p->activations + p->map_bytes + m->pn->numbers;
	char *shared =
		(char *)m->back + sums_bytes(1 + DEV_MAX_BRANCHES, p->widest);
	int c = m->n.channels;

	m->n.count = (double *)(void *)own;
	own += rounded(sizeof(double)) + sums_bytes(2 * m->node->branches, c);
	for (int k = 0; k < m->node->branches; k++) {
		m->n.mean[k] = take(&own, c);
		m->n.inverse[k] = take(&own, c);
		m->n.scale[k] = take(&own, c);
		m->n.shift[k] = take(&own, c);
		m->n.a[k] = take(&shared, c);
		m->n.b[k] = take(&shared, c);
		m->n.d[k] = take(&shared, c);
	}
}

static struct norm norm_at(const struct plan *p, int node,
			   const struct plan_run *run)
{
	struct norm m = { .node = &p->graph->nodes[node],
			  .pn = &p->nodes[node],
			  .sums = own_sums(p, node),
			  .back = shared_sums(p) };

	m.n.branches = m.node->branches;
	m.n.channels = p->values[m.node->out].c;
	m.n.equal_ranks = run->equal_ranks;
	set_params(&m, p->graph->params, run);
	set_vectors(&m, p);
	for (int k = 0; k < m.node->branches; k++)
		m.branches[k] =
			(struct dev_branch){ .z = plan_value(p, m.node->in[k]),
					     .scale = m.n.scale[k],
					     .shift = m.n.shift[k],
					     .mean = m.n.mean[k] };
	m.n.pixels = (double)tensor_pixels(&m.branches[0].z);
	return m;
}

/* Sum over ranks what stands in sums[0 .. count], sums[0] being the count. */
static int reduce(struct plan_run *run, double *sums, size_t count,
		  struct fl_err *err)
{
	double start = fl_now_s();
	int rc;

	/* Statistics of this rank alone: one rank, or norm_type bn. */
	if (!run->comm)
		return 0;
	rc = comm_sum_on(run->comm, run->queue, sums, count + 1, err);
	run->times.sync_bn += fl_now_s() - start;
	return rc;
}

static int train_statistics(struct plan *p, const struct norm *m,
			    struct plan_run *run, struct fl_err *err)
{
	size_t count = 2 * (size_t)m->n.branches * (size_t)m->n.channels;
	int rc;

	/* After the convolutions have left the sums: the count goes in front of
	 * them. */
	p->ops->norm_own(run->queue, &m->n, m->sums);
	rc = reduce(run, m->sums, count, err);
	if (rc == 0)
		p->ops->norm_finish(run->queue, &m->n, m->sums);
	return rc;
}

static void normalise(struct plan *p, const struct norm *m,
		      struct plan_run *run)
{
	struct tensor y = plan_value(p, m->node->out), residual;

	if (m->node->residual)
		residual = plan_value(p, m->node->in[m->node->branches]);
	p->ops->norm_forward(run->queue, m->branches, m->node->branches,
			     m->node->act, m->node->residual ? &residual : NULL,
			     &y);
}

int norm_run_forward(struct plan *p, int node, struct plan_run *run,
		     struct fl_err *err)
{
	struct norm m = norm_at(p, node, run);
	int rc = 0;

	if (p->key.mode == PLAN_EVAL)
		p->ops->norm_running(run->queue, &m.n);
	else
		rc = train_statistics(p, &m, run, err);
	if (rc == 0)
		normalise(p, &m, run);
	return rc;
}

void norm_run_again(struct plan *p, int node, struct plan_run *run)
{
	struct norm m = norm_at(p, node, run);

	normalise(p, &m, run);
}

static void residual_gradient(struct plan *p, const struct norm *m,
			      struct dev_queue *q, const struct tensor *dy)
{
	struct tensor r;

	if (m->pn->residual != RESIDUAL_COPY && m->pn->residual != RESIDUAL_ADD)
		return;
	r = plan_gradient(p, m->node->in[m->node->branches]);
	p->ops->copy(q, dy, &r, m->pn->residual == RESIDUAL_ADD);
}

int norm_run_backward(struct plan *p, int node, struct plan_run *run,
		      struct fl_err *err)
{
	struct norm m = norm_at(p, node, run);
	struct tensor dy = plan_gradient(p, m.node->out);
	struct tensor g = plan_gradient(p, m.node->in[0]);
	size_t sums = (1 + (size_t)m.node->branches) * (size_t)m.n.channels;
	int rc;

	/* First, for g may overwrite dy. */
	residual_gradient(p, &m, run->queue, &dy);
	p->ops->norm_backward_sums(run->queue, m.branches, m.node->branches,
				   m.node->act, &dy, &g, m.back + 1);
	/* Before the sums over ranks: gamma's and beta's gradients are this
	 * rank's, averaged with all others by the buckets. */
	p->ops->norm_params(run->queue, &m.n, m.back);
	rc = reduce(run, m.back, sums, err);
	if (rc != 0)
		return rc;
	p->ops->norm_coefficients(run->queue, &m.n, m.back);
	/* The first branch's gradient may overwrite g, so it comes last. */
	for (int k = m.node->branches - 1; k >= 0; k--) {
		struct tensor dz = plan_gradient(p, m.node->in[k]);

		p->ops->norm_backward_apply(run->queue, &g, &m.branches[k].z,
					    m.n.mean[k], m.n.a[k], m.n.b[k],
					    m.n.d[k], &dz);
	}
	return 0;
}
