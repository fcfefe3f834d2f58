/* state_slab.h - everything that a training step changes, as rows of a table.
 *
 * All rows lie in one piece of device memory, in the layouts of the graph
 * (graph/graph.h): "flat" rows like the parameters, "statistics" like the
 * running statistics. What a row means, whether a checkpoint holds it and under
 * which prefix stands in the table, once; who needs another row adds one.
 *
 * A mirror is the host's view of some rows: on a device whose memory is the
 * host's it is the rows themselves, unless a copy is asked for.
 *
 * Threads: the compute thread; a mirror that is a copy may be read by another.
 */
#ifndef FL_DETECT_STATE_SLAB_H
#define FL_DETECT_STATE_SLAB_H

#include "device/device.h"
#include "graph/graph.h"

enum state_row {
	STATE_WEIGHTS,
	STATE_GRADS,
	STATE_VELOCITY,
	STATE_EMA,
	STATE_USED, /* weights as they are used: the divided average */
	STATE_STATISTICS,
	STATE_EMA_STATISTICS,
	STATE_USED_STATISTICS,
	STATE_ROWS
};

struct state_kind {
	const char *name;
	bool statistics;    /* laid out like the running statistics */
	bool saved;	    /* part of a checkpoint */
	const char *prefix; /* there; of a flat row */
};

extern const struct state_kind state_kinds[STATE_ROWS];

/* Sets of rows, as bits. */
#define STATE_BIT(row) (1u << (row))
#define STATE_MODEL (STATE_BIT(STATE_WEIGHTS) | STATE_BIT(STATE_STATISTICS))
#define STATE_ALL (STATE_BIT(STATE_ROWS) - 1)
unsigned state_saved(void);

struct state_slab {
	struct dev *dev;
	struct dev_slab slab;
	size_t counts[2];	/* floats of a flat row, of a statistics row */
	float *row[STATE_ROWS]; /* device memory; NULL: not among the rows */
	double *word;		/* one, for results of operations */
};

/* rows: which there are; q makes them all zero. */
int state_slab_open(struct state_slab *s, const struct graph *graph,
		    struct dev_queue *q, unsigned rows, struct fl_err *err);
void state_slab_close(struct state_slab *s);
size_t state_row_count(const struct state_slab *s, enum state_row row);

struct state_mirror {
	struct dev *dev;
	struct dev_slab slab;	/* none: the rows themselves */
	float *row[STATE_ROWS]; /* host memory */
};

int state_mirror_open(struct state_mirror *m, const struct state_slab *s,
		      unsigned rows, bool copy, struct fl_err *err);
void state_mirror_close(struct state_mirror *m);
/* From the device, after the work that is in q; to it, for the work after. */
int state_fetch(struct state_mirror *m, const struct state_slab *s,
		struct dev_queue *q, unsigned rows, struct fl_err *err);
int state_put(const struct state_mirror *m, const struct state_slab *s,
	      struct dev_queue *q, unsigned rows, struct fl_err *err);

#endif
