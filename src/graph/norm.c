#include "graph/plan_priv.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

/* Batch normalisation over one rank or all, after spec of the reference:
 * eps 1e-5, running = 0.9 running + 0.1 batch, biased variance in both uses.
 * Sums travel as doubles with their count in front, so that R ranks of b
 * images have the statistics of one rank of R b. With equal_ranks every rank
 * sends averages and a count of 1 instead (the reference's SyncBatchNorm,
 * whose backward divides the sums over ranks by R and its own count). */

#define EPSILON 1e-5
#define KEEP 0.9f

struct norm {
	const struct graph_node *n;
	struct plan_node *pn;
	struct plan_run *run;
	const struct graph_param *params;
	struct dev_branch branches[DEV_MAX_BRANCHES];
	size_t c;
};

static struct norm norm_at(struct plan *p, int node, struct plan_run *run)
{
	struct norm m = { .n = &p->graph->nodes[node],
			  .pn = &p->nodes[node],
			  .run = run,
			  .params = p->graph->params };

	m.c = (size_t)p->values[m.n->out].c;
	for (int k = 0; k < m.n->branches; k++) {
		m.branches[k] =
			(struct dev_branch){ .z = plan_value(p, m.n->in[k]),
					     .scale = m.pn->scale[k],
					     .shift = m.pn->shift[k],
					     .mean = m.pn->mean[k] };
	}
	return m;
}

static const float *weight(const struct norm *m, int param)
{
	return m->run->weights + m->params[param].offset;
}

static float alpha(const struct norm *m, int branch)
{
	return branch == 1 && m->n->alpha >= 0 ? *weight(m, m->n->alpha) : 1;
}

/* Sum over ranks what stands in sums[0 .. count], sums[0] being the count. */
static int reduce(struct plan_run *run, double *sums, size_t count,
		  struct fl_err *err)
{
	double start = fl_now_s();
	int rc;

	if (!run->comm)
		return 0;
	rc = comm_sum_doubles(run->comm, sums, count + 1, err);
	run->times.sync_bn += fl_now_s() - start;
	return rc;
}

/* A batch of one value per channel has no statistics: passed through. */
static bool single(const struct norm *m)
{
	return m->pn->count == 1;
}

static void pass_through(const struct norm *m, int k)
{
	for (size_t i = 0; i < m->c; i++) {
		m->pn->mean[k][i] = 0;
		m->pn->inverse[k][i] = 1;
		m->pn->scale[k][i] = alpha(m, k);
		m->pn->shift[k][i] = 0;
	}
}

static void set_affine(const struct norm *m, int k)
{
	const float *gamma = weight(m, m->n->gamma[k]);
	const float *beta = weight(m, m->n->beta[k]);
	float a = alpha(m, k);

	for (size_t i = 0; i < m->c; i++) {
		double s = (double)a * (double)gamma[i] *
			   (double)m->pn->inverse[k][i];

		m->pn->scale[k][i] = (float)s;
		m->pn->shift[k][i] = a * beta[i];
	}
}

/* From sums (sum, sum of squares) of a branch to mean, 1 / deviation and the
 * running statistics. */
static void batch_statistics(const struct norm *m, int k, const double *sums,
			     double count)
{
	float *mean = m->run->statistics + m->params[m->n->mean[k]].offset;
	float *var = m->run->statistics + m->params[m->n->variance[k]].offset;

	for (size_t i = 0; i < m->c; i++) {
		double u = sums[i] / count;
		double v = sums[m->c + i] / count - u * u;

		v = v > 0 ? v : 0;
		m->pn->mean[k][i] = (float)u;
		m->pn->inverse[k][i] = (float)(1 / sqrt(v + EPSILON));
		mean[i] = KEEP * mean[i] + (1 - KEEP) * (float)u;
		var[i] = KEEP * var[i] + (1 - KEEP) * (float)v;
	}
}

static void running_statistics(const struct norm *m, int k)
{
	const float *mean =
		m->run->statistics + m->params[m->n->mean[k]].offset;
	const float *var =
		m->run->statistics + m->params[m->n->variance[k]].offset;

	for (size_t i = 0; i < m->c; i++) {
		m->pn->mean[k][i] = mean[i];
		m->pn->inverse[k][i] = (float)(1 / sqrt(var[i] + EPSILON));
	}
}

static int train_statistics(struct plan *p, const struct norm *m,
			    struct fl_err *err)
{
	size_t per_branch = 2 * m->c;
	double *sums = p->sums + 1;
	double local = (double)tensor_pixels(&m->branches[0].z);
	int rc;

	for (int k = 0; k < m->n->branches; k++)
		p->device->ops->norm_stats(&m->branches[k].z,
					   sums + (size_t)k * per_branch);
	p->sums[0] = local;
	for (size_t i = 0;
	     m->run->equal_ranks && i <= (size_t)m->n->branches * per_branch;
	     i++)
		p->sums[i] /= local; /* averages, and a count of 1 */
	rc = reduce(m->run, p->sums, (size_t)m->n->branches * per_branch, err);
	if (rc != 0)
		return rc;
	m->pn->count = m->run->equal_ranks ? p->sums[0] * local : p->sums[0];
	for (int k = 0; k < m->n->branches; k++) {
		if (single(m)) {
			pass_through(m, k);
			continue;
		}
		batch_statistics(m, k, sums + (size_t)k * per_branch,
				 p->sums[0]);
		set_affine(m, k);
	}
	return 0;
}

int norm_run_forward(struct plan *p, int node, struct plan_run *run,
		     struct fl_err *err)
{
	struct norm m = norm_at(p, node, run);
	struct tensor y = plan_value(p, m.n->out), residual;
	int rc = 0;

	if (p->key.mode == PLAN_EVAL) {
		for (int k = 0; k < m.n->branches; k++) {
			running_statistics(&m, k);
			set_affine(&m, k);
		}
	} else {
		rc = train_statistics(p, &m, err);
	}
	if (rc != 0)
		return rc;
	if (m.n->residual)
		residual = plan_value(p, m.n->in[m.n->branches]);
	p->device->ops->norm_forward(m.branches, m.n->branches, m.n->act,
				     m.n->residual ? &residual : NULL, &y);
	return 0;
}

/* Gradients of gamma, beta and alpha, from this rank's own sums; data
 * parallel training averages them like all others. With inv = 1 / deviation:
 *     dgamma = alpha inv sum g (z - mean),  dbeta = alpha sum g
 *     dalpha = sum over channels of gamma inv sum g (z - mean) + beta sum g */
static void param_gradients(const struct norm *m, const double *sums)
{
	for (int k = 0; k < m->n->branches; k++) {
		const double *centred = sums + (1 + (size_t)k) * m->c;
		const float *gamma = weight(m, m->n->gamma[k]);
		const float *beta = weight(m, m->n->beta[k]);
		float *dgamma =
			m->run->grads + m->params[m->n->gamma[k]].offset;
		float *dbeta = m->run->grads + m->params[m->n->beta[k]].offset;
		double a = alpha(m, k), dalpha = 0;

		for (size_t i = 0; i < m->c; i++) {
			double g = single(m) ? 0 : sums[i];
			double gz = single(m)
					    ? 0
					    : centred[i] * m->pn->inverse[k][i];

			dgamma[i] = (float)(a * gz);
			dbeta[i] = (float)(a * g);
			dalpha += single(m) ? centred[i]
					    : gamma[i] * gz + beta[i] * g;
		}
		if (k == 1 && m->n->alpha >= 0)
			m->run->grads[m->params[m->n->alpha].offset] =
				(float)dalpha;
	}
}

/* dz = scale (g - sum g / n - (z - mean) inv^2 sum g (z - mean) / n), with
 * the sums and n over all ranks that share the statistics. */
static void branch_gradient(struct plan *p, const struct norm *m, int k,
			    const struct tensor *g, const struct tensor *dz)
{
	const double *sums = p->sums + 1;
	const double *centred = sums + (1 + (size_t)k) * m->c;
	float *a = p->coefficients, *b = a + m->c, *d = b + m->c;
	double n = p->sums[0];

	for (size_t i = 0; i < m->c; i++) {
		double scale = m->pn->scale[k][i];
		double inv = m->pn->inverse[k][i];

		a[i] = (float)scale;
		b[i] = single(m) ? 0
				 : (float)(-scale * inv * inv * centred[i] / n);
		d[i] = single(m) ? 0 : (float)(-scale * sums[i] / n);
	}
	p->device->ops->norm_backward_apply(g, &m->branches[k].z,
					    m->pn->mean[k], a, b, d, dz);
}

static void residual_gradient(struct plan *p, const struct norm *m,
			      const struct tensor *dy)
{
	struct tensor r;

	if (m->pn->residual != RESIDUAL_COPY && m->pn->residual != RESIDUAL_ADD)
		return;
	r = plan_gradient(p, m->n->in[m->n->branches]);
	p->device->ops->copy(dy, &r, m->pn->residual == RESIDUAL_ADD);
}

int norm_run_backward(struct plan *p, int node, struct plan_run *run,
		      struct fl_err *err)
{
	struct norm m = norm_at(p, node, run);
	struct tensor dy = plan_gradient(p, m.n->out);
	struct tensor g = plan_gradient(p, m.n->in[0]);
	double local = (double)tensor_pixels(&m.branches[0].z);
	int rc;

	residual_gradient(p, &m, &dy);
	p->device->ops->norm_backward_sums(m.branches, m.n->branches, m.n->act,
					   &dy, &g, p->sums + 1);
	param_gradients(&m, p->sums + 1);
	p->sums[0] = run->equal_ranks ? 1 : local;
	rc = reduce(run, p->sums, (1 + (size_t)m.n->branches) * m.c, err);
	if (rc != 0)
		return rc;
	if (run->equal_ranks) /* sums over R ranks, n of this rank, R times */
		p->sums[0] *= local;
	/* The first branch's gradient may overwrite g, so it comes last. */
	for (int k = m.n->branches - 1; k >= 0; k--) {
		struct tensor dz = plan_gradient(p, m.n->in[k]);

		branch_gradient(p, &m, k, &g, &dz);
	}
	return 0;
}
