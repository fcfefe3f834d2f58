/* Cases of operations on maps: means, gates, windows, resizing, copies. Slices are
 * those of concat: pixels further apart than their channels. */
#include "ops/op_cases.h"

/* Values of [n][c]. */
static size_t vector(const struct op_call *c)
{
	return (size_t)(c->shape.n * c->shape.c);
}

static enum op_use added(const struct op_call *c)
{
	return c->shape.acc ? OP_INOUT : OP_OUT;
}

static void map(struct op_call *c, const char *name, enum op_use use)
{
	op_map(c, name, use, c->shape.h, c->shape.w);
}

static void twice(struct op_call *c, const char *name, enum op_use use)
{
	op_map(c, name, use, 2 * c->shape.h, 2 * c->shape.w);
}

void describe_gap_forward(struct op_call *c)
{
	map(c, "x", OP_IN);
	op_vector(c, "y", OP_OUT, DTYPE_F32, vector(c), 0, 0);
}

void run_gap_forward(struct op_run *r)
{
	r->ops->gap_forward(r->q, T("x"), P("y"));
}

void describe_gap_backward(struct op_call *c)
{
	op_vector(c, "dy", OP_IN, DTYPE_F32, vector(c), -2, 2);
	map(c, "dx", added(c));
}

void run_gap_backward(struct op_run *r)
{
	r->ops->gap_backward(r->q, P("dy"), T("dx"), r->call->shape.acc);
}

void describe_scale_forward(struct op_call *c)
{
	map(c, "x", OP_IN);
	op_vector(c, "gate", OP_IN, DTYPE_F32, vector(c), -2, 2);
	map(c, "y", OP_OUT);
}

void run_scale_forward(struct op_run *r)
{
	r->ops->scale_forward(r->q, T("x"), P("gate"), T("y"));
}

void describe_scale_backward(struct op_call *c)
{
	map(c, "x", OP_IN);
	op_vector(c, "gate", OP_IN, DTYPE_F32, vector(c), -2, 2);
	map(c, "dy", OP_IN);
	map(c, "dx", added(c));
	op_vector(c, "dgate", OP_OUT, DTYPE_F32, vector(c), 0, 0);
}

void run_scale_backward(struct op_run *r)
{
	r->ops->scale_backward(r->q, T("x"), P("gate"), T("dy"), T("dx"),
			       r->call->shape.acc, P("dgate"));
}

/* Few values, so that equals decide which pixel wins. */
static double stairs(const struct op_call *c, size_t i, double u)
{
	(void)c, (void)i;
	return (double)(int)(u * 40) / 8 - 2.5;
}

static void winners(struct op_call *c, enum op_use use,
		    double (*value)(const struct op_call *c, size_t i,
				    double u))
{
	struct op_operand o = { .name = "won", .use = use, .value = value };
	const struct op_shape *s = &c->shape;

	o.t = tensor_make(NULL, DTYPE_U8, s->n, s->h, s->w, s->c);
	op_add(c, &o);
}

void describe_maxpool_forward(struct op_call *c)
{
	map(c, "x", OP_IN);
	c->operands[0].value = stairs;
	map(c, "y", OP_OUT);
	if (!c->shape.inference)
		winners(c, OP_OUT, NULL);
}

void run_maxpool_forward(struct op_run *r)
{
	r->ops->maxpool_forward(r->q, T("x"), r->call->shape.k, T("y"),
				P("won"));
}

/* Any pixel of the window that lies in the map. */
static double winner(const struct op_call *c, size_t i, double u)
{
	const struct op_shape *s = &c->shape;
	int at = (int)(i / (size_t)s->c) % (s->h * s->w), k = s->k;
	int y = at / s->w, x = at % s->w, half = k / 2;
	int top = y < half ? half - y : 0, left = x < half ? half - x : 0;
	int high = k - top - (y + half >= s->h ? y + half + 1 - s->h : 0);
	int wide = k - left - (x + half >= s->w ? x + half + 1 - s->w : 0);
	int pick = (int)(u * high * wide);

	return (top + pick / wide) * k + left + pick % wide;
}

void describe_maxpool_backward(struct op_call *c)
{
	map(c, "dy", OP_IN);
	winners(c, OP_IN, winner);
	map(c, "dx", OP_INOUT);
}

void run_maxpool_backward(struct op_run *r)
{
	r->ops->maxpool_backward(r->q, T("dy"), P("won"), r->call->shape.k,
				 T("dx"));
}

void describe_upsample_forward(struct op_call *c)
{
	map(c, "x", OP_IN);
	twice(c, "y", OP_OUT);
}

void run_upsample_forward(struct op_run *r)
{
	r->ops->upsample_forward(r->q, T("x"), T("y"));
}

void describe_upsample_backward(struct op_call *c)
{
	twice(c, "dy", OP_IN);
	map(c, "dx", added(c));
}

void run_upsample_backward(struct op_run *r)
{
	r->ops->upsample_backward(r->q, T("dy"), T("dx"), r->call->shape.acc);
}

void describe_copy(struct op_call *c)
{
	map(c, "x", OP_IN);
	map(c, "y", added(c));
}

void run_copy(struct op_run *r)
{
	r->ops->copy(r->q, T("x"), T("y"), r->call->shape.acc);
}

/* The gradient of a copy is a copy the other way. */
void describe_copy_back(struct op_call *c)
{
	map(c, "dy", OP_IN);
	map(c, "dx", added(c));
}

void run_copy_back(struct op_run *r)
{
	r->ops->copy(r->q, T("dy"), T("dx"), r->call->shape.acc);
}

void describe_zero(struct op_call *c)
{
	c->shape.slices = 0;
	map(c, "x", OP_OUT);
}

void run_zero(struct op_run *r)
{
	r->ops->zero(r->q, T("x"));
}
