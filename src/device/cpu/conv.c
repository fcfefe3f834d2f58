/* Convolutions by oneDNN, or by Winograd where choice.c says so. cpu_conv_new
 * makes all objects when a plan is made; a call only sets pointers, packs the
 * weights into the order that the kernel asks for, and runs. So whatever can
 * fail fails before step 0, and a step allocates nothing. */
#include "device/cpu/conv.h"

#include "base/arena.h"
#include "base/par.h"
#include "device/cpu/choice.h"
#include "device/cpu/conv_odd.h"
#include "device/cpu/conv_shapes.h"
#include "device/cpu/pass.h"
#include "device/cpu/winograd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Activations stay NHWC; weights are packed, in the workspace, at every call:
 * they change at every step anyway and packing costs about one part in a
 * hundred. With maps in BF16 the packing is their rounding as well; a map that
 * is F32 nevertheless (the picture, the gradient of a head's output) is rounded
 * into the workspace before. */

/* Packing less than this takes longer to hand out than to do. */
#define PACK_ALONE_BYTES ((size_t)1 << 20)

/* oneDNN adds all products of a value one after another, and the error of such
 * a sum in float grows with its length: for 3x3 over 384 channels it is four
 * times that of a matrix product that adds in blocks. Where short sums are
 * asked for, a convolution is one in groups of channels, of PART_PRODUCTS or
 * so each, whose results are added up in double. */
#define PART_PRODUCTS 36
/* Fewer at once would waste vectors. */
#define PART_CHANNELS 4
/* Of results: large maps have fewer parts. */
#define PARTS_BYTES ((size_t)256 << 20)

enum {
	SRC,
	WEIGHTS,
	BIAS,
	DST,
	SCRATCH,
	MEMORIES
};

/* One direction: a primitive and the memories it is called with. */
struct direction {
	dnnl_primitive_t primitive, pack;
	dnnl_memory_t memory[MEMORIES];
	dnnl_memory_t plain; /* the weights as the caller has them */
	bool pack_alone;     /* packing is too small for several threads */
	int parts;	     /* of the sum */
	int arg[MEMORIES];   /* DNNL_ARG_ of each memory, 0: absent */
	/* In the workspace, in this order; then come results. */
	size_t packed_bytes, scratch_bytes, rounded_bytes;
};

struct dev_conv {
	struct dev_conv_desc d;
	enum dtype type; /* of what is multiplied */
	struct direction forward, data, weights;
	struct cpu_choice by;
	struct winograd winograd; /* where a direction is by it */
};

/* One for the process, opened with the first convolution and never closed:
 * oneDNN's threads are the process's too. */
static dnnl_engine_t engine;
static dnnl_stream_t stream;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_status_t engine_status;
static dnnl_primitive_attr_t own_scratch; /* scratch memory comes from us */

static void open_engine(void)
{
	dnnl_status_t status = dnnl_engine_create(&engine, dnnl_cpu, 0);

	if (status == dnnl_success)
		status = dnnl_stream_create(&stream, engine,
					    dnnl_stream_in_order);
	if (status == dnnl_success)
		status = dnnl_primitive_attr_create(&own_scratch);
	if (status == dnnl_success)
		/* Else oneDNN allocates scratch within each call. */
		status = dnnl_primitive_attr_set_scratchpad_mode(
			own_scratch, dnnl_scratchpad_mode_user);
	engine_status = status;
}

static size_t rounded(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static dnnl_dim_t pixels(const struct dev_conv_desc *d)
{
	return (dnnl_dim_t)d->n * d->h * d->w;
}

static struct tensor source(const struct dev_conv_desc *d)
{
	return tensor_make(NULL, d->x_type, d->n, d->h, d->w, d->cin);
}

static struct tensor destination(const struct dev_conv_desc *d)
{
	return tensor_make(NULL, d->y_type, d->n, (d->h - 1) / d->stride + 1,
			   (d->w - 1) / d->stride + 1, d->cout);
}

/* Bytes of a result in parts. */
static size_t parts_bytes(const struct tensor *t, int parts)
{
	return rounded(tensor_bytes(t) * (size_t)parts);
}

static bool short_sums(const struct dev_conv_desc *d)
{
	return d->short_sums && dev_conv_type(d) == DTYPE_F32;
}

/* In how many parts a sum over so many channels is taken, for a result of so
 * many bytes. */
static int parts_of(const struct dev_conv_desc *d, int channels, size_t bytes)
{
	int products = d->k * d->k * channels, best = 1;
	int most = channels / PART_CHANNELS;

	for (int n = 2; short_sums(d) && n <= most; n++) {
		/* Equal parts, since they are groups of one convolution. */
		if (channels % (n * PART_CHANNELS) != 0)
			continue;
		if ((size_t)n * bytes > PARTS_BYTES)
			break;
		best = n;
		if (products <= n * PART_PRODUCTS)
			break;
	}
	return best;
}

static int add_memory(struct direction *dir, int which, int arg,
		      const_dnnl_primitive_desc_t pd, struct fl_err *err)
{
	dnn_layout md =
		dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
	int rc = 0;

	dir->arg[which] = arg;
	DNN(dnnl_memory_create(&dir->memory[which], md, engine,
			       DNNL_MEMORY_NONE),
	    out);
out:
	return rc;
}

/* A reorder between the caller's weights and the kernel's, if they differ;
 * unpack: from the kernel's, which is what a gradient by the weights comes
 * in. */
static int add_packing(struct direction *dir, const struct shapes *s,
		       const_dnnl_primitive_desc_t pd, int arg, bool unpack,
		       struct fl_err *err)
{
	dnn_layout md =
		dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
	dnnl_primitive_desc_t reorder = NULL;
	int rc = 0;

	if (dnnl_memory_desc_equal(md, s->weights))
		return 0;
	dir->packed_bytes = rounded(dnnl_memory_desc_get_size(md));
	dir->pack_alone = dir->packed_bytes < PACK_ALONE_BYTES;
	fl_par_alone(dir->pack_alone);
	DNN(dnnl_reorder_primitive_desc_create(
		    &reorder, unpack ? md : s->weights, engine,
		    unpack ? s->weights : md, engine, NULL),
	    out);
	DNN(dnnl_primitive_create(&dir->pack, reorder), out);
	DNN(dnnl_memory_create(&dir->plain, s->weights, engine,
			       DNNL_MEMORY_NONE),
	    out);
out:
	fl_par_alone(false);
	dnnl_primitive_desc_destroy(reorder);
	return rc;
}

/* From a primitive descriptor to a direction ready to run. args: which memories
 * it has, by their DNNL_ARG_ (0: none); the weights' is packed. */
static int make_direction(struct direction *dir, const struct shapes *s,
			  const_dnnl_primitive_desc_t pd,
			  const int args[MEMORIES], bool unpack,
			  struct fl_err *err)
{
	int rc = 0;

	DNN(dnnl_primitive_create(&dir->primitive, pd), out);
	for (int i = 0; rc == 0 && i < MEMORIES; i++)
		if (args[i])
			rc = add_memory(dir, i, args[i], pd, err);
	if (rc == 0)
		rc = add_packing(dir, s, pd, args[WEIGHTS], unpack, err);
	dir->scratch_bytes = rounded(dnnl_memory_desc_get_size(
		dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0)));
out:
	return rc;
}

static dnnl_prop_kind_t kind_of(const struct dev_conv *c)
{
	return c->d.backward ? dnnl_forward_training : dnnl_forward_inference;
}

/* Bytes of a map's copy in the type that is multiplied; 0: it has that type. */
static size_t copy_bytes(const struct dev_conv *c, const struct tensor *t)
{
	return t->type == c->type
		       ? 0
		       : rounded(tensor_count(t) * dtype_bytes(c->type));
}

/* The forward descriptor that a gradient's is made with. */
static int make_hint(struct dev_conv *c, int dst_parts,
		     dnnl_primitive_desc_t *hint, struct fl_err *err)
{
	struct shapes s;
	int rc = shapes_describe(&c->d, SHAPES_HINT, 1, dst_parts, &s, err);

	if (rc == 0)
		DNN(dnn_conv_forward(hint, engine, kind_of(c), &s.op, NULL),
		    out);
out:
	shapes_free(&s);
	return rc;
}

static int make_forward(struct dev_conv *c, struct fl_err *err)
{
	struct tensor y = destination(&c->d);
	int parts = parts_of(&c->d, c->d.cin, parts_bytes(&y, 1));
	/* In parts the bias would be added once a part; cpu_add_parts adds
	 * it. */
	bool bias = c->d.bias && parts == 1;
	int args[MEMORIES] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS,
			       bias ? DNNL_ARG_BIAS : 0, DNNL_ARG_DST,
			       DNNL_ARG_SCRATCHPAD };
	dnnl_primitive_desc_t pd = NULL;
	struct tensor x = source(&c->d);
	struct shapes s;
	int rc = shapes_describe(&c->d, SHAPES_FORWARD, parts, 1, &s, err);

	if (rc != 0)
		goto out;
	c->forward.parts = parts;
	c->forward.rounded_bytes = copy_bytes(c, &x);
	s.op.bias = bias ? s.bias : NULL;
	DNN(dnn_conv_forward(&pd, engine, kind_of(c), &s.op, own_scratch), out);
	rc = make_direction(&c->forward, &s, pd, args, false, err);
out:
	dnnl_primitive_desc_destroy(pd);
	shapes_free(&s);
	return rc;
}

static int make_data(struct dev_conv *c, struct fl_err *err)
{
	static const int args[MEMORIES] = { DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS,
					    0, DNNL_ARG_DIFF_DST,
					    DNNL_ARG_SCRATCHPAD };
	dnnl_primitive_desc_t hint = NULL, pd = NULL;
	struct tensor x = source(&c->d), y = destination(&c->d);
	struct shapes s;
	int rc;

	c->data.parts = parts_of(&c->d, c->d.cout, parts_bytes(&x, 1));
	c->data.rounded_bytes = copy_bytes(c, &y);
	rc = shapes_describe(&c->d, SHAPES_DATA, 1, c->data.parts, &s, err);
	if (rc == 0)
		rc = make_hint(c, c->data.parts, &hint, err);
	if (rc != 0)
		goto out;
	DNN(dnn_conv_backward_data(&pd, engine, &s.op, hint, own_scratch), out);
	rc = make_direction(&c->data, &s, pd, args, false, err);
out:
	dnnl_primitive_desc_destroy(pd);
	dnnl_primitive_desc_destroy(hint);
	shapes_free(&s);
	return rc;
}

static int make_weights(struct dev_conv *c, struct fl_err *err)
{
	int args[MEMORIES] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS,
			       c->d.bias ? DNNL_ARG_DIFF_BIAS : 0,
			       DNNL_ARG_DIFF_DST, DNNL_ARG_SCRATCHPAD };
	dnnl_primitive_desc_t hint = NULL, pd = NULL;
	struct tensor x = source(&c->d), y = destination(&c->d);
	struct shapes s;
	int rc = shapes_describe(&c->d, SHAPES_WEIGHTS, 1, 1, &s, err);

	/* Not in parts: its sum runs over pixels, not over channels. */
	c->weights.rounded_bytes = copy_bytes(c, &x) + copy_bytes(c, &y);
	if (rc == 0)
		rc = make_hint(c, 1, &hint, err);
	if (rc != 0)
		goto out;
	s.op.bias = c->d.bias ? s.bias : NULL;
	DNN(dnn_conv_backward_weights(&pd, engine, &s.op, hint, own_scratch),
	    out);
	rc = make_direction(&c->weights, &s, pd, args, true, err);
out:
	dnnl_primitive_desc_destroy(pd);
	dnnl_primitive_desc_destroy(hint);
	shapes_free(&s);
	return rc;
}

/* The gradients of a 1x1 convolution are products of the matrices as they lie
 * in memory. Taken as such they need no packing, add in place, and wait less
 * for activations that have left the caches since the forward pass: its weight
 * gradients took a third less of a step than oneDNN's convolutions. */
static bool by_product(const struct dev_conv_desc *d)
{
	return d->k == 1 && d->stride == 1 && !d->bias &&
	       dev_conv_type(d) == DTYPE_F32;
}

static bool by_winograd(const struct dev_conv *c, enum cpu_direction direction)
{
	return c->by.kernel[direction] == CPU_WINOGRAD;
}

int cpu_conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		 struct dev_conv **out, struct fl_err *err)
{
	struct cpu_choice choice = cpu_choice_of(desc);

	(void)dev;
	return cpu_conv_make(desc, &choice, out, err);
}

int cpu_conv_make(const struct dev_conv_desc *desc,
		  const struct cpu_choice *choice, struct dev_conv **out,
		  struct fl_err *err)
{
	struct dev_conv *c;
	bool gradients = desc->backward && !by_product(desc), data;
	int rc;

	rc = dev_conv_types(desc, err);
	if (rc != 0)
		return rc;
	pthread_once(&once, open_engine);
	if (engine_status != dnnl_success)
		return fl_fail(err, FL_EINTERNAL,
			       "oneDNN cannot be started: %d",
			       (int)engine_status);
	c = fl_calloc(1, sizeof(*c));
	c->d = *desc;
	c->type = dev_conv_type(desc);
	c->by = *choice;
	if (winograd_fits(desc))
		winograd_init(&c->winograd, desc);
	rc = by_winograd(c, CPU_FORWARD) ? 0 : make_forward(c, err);
	data = desc->diff_src && !conv_odd_fits(desc);
	if (rc == 0 && gradients && data && !by_winograd(c, CPU_DATA))
		rc = make_data(c, err);
	if (rc == 0 && gradients && !by_winograd(c, CPU_WEIGHTS))
		rc = make_weights(c, err);
	if (rc == 0)
		*out = c;
	else
		cpu_conv_free(c);
	return rc;
}

static void free_direction(struct direction *dir)
{
	dnnl_primitive_destroy(dir->primitive);
	dnnl_primitive_destroy(dir->pack);
	dnnl_memory_destroy(dir->plain);
	for (int i = 0; i < MEMORIES; i++)
		dnnl_memory_destroy(dir->memory[i]);
}

void cpu_conv_free(struct dev_conv *c)
{
	if (!c)
		return;
	free_direction(&c->forward);
	free_direction(&c->data);
	free_direction(&c->weights);
	free(c);
}

static size_t winograd_bytes(const struct dev_conv *c)
{
	size_t (*const bytes_of[])(const struct winograd *) = {
		winograd_forward_bytes, winograd_data_bytes,
		winograd_weights_bytes
	};
	size_t most = 0;

	for (int i = 0; i < (c->d.backward ? 3 : 1); i++) {
		size_t bytes = by_winograd(c, (enum cpu_direction)i)
				       ? bytes_of[i](&c->winograd)
				       : 0;

		most = bytes > most ? bytes : most;
	}
	return most;
}

size_t cpu_conv_workspace(const struct dev_conv *c)
{
	const struct direction *dirs[] = { &c->forward, &c->data, &c->weights };
	struct tensor x = source(&c->d), y = destination(&c->d);
	/* A gradient may have to be added to what is there. */
	size_t results[] = { c->forward.parts > 1
				     ? parts_bytes(&y, c->forward.parts)
				     : 0,
			     parts_bytes(&x, c->data.parts), 0 };
	size_t most = winograd_bytes(c);

	if (conv_odd_fits(&c->d))
		most = conv_odd_bytes(&c->d);
	for (int i = 0; i < 3; i++) {
		size_t bytes = dirs[i]->packed_bytes + dirs[i]->scratch_bytes +
			       dirs[i]->rounded_bytes + results[i];

		most = bytes > most ? bytes : most;
	}
	return most;
}

static void set(dnnl_memory_t memory, const void *data)
{
	if (memory)
		dnnl_memory_set_data_handle(memory, (void *)(uintptr_t)data);
}

static void must(dnnl_status_t status)
{
	/* Everything that can fail was tried when the plan was made. */
	FL_ASSERT(status == dnnl_success);
}

static void reorder(const struct direction *dir, dnnl_memory_t from,
		    dnnl_memory_t to)
{
	dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from },
				   { DNNL_ARG_TO, to } };

	fl_par_alone(dir->pack_alone);
	must(dnnl_primitive_execute(dir->pack, stream, 2, args));
	fl_par_alone(false);
}

static void execute(const struct direction *dir)
{
	dnnl_exec_arg_t args[MEMORIES];
	int n = 0;

	for (int i = 0; i < MEMORIES; i++)
		if (dir->memory[i])
			args[n++] = (dnnl_exec_arg_t){ dir->arg[i],
						       dir->memory[i] };
	must(dnnl_primitive_execute(dir->primitive, stream, n, args));
}

/* Point the weights at the caller's or at their packed copy, and the scratch
 * behind it; returns what is left of the workspace. */
static char *set_weights(const struct direction *dir, const float *weights,
			 char *workspace)
{
	set(dir->plain, weights);
	set(dir->memory[WEIGHTS],
	    dir->pack ? (const void *)workspace : (const void *)weights);
	set(dir->memory[SCRATCH], workspace + dir->packed_bytes);
	return workspace + dir->packed_bytes + dir->scratch_bytes;
}

/* Point a memory at the map, or at its rounded copy at *room, which moves on. */
static void set_map(const struct dev_conv *c, const struct direction *dir,
		    int which, const struct tensor *t, char **room)
{
	struct tensor copy = *t;

	if (t->type != c->type) {
		copy.type = c->type;
		copy.data = *room;
		*room += copy_bytes(c, t);
		cpu_round(t->data, &copy);
	}
	set(dir->memory[which], copy.data);
}

/* The parts lie side by side in each pixel of result. */
static void run_parts(struct dev_queue *q, const struct direction *dir,
		      int result, void *parts, const float *bias,
		      const struct tensor *to, bool acc)
{
	bool directly = dir->parts == 1 && !acc;
	struct tensor from = *to;

	from.data = parts;
	set(dir->memory[result], directly ? to->data : parts);
	if (dir->pack)
		reorder(dir, dir->plain, dir->memory[WEIGHTS]);
	execute(dir);
	if (dir->parts > 1)
		cpu_add_parts(parts, dir->parts, bias, to, acc);
	else if (acc)
		cpu_copy(q, &from, to, true);
}

void cpu_conv_forward(struct dev_queue *q, struct dev_conv *c,
		      const struct tensor *x, const float *weights,
		      const float *bias, const struct tensor *y, double *sums,
		      void *workspace)
{
	const struct direction *dir = &c->forward;
	char *rest;

	/* Callers may hand on a bias that the plan was not made with. */
	if (!c->d.bias)
		bias = NULL;
	if (by_winograd(c, CPU_FORWARD)) {
		winograd_forward(&c->winograd, x, weights, bias, y, workspace);
		if (sums)
			cpu_norm_stats(q, y, sums);
		return;
	}
	rest = set_weights(dir, weights, workspace);
	set_map(c, dir, SRC, x, &rest);
	set(dir->memory[BIAS], bias);
	run_parts(q, dir, DST, rest, bias, y, false);
	if (sums)
		cpu_norm_stats(q, y, sums);
}

void cpu_conv_backward_data(struct dev_queue *q, struct dev_conv *c,
			    const struct tensor *dy, const float *weights,
			    const struct tensor *dx, bool acc, void *workspace)
{
	const struct direction *dir = &c->data;
	const struct dev_conv_desc *d = &c->d;
	char *rest;

	if (by_product(d)) {
		/* dx[p][i] (+)= dy[p][o] w[o][i] */
		must(dnnl_sgemm('N', 'N', pixels(d), d->cin, d->cout, 1,
				dy->data, d->cout, weights, d->cin, acc ? 1 : 0,
				dx->data, d->cin));
		return;
	}
	if (conv_odd_fits(d)) {
		conv_odd_data(dy, weights, dx, acc, workspace);
		return;
	}
	if (by_winograd(c, CPU_DATA)) {
		winograd_data(&c->winograd, dy, weights, dx, acc, workspace);
		return;
	}
	rest = set_weights(dir, weights, workspace);
	set_map(c, dir, DST, dy, &rest);
	run_parts(q, dir, SRC, rest, NULL, dx, acc);
}

void cpu_conv_backward_weights(struct dev_queue *q, struct dev_conv *c,
			       const struct tensor *x, const struct tensor *dy,
			       float *dw, float *db, void *workspace)
{
	const struct direction *dir = &c->weights;
	const struct dev_conv_desc *d = &c->d;
	char *rest;

	(void)q;
	if (by_product(d)) {
		/* dw[o][i] = dy[p][o] x[p][i] */
		must(dnnl_sgemm('T', 'N', d->cout, d->cin, pixels(d), 1,
				dy->data, d->cout, x->data, d->cin, 0, dw,
				d->cin));
		return;
	}
	if (by_winograd(c, CPU_WEIGHTS)) {
		winograd_weights(&c->winograd, x, dy, dw, db, workspace);
		return;
	}
	rest = set_weights(dir, dw, workspace);
	set_map(c, dir, SRC, x, &rest);
	set_map(c, dir, DST, dy, &rest);
	set(dir->memory[BIAS], db);
	execute(dir);
	if (dir->pack)
		reorder(dir, dir->memory[WEIGHTS], dir->plain);
}
