/* op_case.h - every operation of struct dev_ops once: what it takes, on which
 * shapes, and how near it has to be to its definition in device/ref.
 *
 * The table (op_cases) is walked by three programs: test_ops compares every
 * device with ref, test_slopes holds every gradient against differences,
 * bench_ops times what devices take. A new operation is a row of it; a slot
 * of struct dev_ops without a row fails test_ops. A new type of maps is a row
 * of op_types.
 *
 * A case describes its operands by name (op_call); a run has them in the
 * memory of a device. Names are those of device/op.h; an operand that the
 * shape leaves out is absent, which the operation sees as NULL.
 *
 * Ownership: what _make and _open give ends with _release and _close.
 */
#ifndef FL_TESTS_OPS_OP_CASE_H
#define FL_TESTS_OPS_OP_CASE_H

#include "base/rng.h"
#include "device/device.h"

/* Types that maps may have, and what their rounding adds to the distance from
 * ref of results of that type, in parts of the largest value. */
struct op_type {
	enum dtype type;
	double rounding;
};
extern const struct op_type op_types[];
extern const int op_type_count;

/* Which shapes a case is walked over. */
enum op_kind {
	OP_CONV,
	OP_MAP,	 /* a map and vectors of its channels */
	OP_NORM, /* vectors of channels alone */
	OP_GATE, /* matrices of [n][c] */
	OP_FLAT, /* vectors of any length */
	OP_KINDS
};

/* One shape; each case reads the fields it knows. */
struct op_shape {
	int n, h, w, c; /* of the map, or of a convolution's source */
	int cout, k, stride;
	size_t count;	 /* values of a flat vector */
	enum dtype type; /* of maps */
	unsigned slices; /* bit i: operand i, a map, lies in a wider one */
	int branches;
	bool acc, in_place, bias, residual, sums, silu, hard;
	bool short_sums, equal_ranks, alpha, inference;
	bool wide_x, wide_y; /* of a convolution: that map is F32 always */
};

enum op_use {
	OP_IN = 1,
	OP_OUT = 2, /* NaN before the operation */
	OP_INOUT = 3,
	OP_SCRATCH = 4 /* NaN, and nobody looks afterwards */
};

struct op_call;

struct op_operand {
	const char *name;
	enum op_use use;
	struct tensor t; /* a vector of n is [1,1,1,n]; data is none */
	double low, high;
	/* Of value i, where low .. high does not say it; u is in 0 .. 1. */
	double (*value)(const struct op_call *c, size_t i, double u);
	void *host; /* what it is before the operation */
};

#define OP_OPERANDS 32

struct op_call {
	const struct op_case *op;
	struct op_shape shape;
	struct op_operand operands[OP_OPERANDS];
	int count;
};

/* A call in a device's memory. */
struct op_run {
	const struct op_call *call;
	struct dev *dev;
	struct dev_queue *q;
	const struct dev_ops *ops;
	struct dev_conv *conv;
	void *workspace;
	struct tensor at[OP_OPERANDS]; /* operands in the device's memory */
	void *host[OP_OPERANDS];       /* op_run_read: what they became */
	struct op_memory *memory;
};

struct op_case {
	const char *name;
	enum op_kind kind;
	double tolerance; /* parts of the largest value; 0: bit for bit */
	void (*describe)(struct op_call *c);
	void (*run)(struct op_run *r);
	/* Multiplications and additions; NULL: memory bounds the speed. */
	double (*flops)(const struct op_shape *s);
	size_t slot; /* offset within struct dev_ops */
};

extern const struct op_case op_cases[];
extern const int op_case_count;
const struct op_case *op_case_find(const char *name);

/* A gradient: differences of 'forward' by its operand 'by' are what 'backward'
 * leaves in the operand "d" + by, or what 'gradient' makes of its results.
 * Operands of the same name are the same; "dy" of backward weighs y of forward. */
struct op_slope {
	const char *forward, *backward, *by;
	float step;   /* of the differences */
	double limit; /* distance in parts of the gradient's length */
	double (*gradient)(const struct op_run *backward, size_t i);
};
extern const struct op_slope op_slopes[];
extern const int op_slope_count;

/* Shapes: odd ones first, then random ones, for tests; and those of PP-YOLOE-s
 * at 640 for the bench, false after the last. */
struct op_shape op_shape_random(enum op_kind kind, int round,
				struct fl_rng *rng);
bool op_shape_bench(enum op_kind kind, int i, int batch, struct op_shape *out);
/* "[8,80,80,96] to 96, 3x3" */
const char *op_shape_text(enum op_kind kind, const struct op_shape *s,
			  char *out, size_t size);

/* --- for the cases --- */

void op_map(struct op_call *c, const char *name, enum op_use use, int h, int w);
void op_vector(struct op_call *c, const char *name, enum op_use use,
	       enum dtype type, size_t n, double low, double high);
void op_add(struct op_call *c, const struct op_operand *o);
/* NULL where the call has no such operand. */
const struct tensor *op_tensor(const struct op_run *r, const char *name);
void *op_data(const struct op_run *r, const char *name);

/* --- for those who walk the table --- */

void op_call_make(struct op_call *c, const struct op_case *op,
		  const struct op_shape *shape, struct fl_rng *rng);
void op_call_release(struct op_call *c);
/* Index, or -1. */
int op_operand_find(const struct op_call *c, const char *name);

/* guarded: every operand ends at a page that nobody may touch, on devices that
 * compute in the host's memory. Fails where the device has no such kernel. */
int op_run_open(struct op_run *r, struct dev *dev, const struct op_call *c,
		bool guarded, struct fl_err *err);
/* Operands as the call has them. */
void op_run_write(struct op_run *r);
int op_run_read(struct op_run *r, struct fl_err *err);
void op_run_close(struct op_run *r);

/* Values of an operand, whatever their type; room counts those between the
 * channels of a slice too. */
size_t op_room(const struct tensor *t);
double op_get(enum dtype type, const void *data, size_t i);
void op_put(enum dtype type, void *data, size_t i, double v);
/* Value i lies between two pixels of a slice. */
bool op_between(const struct tensor *t, size_t i);

/* Where the results of a differ from b's by more than the case allows, or a
 * wrote where it may not: says so and returns false. Both were read. */
bool op_runs_agree(const struct op_run *a, const struct op_run *b, char *why,
		   size_t size);

#endif
