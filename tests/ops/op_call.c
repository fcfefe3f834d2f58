/* Operands of one call: described by a case, filled by a draw, put into a device's
 * memory, run and compared. op_call_make comes first, then for each device
 * op_run_open, op_run_write, the case's run, op_run_read. In guarded memory every
 * operand has pages of its own, the last of which is closed, so that a kernel that
 * reads or writes beyond the end dies at once; what is left of the page before it
 * holds a pattern that must stay. */
#include "ops/op_case.h"

#include "base/arena.h"
#include "tensor/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define PATTERN 0xa5

/* Of one operand, or of the workspace behind the last. */
struct op_memory {
	struct dev_slab slab;
	char *pages; /* NULL: a slab */
	size_t mapped, bytes;
};

size_t op_room(const struct tensor *t)
{
	return tensor_pixels(t) * (size_t)t->ld;
}

static size_t bytes_of(const struct tensor *t)
{
	return op_room(t) * dtype_bytes(t->type);
}

bool op_between(const struct tensor *t, size_t i)
{
	return i % (size_t)t->ld >= (size_t)t->c;
}

double op_get(enum dtype type, const void *data, size_t i)
{
	switch (type) {
	case DTYPE_F64:
		return ((const double *)data)[i];
	case DTYPE_U8:
		return ((const uint8_t *)data)[i];
	case DTYPE_F32:
		return (double)((const float *)data)[i];
	case DTYPE_BF16:
		return (double)bf16_to_float(((const uint16_t *)data)[i]);
	default:
		FL_ASSERT(!"a type that op_types does not name");
		return 0;
	}
}

void op_put(enum dtype type, void *data, size_t i, double v)
{
	switch (type) {
	case DTYPE_F64:
		((double *)data)[i] = v;
		break;
	case DTYPE_U8:
		((uint8_t *)data)[i] = isnan(v) ? 0xff : (uint8_t)v;
		break;
	case DTYPE_F32:
		((float *)data)[i] = (float)v;
		break;
	case DTYPE_BF16:
		((uint16_t *)data)[i] = bf16_of((float)v);
		break;
	default:
		FL_ASSERT(!"a type that op_types does not name");
	}
}

void op_add(struct op_call *c, const struct op_operand *o)
{
	FL_ASSERT(c->count < OP_OPERANDS);
	c->operands[c->count++] = *o;
}

void op_map(struct op_call *c, const char *name, enum op_use use, int h, int w)
{
	const struct op_shape *s = &c->shape;
	struct op_operand o = {
		.name = name, .use = use, .low = -2, .high = 2
	};

	o.t = tensor_make(NULL, s->type, s->n, h, w, s->c);
	if (s->slices >> c->count & 1)
		o.t.ld += 1 + (5 * c->count + s->c) % 9;
	op_add(c, &o);
}

void op_vector(struct op_call *c, const char *name, enum op_use use,
	       enum dtype type, size_t n, double low, double high)
{
	struct op_operand o = {
		.name = name, .use = use, .low = low, .high = high
	};

	o.t = tensor_make(NULL, type, 1, 1, 1, (int)n);
	op_add(c, &o);
}

int op_operand_find(const struct op_call *c, const char *name)
{
	for (int i = 0; i < c->count; i++)
		if (strcmp(c->operands[i].name, name) == 0)
			return i;
	return -1;
}

const struct tensor *op_tensor(const struct op_run *r, const char *name)
{
	int i = op_operand_find(r->call, name);

	return i < 0 ? NULL : &r->at[i];
}

void *op_data(const struct op_run *r, const char *name)
{
	const struct tensor *t = op_tensor(r, name);

	return t ? t->data : NULL;
}

static void fill(struct op_call *c, struct op_operand *o, struct fl_rng *rng)
{
	size_t n = op_room(&o->t);

	o->host = fl_malloc(bytes_of(&o->t) + 1);
	for (size_t i = 0; i < n; i++) {
		double u = fl_rng_unit(rng), v;

		v = o->value ? o->value(c, i, u)
			     : o->low + (o->high - o->low) * u;
		op_put(o->t.type, o->host, i, o->use & OP_IN ? v : NAN);
	}
}

void op_call_make(struct op_call *c, const struct op_case *op,
		  const struct op_shape *shape, struct fl_rng *rng)
{
	*c = (struct op_call){ .op = op, .shape = *shape };
	op->describe(c);
	for (int i = 0; i < c->count; i++)
		fill(c, &c->operands[i], rng);
}

void op_call_release(struct op_call *c)
{
	for (int i = 0; i < c->count; i++)
		free(c->operands[i].host);
}

static int guarded_new(struct op_memory *m, void **data, struct fl_err *err)
{
	size_t whole = (m->bytes + PAGE - 1) / PAGE * PAGE;

	m->mapped = whole + PAGE;
	m->pages = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->pages == MAP_FAILED)
		return fl_fail(err, FL_ENOMEM, "no memory for operands");
	memset(m->pages, PATTERN, whole);
	FL_ASSERT(mprotect(m->pages + whole, PAGE, PROT_NONE) == 0);
	*data = m->pages + (whole - m->bytes) / 64 * 64;
	return 0;
}

static int memory_new(struct op_run *r, struct op_memory *m, size_t bytes,
		      bool guarded, void **data, struct fl_err *err)
{
	int rc;

	m->bytes = bytes;
	if (guarded && r->dev->info.host_memory)
		return guarded_new(m, data, err);
	rc = dev_slab_new(r->dev, bytes + 1, DEV_OWN, &m->slab, err);
	*data = m->slab.data;
	return rc;
}

static void memory_free(struct op_run *r, struct op_memory *m)
{
	if (m->pages)
		munmap(m->pages, m->mapped);
	else
		dev_slab_free(r->dev, &m->slab);
}

static int open_conv(struct op_run *r, bool guarded, struct fl_err *err)
{
	const struct op_shape *s = &r->call->shape;
	const struct dev_conv_desc d = {
		.n = s->n,
		.h = s->h,
		.w = s->w,
		.cin = s->c,
		.cout = s->cout,
		.k = s->k,
		.stride = s->stride,
		.x_type = s->wide_x ? DTYPE_F32 : s->type,
		.y_type = s->wide_y ? DTYPE_F32 : s->type,
		.bias = s->bias,
		.backward = true,
		.diff_src = true,
		.short_sums = s->short_sums
	};
	int rc = r->ops->conv_new(r->dev, &d, &r->conv, err);

	if (rc == 0)
		rc = memory_new(r, &r->memory[r->call->count],
				r->ops->conv_workspace(r->conv), guarded,
				&r->workspace, err);
	return rc;
}

int op_run_open(struct op_run *r, struct dev *dev, const struct op_call *c,
		bool guarded, struct fl_err *err)
{
	int rc = 0;

	*r = (struct op_run){ .call = c,
			      .dev = dev,
			      .q = dev_queue(dev, DEV_COMPUTE),
			      .ops = dev_ops(dev) };
	r->memory = fl_calloc((size_t)c->count + 1, sizeof(*r->memory));
	for (int i = 0; rc == 0 && i < c->count; i++) {
		r->at[i] = c->operands[i].t;
		rc = memory_new(r, &r->memory[i], bytes_of(&r->at[i]), guarded,
				&r->at[i].data, err);
		r->host[i] = fl_malloc(bytes_of(&r->at[i]) + 1);
	}
	if (rc == 0 && c->op->kind == OP_CONV)
		rc = open_conv(r, guarded, err);
	if (rc != 0)
		op_run_close(r);
	return rc;
}

void op_run_write(struct op_run *r)
{
	for (int i = 0; i < r->call->count; i++)
		dev_write(r->q, r->at[i].data, r->call->operands[i].host,
			  bytes_of(&r->at[i]));
}

int op_run_read(struct op_run *r, struct fl_err *err)
{
	for (int i = 0; i < r->call->count; i++)
		dev_read(r->q, r->host[i], r->at[i].data, bytes_of(&r->at[i]));
	return dev_wait(r->q, err);
}

void op_run_close(struct op_run *r)
{
	if (r->conv)
		r->ops->conv_free(r->conv);
	for (int i = 0; i <= r->call->count; i++)
		memory_free(r, &r->memory[i]);
	for (int i = 0; i < r->call->count; i++)
		free(r->host[i]);
	free(r->memory);
	r->memory = NULL;
}

/* Nothing but the operand was written on its pages. */
static bool pattern_stands(const struct op_run *r, int i)
{
	const struct op_memory *m = &r->memory[i];
	const char *first = i < r->call->count ? r->at[i].data : r->workspace;
	const char *end = m->pages ? m->pages + m->mapped - PAGE : NULL;

	if (!m->pages)
		return true;
	for (const char *p = m->pages; p < end; p++)
		if ((p < first || p >= first + m->bytes) &&
		    (unsigned char)*p != PATTERN)
			return false;
	return true;
}

/* What is no result is as it was. */
static bool rest_stands(const struct op_run *r, int i)
{
	const struct op_operand *o = &r->call->operands[i];
	size_t size = dtype_bytes(o->t.type);

	for (size_t k = 0; k < op_room(&o->t); k++)
		if ((!(o->use & OP_OUT) || op_between(&o->t, k)) &&
		    memcmp((char *)r->host[i] + k * size,
			   (char *)o->host + k * size, size) != 0)
			return false;
	return true;
}

static bool same_bits(const struct tensor *t, const char *a, const char *b)
{
	size_t size = dtype_bytes(t->type);

	for (size_t i = 0; i < op_room(t); i++)
		if (!op_between(t, i) &&
		    memcmp(a + i * size, b + i * size, size) != 0)
			return false;
	return true;
}

/* Largest difference, in parts of the largest value. */
static double distance(const struct tensor *t, const void *a, const void *b)
{
	double worst = 0, top = 1e-6;

	if (same_bits(t, a, b))
		return 0;

	for (size_t i = 0; i < op_room(t); i++) {
		double x = op_get(t->type, a, i), y = op_get(t->type, b, i);

		if (op_between(t, i))
			continue;
		if (isnan(x - y))
			return INFINITY;
		worst = fmax(worst, fabs(x - y));
		top = fmax(top, fabs(y));
	}
	return worst / top;
}

/* What is rounded to a coarse type may fall to the other neighbour. */
static double allowed(const struct op_call *c, enum dtype type)
{
	for (int i = 0; i < op_type_count; i++)
		if (op_types[i].type == type && c->op->tolerance > 0)
			return c->op->tolerance + op_types[i].rounding;
	return c->op->tolerance;
}

/* Few fall there; of results that are cut instead of rounded every other one
 * would differ, of those whose summand is rounded before it is added a third. */
static bool rounded_well(const struct tensor *t, const void *a, const void *b)
{
	size_t size = dtype_bytes(t->type), differ = 0, n = tensor_count(t);

	for (size_t i = 0; i < op_room(t); i++)
		differ += !op_between(t, i) &&
			  memcmp((const char *)a + i * size,
				 (const char *)b + i * size, size) != 0;
	return t->type != DTYPE_BF16 || n < 200 || differ <= n * 2 / 5;
}

bool op_runs_agree(const struct op_run *a, const struct op_run *b, char *why,
		   size_t size)
{
	const struct op_call *c = a->call;

	for (int i = 0; i <= c->count; i++) {
		if (!pattern_stands(a, i)) {
			snprintf(why, size, "wrote beside %s",
				 i < c->count ? c->operands[i].name
					      : "its workspace");
			return false;
		}
	}
	for (int i = 0; i < c->count; i++) {
		const struct op_operand *o = &c->operands[i];
		double d;

		if (o->use == OP_SCRATCH)
			continue;
		if (!rest_stands(a, i)) {
			snprintf(why, size, "wrote into %s, which it reads",
				 o->name);
			return false;
		}
		d = o->use & OP_OUT ? distance(&o->t, a->host[i], b->host[i])
				    : 0;
		if (d > allowed(c, o->t.type)) {
			snprintf(why, size, "%s is off by %g, allowed is %g",
				 o->name, d, allowed(c, o->t.type));
			return false;
		}
		if (o->use & OP_OUT &&
		    !rounded_well(&o->t, a->host[i], b->host[i])) {
			snprintf(why, size, "%s is not rounded to the nearest",
				 o->name);
			return false;
		}
	}
	return true;
}
