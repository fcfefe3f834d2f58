/* The update of a step, called by train/engine.c on every rank with the same
 * averaged gradients: bound the gradients, momentum for every parameter, then
 * the average of the weights. The host decides factors; the device does the
 * rest, so only a norm crosses over, and only where gradients are bounded.
 * Formulas and their sources stand in optim.h. */
#include "optim/optim.h"

#include "ckpt/checkpoint.h"

#include <math.h>

/* As the reference: its regulariser is overridden to none for batch
 * normalisation's own two, and for nothing else. */
static bool decays(enum graph_role role)
{
	return role != GRAPH_GAMMA && role != GRAPH_BETA;
}

/* A mean over some hundred steps; 1 - 0.99^10 is 0.0956, so the bound holds
 * from the eleventh step on. */
#define HISTORY_DECAY 0.99
#define HISTORY_FIRST 0.095 /* weight after ten steps */

/* How many times the norm is above the bound of the norms before it; 0: there
 * is none to compare. A norm that is not finite is not counted, or no later one
 * would be bounded. 'counts' is false for a batch without objects. */
static double history_excess(const struct optim_options *o,
			     struct grad_history *h, double norm, bool counts)
{
	double most = INFINITY;

	if (!isfinite(norm) || norm == 0)
		return 0;
	if (h->weight > HISTORY_FIRST)
		most = o->clip_history * exp(h->log_sum / h->weight);
	if (!counts)
		return norm / most;
	/* The bounded norm counts: one outlier must not raise the bound for the
	 * next. */
	h->log_sum = HISTORY_DECAY * h->log_sum +
		     (1 - HISTORY_DECAY) * log(norm < most ? norm : most);
	h->weight = HISTORY_DECAY * h->weight + (1 - HISTORY_DECAY);
	return norm / most;
}

/* The recipe's three bounds in this order: history, norm, value. *excess:
 * history_excess, 0 where that is off. */
static int clip(const struct graph *g, struct dev_queue *q,
		const struct optim_options *o, struct optim_buffers *b,
		struct grad_history *h, bool objects, double *excess,
		struct fl_err *err)
{
	const struct dev_ops *ops = dev_ops(q->dev);
	double norm = 0, factor = 1;

	*excess = 0;
	if (o->clip_history > 0 || o->clip_norm > 0) {
		int rc;

		/* In double, over the flat buffer as a whole: the global
		 * norm. */
		ops->sum_squares(q, b->grads, g->flat_count, b->squares);
		rc = dev_fetch(q, &norm, b->squares, sizeof(norm), err);
		if (rc != 0)
			return rc;
		norm = sqrt(norm);
	}
	if (o->clip_history > 0)
		*excess = history_excess(o, h, norm, objects);
	if (*excess > 1)
		factor = 1 / *excess;
	if (o->clip_norm > 0 && norm * factor > o->clip_norm)
		factor = o->clip_norm / norm;
	if (factor < 1)
		ops->scale(q, b->grads, g->flat_count, (float)factor);
	if (o->clip_value > 0)
		ops->clamp(q, b->grads, g->flat_count, (float)o->clip_value);
	return 0;
}

int optim_step(const struct graph *g, struct dev_queue *q,
	       const struct optim_options *o, struct optim_buffers *b,
	       struct grad_history *history, bool objects, double lr,
	       double *excess, struct fl_err *err)
{
	int rc = clip(g, q, o, b, history, objects, excess, err);

	for (int i = 0; rc == 0 && i < g->param_count; i++) {
		const struct graph_param *p = &g->params[i];
		size_t at = p->offset;

		/* Running means have no gradient and lie in a buffer of their
		 * own. */
		if (graph_role_is_statistic(p->role))
			continue;
		dev_ops(q->dev)->momentum(
			q, b->weights + at, b->velocity + at, b->grads + at,
			p->count, (float)lr, (float)o->momentum,
			decays(p->role) ? (float)o->weight_decay : 0);
	}
	return rc;
}

/* The three types of ppdet/optimizer/ema.py; step counts from 0. */
static double decay_at(const struct optim_options *o, int64_t step)
{
	double s = (double)step, d = o->ema_decay, early;

	if (o->ema_type == EMA_NORMAL)
		return d;
	if (o->ema_type == EMA_EXPONENTIAL)
		return d * (1 - exp(-(s + 1) / 2000));
	early = (1 + s) / (10 + s);
	return d < early ? d : early;
}

void ema_update(const struct graph *g, struct dev_queue *q,
		const struct optim_options *o, struct optim_buffers *b,
		struct ema_state *state)
{
	const struct dev_ops *ops = dev_ops(q->dev);
	double d = decay_at(o, state->step);

	ops->ema(q, b->ema, b->weights, g->flat_count, d);
	ops->ema(q, b->ema_statistics, b->statistics, g->statistic_count, d);
	/* Kept, for the divisor is made of it when weights are used or
	 * stored. */
	state->last_decay = d;
	state->step++;
}

double ema_divisor(const struct optim_options *o, const struct ema_state *state)
{
	return checkpoint_ema_divisor(o->ema_type == EMA_EXPONENTIAL,
				      state->last_decay, state->step);
}

void ema_undivide(const struct graph *g, struct dev_queue *q,
		  const struct optim_options *o, struct optim_buffers *b,
		  struct ema_state *state)
{
	const struct dev_ops *ops = dev_ops(q->dev);
	float divisor;

	/* Paddle's files do not have it: it is what the last update must have
	 * used. */
	state->last_decay = decay_at(o, state->step - 1);
	divisor = (float)ema_divisor(o, state);
	ops->scale(q, b->ema, g->flat_count, divisor);
	ops->scale(q, b->ema_statistics, g->statistic_count, divisor);
}
