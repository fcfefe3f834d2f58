/* Cases of gates (small matrices), of the classification loss, and of flat vectors
 * as the optimizer has them. */
#include "ops/op_cases.h"

#include <math.h>

static void floats(struct op_call *c, const char *name, enum op_use use,
		   size_t n)
{
	op_vector(c, name, use, DTYPE_F32, n, -2, 2);
}

static void flat(struct op_call *c, const char *name, enum op_use use)
{
	floats(c, name, use, c->shape.count);
}

static enum dev_gate gate(const struct op_run *r)
{
	return r->call->shape.hard ? DEV_GATE_HARDSIGMOID : DEV_GATE_SIGMOID;
}

void describe_fc_forward(struct op_call *c)
{
	size_t n = (size_t)c->shape.n, in = (size_t)c->shape.c;
	size_t out = (size_t)c->shape.cout;

	floats(c, "x", OP_IN, n * in);
	floats(c, "w", OP_IN, out * in);
	floats(c, "b", OP_IN, out);
	floats(c, "y", OP_OUT, n * out);
}

void run_fc_forward(struct op_run *r)
{
	const struct op_shape *s = &r->call->shape;

	r->ops->fc_forward(r->q, P("x"), P("w"), P("b"), s->n, s->c, s->cout,
			   gate(r), P("y"));
}

/* What a gate gives: now and then it is at one of its bounds. */
static double gated(const struct op_call *c, size_t i, double u)
{
	double v = 1.5 * u - 0.25;

	(void)c, (void)i;
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

void describe_fc_backward(struct op_call *c)
{
	size_t n = (size_t)c->shape.n, in = (size_t)c->shape.c;
	size_t out = (size_t)c->shape.cout;

	floats(c, "x", OP_IN, n * in);
	floats(c, "w", OP_IN, out * in);
	floats(c, "y", OP_IN, n * out);
	c->operands[2].value = gated;
	floats(c, "dy", OP_IN, n * out);
	floats(c, "dx", OP_OUT, n * in);
	floats(c, "dw", OP_OUT, out * in);
	floats(c, "db", OP_OUT, out);
	floats(c, "scratch", OP_SCRATCH, n * out);
}

void run_fc_backward(struct op_run *r)
{
	const struct op_shape *s = &r->call->shape;

	r->ops->fc_backward(r->q, P("x"), P("w"), P("y"), P("dy"), s->n, s->c,
			    s->cout, gate(r), P("dx"), P("dw"), P("db"),
			    P("scratch"));
}

/* All sizes but those where float decides whether p is 1. */
static double logit(const struct op_call *c, size_t i, double u)
{
	double v = (4 * u - 2) * (i % 3 ? 3 : 30);

	(void)c;
	return v > 15 && v < 18 ? (i % 2 ? 14 : 40) : v;
}

void describe_varifocal(struct op_call *c)
{
	flat(c, "z", OP_IN);
	c->operands[0].value = logit;
	flat(c, "dz", OP_OUT);
	op_vector(c, "sum", OP_OUT, DTYPE_F64, 1, 0, 0);
}

void run_varifocal(struct op_run *r)
{
	r->ops->varifocal(r->q, P("z"), r->call->shape.count, 0.7f, P("dz"),
			  P("sum"));
}

void describe_momentum(struct op_call *c)
{
	flat(c, "w", OP_INOUT);
	flat(c, "v", OP_INOUT);
	flat(c, "g", OP_IN);
}

void run_momentum(struct op_run *r)
{
	r->ops->momentum(r->q, P("w"), P("v"), P("g"), r->call->shape.count,
			 0.01f, 0.9f, 5e-4f);
}

void describe_ema(struct op_call *c)
{
	flat(c, "e", OP_INOUT);
	flat(c, "w", OP_IN);
}

void run_ema(struct op_run *r)
{
	r->ops->ema(r->q, P("e"), P("w"), r->call->shape.count, 0.9998);
}

void describe_sum_squares(struct op_call *c)
{
	flat(c, "x", OP_IN);
	op_vector(c, "sum", OP_OUT, DTYPE_F64, 1, 0, 0);
}

void run_sum_squares(struct op_run *r)
{
	r->ops->sum_squares(r->q, P("x"), r->call->shape.count, P("sum"));
}

void describe_scale(struct op_call *c)
{
	flat(c, "x", OP_INOUT);
}

void run_scale(struct op_run *r)
{
	r->ops->scale(r->q, P("x"), r->call->shape.count, 0.3f);
}

void describe_divide(struct op_call *c)
{
	flat(c, "x", c->shape.in_place ? OP_INOUT : OP_IN);
	if (!c->shape.in_place)
		flat(c, "y", OP_OUT);
}

void run_divide(struct op_run *r)
{
	r->ops->divide(r->q, P("x"), r->call->shape.count, 3,
		       r->call->shape.in_place ? P("x") : P("y"));
}

void describe_add(struct op_call *c)
{
	flat(c, "x", OP_IN);
	flat(c, "y", OP_INOUT);
}

void run_add(struct op_run *r)
{
	r->ops->add(r->q, P("x"), r->call->shape.count, 0.3f, P("y"));
}

/* What is no number stays. */
static double some_nan(const struct op_call *c, size_t i, double u)
{
	(void)c;
	return i % 97 == 5 ? NAN : i % 97 == 6 ? -INFINITY : 4 * u - 2;
}

void describe_clamp(struct op_call *c)
{
	flat(c, "x", OP_INOUT);
	c->operands[0].value = some_nan;
}

void run_clamp(struct op_run *r)
{
	r->ops->clamp(r->q, P("x"), r->call->shape.count, 1.25f);
}
