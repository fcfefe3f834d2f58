/* Cases of batch normalisation: the passes over pixels, and what stands between
 * them, whose operands are one structure of many vectors. */
#include "ops/op_cases.h"

static const char *const zs[] = { "z0", "z1" };
static const char *const scales[] = { "scale0", "scale1" };
static const char *const shifts[] = { "shift0", "shift1" };
static const char *const means[] = { "mean0", "mean1" };

static size_t channels(const struct op_call *c)
{
	return (size_t)c->shape.c;
}

static void dense(struct op_call *c, const char *name, enum op_use use)
{
	c->shape.slices &= ~(1u << c->count);
	op_map(c, name, use, c->shape.h, c->shape.w);
}

void describe_norm_stats(struct op_call *c)
{
	dense(c, "z", OP_IN);
	op_vector(c, "sums", OP_OUT, DTYPE_F64, 2 * channels(c), 0, 0);
}

void run_norm_stats(struct op_run *r)
{
	r->ops->norm_stats(r->q, T("z"), P("sums"));
}

/* In place y is the memory of the first branch. */
static void add_branches(struct op_call *c, bool written)
{
	for (int i = 0; i < c->shape.branches; i++) {
		dense(c, zs[i], written && i == 0 ? OP_INOUT : OP_IN);
		op_vector(c, scales[i], OP_IN, DTYPE_F32, channels(c), -2, 2);
		op_vector(c, shifts[i], OP_IN, DTYPE_F32, channels(c), -2, 2);
		op_vector(c, means[i], OP_IN, DTYPE_F32, channels(c), -2, 2);
	}
}

static void take_branches(struct op_run *r, struct dev_branch *b)
{
	for (int i = 0; i < r->call->shape.branches; i++)
		b[i] = (struct dev_branch){ *T(zs[i]), P(scales[i]),
					    P(shifts[i]), P(means[i]) };
}

static enum dev_act act(const struct op_run *r)
{
	return r->call->shape.silu ? DEV_ACT_SILU : DEV_ACT_NONE;
}

void describe_norm_forward(struct op_call *c)
{
	const struct op_shape *s = &c->shape;

	add_branches(c, s->in_place);
	if (s->residual)
		op_map(c, "residual", OP_IN, s->h, s->w);
	if (!s->in_place)
		op_map(c, "y", OP_OUT, s->h, s->w);
}

void run_norm_forward(struct op_run *r)
{
	struct dev_branch b[DEV_MAX_BRANCHES];

	take_branches(r, b);
	r->ops->norm_forward(r->q, b, r->call->shape.branches, act(r),
			     T("residual"),
			     r->call->shape.in_place ? T("z0") : T("y"));
}

void describe_norm_backward_sums(struct op_call *c)
{
	const struct op_shape *s = &c->shape;

	add_branches(c, false);
	if (s->in_place)
		dense(c, "dy", OP_INOUT);
	else
		op_map(c, "dy", OP_IN, s->h, s->w);
	if (!s->in_place)
		dense(c, "g", OP_OUT);
	op_vector(c, "sums", OP_OUT, DTYPE_F64,
		  (1 + (size_t)s->branches) * channels(c), 0, 0);
}

void run_norm_backward_sums(struct op_run *r)
{
	struct dev_branch b[DEV_MAX_BRANCHES];

	take_branches(r, b);
	r->ops->norm_backward_sums(
		r->q, b, r->call->shape.branches, act(r), T("dy"),
		r->call->shape.in_place ? T("dy") : T("g"), P("sums"));
}

/* By a branch: its scale times g; by a scale or a shift: a sum. */
double norm_by_branch(const struct op_run *r, size_t i)
{
	int g = op_operand_find(r->call, "g");
	int scale = op_operand_find(r->call, "scale0");

	return op_get(r->at[g].type, r->host[g], i) *
	       op_get(DTYPE_F32, r->host[scale], i % channels(r->call));
}

static double sum_of(const struct op_run *r, size_t i)
{
	return op_get(DTYPE_F64, r->host[op_operand_find(r->call, "sums")], i);
}

double norm_by_shift(const struct op_run *r, size_t i)
{
	return sum_of(r, i);
}

double norm_by_scale(const struct op_run *r, size_t i)
{
	return sum_of(r, channels(r->call) + i);
}

/* Of the last of two branches. */
double norm_by_last_scale(const struct op_run *r, size_t i)
{
	return sum_of(r, 2 * channels(r->call) + i);
}

void describe_norm_backward_apply(struct op_call *c)
{
	static const char *const vectors[] = { "mean", "a", "b", "d" };

	dense(c, "g", c->shape.in_place ? OP_INOUT : OP_IN);
	dense(c, "z", OP_IN);
	for (int i = 0; i < 4; i++)
		op_vector(c, vectors[i], OP_IN, DTYPE_F32, channels(c), -2, 2);
	if (!c->shape.in_place)
		dense(c, "dz", OP_OUT);
}

void run_norm_backward_apply(struct op_run *r)
{
	r->ops->norm_backward_apply(r->q, T("g"), T("z"), P("mean"), P("a"),
				    P("b"), P("d"),
				    r->call->shape.in_place ? T("g") : T("dz"));
}

/* --- between the passes --- */

static double pixels(const struct op_call *c)
{
	return (double)c->shape.n * c->shape.h * c->shape.w;
}

/* A count, then for each branch sums of values of 0.5 to 1 and of their
 * squares, so that no variance is negative. */
static double forward_sums(const struct op_call *c, size_t i, double u)
{
	double count = c->shape.equal_ranks ? 1 : pixels(c);
	bool squares = (i - 1) / channels(c) % 2 == 1;

	if (i == 0)
		return count;
	return squares ? count * (1 + u) : count * (u - 0.5);
}

static double backward_sums(const struct op_call *c, size_t i, double u)
{
	return i == 0 ? (c->shape.equal_ranks ? 1 : pixels(c)) : 4 * u - 2;
}

static void add_sums(struct op_call *c, enum op_use use, size_t rows,
		     double (*value)(const struct op_call *c, size_t i,
				     double u))
{
	struct op_operand o = { .name = "sums", .use = use, .value = value };

	o.t = tensor_make(NULL, DTYPE_F64, 1, 1, 1,
			  (int)(1 + rows * channels(c)));
	op_add(c, &o);
}

static double count_of(const struct op_call *c, size_t i, double u)
{
	(void)i, (void)u;
	return pixels(c);
}

static void add_count(struct op_call *c, enum op_use use)
{
	struct op_operand o = { .name = "count",
				.use = use,
				.value = count_of };

	o.t = tensor_make(NULL, DTYPE_F64, 1, 1, 1, 1);
	op_add(c, &o);
}

/* A vector for each branch, named name0 and name1 as in names. */
static void add_vectors(struct op_call *c, const char *const *names,
			enum op_use use, double low, double high)
{
	for (int i = 0; i < c->shape.branches; i++)
		op_vector(c, names[i], use, DTYPE_F32, channels(c), low, high);
}

static const char *const gammas[] = { "gamma0", "gamma1" };
static const char *const betas[] = { "beta0", "beta1" };
static const char *const running_means[] = { "running_mean0", "running_mean1" };
static const char *const running_variances[] = { "running_variance0",
						 "running_variance1" };
static const char *const inverses[] = { "inverse0", "inverse1" };
static const char *const dgammas[] = { "dgamma0", "dgamma1" };
static const char *const dbetas[] = { "dbeta0", "dbeta1" };
static const char *const as[] = { "a0", "a1" };
static const char *const bs[] = { "b0", "b1" };
static const char *const ds[] = { "d0", "d1" };

static void add_affine(struct op_call *c)
{
	add_vectors(c, gammas, OP_IN, -2, 2);
	add_vectors(c, betas, OP_IN, -2, 2);
	if (c->shape.alpha)
		op_vector(c, "alpha", OP_IN, DTYPE_F32, 1, -2, 2);
}

static struct dev_norm norm_of(struct op_run *r)
{
	const struct op_shape *s = &r->call->shape;
	struct dev_norm n = { .branches = s->branches,
			      .channels = s->c,
			      .pixels = pixels(r->call),
			      .equal_ranks = s->equal_ranks,
			      .alpha = P("alpha"),
			      .dalpha = P("dalpha"),
			      .count = P("count") };

	for (int i = 0; i < s->branches; i++) {
		n.gamma[i] = P(gammas[i]), n.beta[i] = P(betas[i]);
		n.running_mean[i] = P(running_means[i]);
		n.running_variance[i] = P(running_variances[i]);
		n.mean[i] = P(means[i]), n.inverse[i] = P(inverses[i]);
		n.scale[i] = P(scales[i]), n.shift[i] = P(shifts[i]);
		n.dgamma[i] = P(dgammas[i]), n.dbeta[i] = P(dbetas[i]);
		n.a[i] = P(as[i]), n.b[i] = P(bs[i]), n.d[i] = P(ds[i]);
	}
	return n;
}

void describe_norm_own(struct op_call *c)
{
	add_sums(c, OP_INOUT, 2 * (size_t)c->shape.branches, forward_sums);
}

void run_norm_own(struct op_run *r)
{
	struct dev_norm n = norm_of(r);

	r->ops->norm_own(r->q, &n, P("sums"));
}

static void add_state(struct op_call *c)
{
	add_vectors(c, means, OP_OUT, 0, 0);
	add_vectors(c, inverses, OP_OUT, 0, 0);
	add_vectors(c, scales, OP_OUT, 0, 0);
	add_vectors(c, shifts, OP_OUT, 0, 0);
}

void describe_norm_finish(struct op_call *c)
{
	add_affine(c);
	add_vectors(c, running_means, OP_INOUT, -2, 2);
	add_vectors(c, running_variances, OP_INOUT, 0, 2);
	add_state(c);
	add_count(c, OP_OUT);
	add_sums(c, OP_IN, 2 * (size_t)c->shape.branches, forward_sums);
}

void run_norm_finish(struct op_run *r)
{
	struct dev_norm n = norm_of(r);

	r->ops->norm_finish(r->q, &n, P("sums"));
}

void describe_norm_running(struct op_call *c)
{
	add_affine(c);
	add_vectors(c, running_means, OP_IN, -2, 2);
	add_vectors(c, running_variances, OP_IN, 0, 2);
	add_state(c);
}

void run_norm_running(struct op_run *r)
{
	struct dev_norm n = norm_of(r);

	r->ops->norm_running(r->q, &n);
}

void describe_norm_params(struct op_call *c)
{
	add_affine(c);
	add_vectors(c, inverses, OP_IN, 0.1, 2);
	add_count(c, OP_IN);
	add_vectors(c, dgammas, OP_OUT, 0, 0);
	add_vectors(c, dbetas, OP_OUT, 0, 0);
	if (c->shape.alpha && c->shape.branches == 2)
		op_vector(c, "dalpha", OP_OUT, DTYPE_F32, 1, 0, 0);
	add_sums(c, OP_INOUT, 1 + (size_t)c->shape.branches, backward_sums);
}

void run_norm_params(struct op_run *r)
{
	struct dev_norm n = norm_of(r);

	r->ops->norm_params(r->q, &n, P("sums"));
}

void describe_norm_coefficients(struct op_call *c)
{
	add_vectors(c, scales, OP_IN, -2, 2);
	add_vectors(c, inverses, OP_IN, 0.1, 2);
	add_count(c, OP_IN);
	add_vectors(c, as, OP_OUT, 0, 0);
	add_vectors(c, bs, OP_OUT, 0, 0);
	add_vectors(c, ds, OP_OUT, 0, 0);
	add_sums(c, OP_IN, 1 + (size_t)c->shape.branches, backward_sums);
}

void run_norm_coefficients(struct op_run *r)
{
	struct dev_norm n = norm_of(r);

	r->ops->norm_coefficients(r->q, &n, P("sums"));
}
