/* Cases of the convolution's three directions. The sums that a forward pass leaves
 * for the norm behind it are an operand of their own. */
#include "ops/op_cases.h"

static struct tensor source(const struct op_shape *s)
{
	return tensor_make(NULL, s->wide_x ? DTYPE_F32 : s->type, s->n, s->h,
			   s->w, s->c);
}

static struct tensor destination(const struct op_shape *s)
{
	return tensor_make(NULL, s->wide_y ? DTYPE_F32 : s->type, s->n,
			   (s->h - 1) / s->stride + 1,
			   (s->w - 1) / s->stride + 1, s->cout);
}

static size_t weights(const struct op_shape *s)
{
	return (size_t)(s->cout * s->k * s->k) * (size_t)s->c;
}

static void dense(struct op_call *c, const char *name, enum op_use use,
		  struct tensor t)
{
	op_add(c,
	       &(struct op_operand){ .name = name, .use = use, .t = t, -2, 2 });
}

void describe_conv_forward(struct op_call *c)
{
	const struct op_shape *s = &c->shape;

	dense(c, "x", OP_IN, source(s));
	op_vector(c, "w", OP_IN, DTYPE_F32, weights(s), -2, 2);
	if (s->bias)
		op_vector(c, "b", OP_IN, DTYPE_F32, (size_t)s->cout, -2, 2);
	dense(c, "y", OP_OUT, destination(s));
	if (s->sums)
		op_vector(c, "sums", OP_OUT, DTYPE_F64, 2 * (size_t)s->cout, 0,
			  0);
}

void run_conv_forward(struct op_run *r)
{
	r->ops->conv_forward(r->q, r->conv, T("x"), P("w"), P("b"), T("y"),
			     P("sums"), r->workspace);
}

void describe_conv_backward_data(struct op_call *c)
{
	const struct op_shape *s = &c->shape;

	dense(c, "dy", OP_IN, destination(s));
	op_vector(c, "w", OP_IN, DTYPE_F32, weights(s), -2, 2);
	dense(c, "dx", s->acc ? OP_INOUT : OP_OUT, source(s));
}

void run_conv_backward_data(struct op_run *r)
{
	r->ops->conv_backward_data(r->q, r->conv, T("dy"), P("w"), T("dx"),
				   r->call->shape.acc, r->workspace);
}

void describe_conv_backward_weights(struct op_call *c)
{
	const struct op_shape *s = &c->shape;

	dense(c, "x", OP_IN, source(s));
	dense(c, "dy", OP_IN, destination(s));
	op_vector(c, "dw", OP_OUT, DTYPE_F32, weights(s), 0, 0);
	if (s->bias)
		op_vector(c, "db", OP_OUT, DTYPE_F32, (size_t)s->cout, 0, 0);
}

void run_conv_backward_weights(struct op_run *r)
{
	r->ops->conv_backward_weights(r->q, r->conv, T("x"), T("dy"), P("dw"),
				      P("db"), r->workspace);
}

double flops_conv(const struct op_shape *s)
{
	struct tensor y = destination(s);

	return 2 * (double)tensor_pixels(&y) * (double)weights(s);
}
