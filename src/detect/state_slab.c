/* The table of the state's rows, their places in one slab, and mirrors of them
 * in the host's memory. Opened by network_open, copied by train/snapshot.c. A
 * row more, of another optimizer, is a line in the table: what is saved, under
 * which prefix and how long it is follows from there. A mirror reads only the
 * rows it is asked for, since on a card each costs a transfer. */
#include "detect/state_slab.h"

#include "ckpt/checkpoint.h"

#include <string.h>

const struct state_kind state_kinds[STATE_ROWS] = {
	[STATE_WEIGHTS] = { "weights", false, true, CKPT_MODEL },
	[STATE_GRADS] = { "gradients", false, false, NULL },
	[STATE_VELOCITY] = { "velocity", false, true, CKPT_VELOCITY },
	[STATE_EMA] = { "average", false, true, CKPT_EMA },
	[STATE_USED] = { "weights in use", false, false, NULL },
	[STATE_STATISTICS] = { "statistics", true, true, NULL },
	[STATE_EMA_STATISTICS] = { "average statistics", true, true, NULL },
	[STATE_USED_STATISTICS] = { "statistics in use", true, false, NULL },
};

unsigned state_saved(void)
{
	unsigned rows = 0;

	for (int i = 0; i < STATE_ROWS; i++)
		if (state_kinds[i].saved)
			rows |= STATE_BIT(i);
	return rows;
}

size_t state_row_count(const struct state_slab *s, enum state_row row)
{
	return s->counts[state_kinds[row].statistics];
}

/* Rows begin on cache lines of 64 bytes; the rest of the last one stays zero,
 * so operations may take a row with its padding. */
static size_t row_bytes(const struct state_slab *s, int row)
{
	size_t count = state_row_count(s, (enum state_row)row);

	return (count + 15) / 16 * 16 * sizeof(float);
}

static size_t bytes_of(const struct state_slab *s, unsigned rows)
{
	size_t bytes = 0;

	for (int i = 0; i < STATE_ROWS; i++)
		if (rows & STATE_BIT(i))
			bytes += row_bytes(s, i);
	return bytes;
}

/* Lays rows out one behind the other from 'at' on; the same for the slab and
 * for a mirror that is a copy. Returns what lies behind them. */
static char *place(const struct state_slab *s, unsigned rows, char *at,
		   float *row[STATE_ROWS])
{
	for (int i = 0; i < STATE_ROWS; i++) {
		row[i] = NULL;
		if (!(rows & STATE_BIT(i)))
			continue;
		row[i] = (float *)(void *)at;
		at += row_bytes(s, i);
	}
	return at;
}

/* Row by row, for a tensor counts its elements in int and all rows together may
 * be more. */
static void clear(const struct state_slab *s, struct dev_queue *q)
{
	for (int i = 0; i < STATE_ROWS; i++) {
		struct tensor t =
			tensor_make(s->row[i], DTYPE_F32, 1, 1, 1,
				    (int)(row_bytes(s, i) / sizeof(float)));

		if (s->row[i])
			dev_ops(s->dev)->zero(q, &t);
	}
}

int state_slab_open(struct state_slab *s, const struct graph *graph,
		    struct dev_queue *q, unsigned rows, struct fl_err *err)
{
	struct dev *dev = q->dev;
	char *end;
	int rc;

	*s = (struct state_slab){ .dev = dev };
	s->counts[0] = graph->flat_count;
	s->counts[1] = graph->statistic_count;
	/* One cache line more for the word behind the rows. */
	rc = dev_slab_new(dev, bytes_of(s, rows) + 64, DEV_OWN, &s->slab, err);
	if (rc != 0)
		return rc;
	end = place(s, rows, s->slab.data, s->row);
	s->word = (double *)(void *)end;
	clear(s, q);
	return 0;
}

void state_slab_close(struct state_slab *s)
{
	if (s->dev)
		dev_slab_free(s->dev, &s->slab);
	*s = (struct state_slab){ 0 };
}

int state_mirror_open(struct state_mirror *m, const struct state_slab *s,
		      unsigned rows, bool copy, struct fl_err *err)
{
	int rc;

	*m = (struct state_mirror){ .dev = s->dev };
	for (int i = 0; i < STATE_ROWS; i++)
		if (!s->row[i])
			rows &= ~STATE_BIT(i);
	/* On the cpu a mirror is a set of pointers, and fetching and putting do
	 * nothing. */
	if (!copy && s->dev->info.host_memory) {
		for (int i = 0; i < STATE_ROWS; i++)
			m->row[i] = rows & STATE_BIT(i) ? s->row[i] : NULL;
		return 0;
	}
	rc = dev_slab_new(s->dev, bytes_of(s, rows), DEV_HOST, &m->slab, err);
	if (rc != 0)
		return rc;
	place(s, rows, m->slab.data, m->row);
	/* Who fills a mirror writes parameters, not the gaps between them. */
	if (!copy)
		memset(m->slab.data, 0, m->slab.bytes);
	return 0;
}

void state_mirror_close(struct state_mirror *m)
{
	if (m->dev)
		dev_slab_free(m->dev, &m->slab);
	*m = (struct state_mirror){ 0 };
}

/* Does the row need carrying? Not where the mirror is the row itself. */
static bool carried(const struct state_mirror *m, const struct state_slab *s,
		    unsigned rows, int i)
{
	return rows & STATE_BIT(i) && m->row[i] && m->row[i] != s->row[i];
}

int state_fetch(struct state_mirror *m, const struct state_slab *s,
		struct dev_queue *q, unsigned rows, struct fl_err *err)
{
	for (int i = 0; i < STATE_ROWS; i++)
		if (carried(m, s, rows, i))
			dev_read(q, m->row[i], s->row[i], row_bytes(s, i));
	/* One wait for all of them: they stand in the queue behind the step's
	 * work. */
	return dev_wait(q, err);
}

int state_put(const struct state_mirror *m, const struct state_slab *s,
	      struct dev_queue *q, unsigned rows, struct fl_err *err)
{
	for (int i = 0; i < STATE_ROWS; i++)
		if (carried(m, s, rows, i))
			dev_write(q, s->row[i], m->row[i], row_bytes(s, i));
	return dev_wait(q, err);
}
