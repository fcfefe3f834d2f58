/* Running a plan: every node of the graph in order, forward or from the end.
 * What a node needs is looked up in struct step; norms have a file of their own
 * (norm.c). train/step.c and, for evaluations, detect/network.c call
 * plan_forward; between it and plan_backward the loss writes the gradients of
 * the outputs. Nothing is allocated. */
#include "graph/plan_priv.h"

#include "base/clock.h"

/* What one node needs at run time, looked up once. */
struct step {
	struct plan *p;
	struct plan_run *run;
	const struct graph_node *n;
	struct plan_node *pn;
	const struct dev_ops *ops;
	struct dev_queue *q;
};

static const float *weight(const struct step *s, int param)
{
	return param < 0 ? NULL
			 : s->run->weights + s->p->graph->params[param].offset;
}

/* NULL for a parameter that the node does not have, as a convolution's bias. */
static float *grad(const struct step *s, int param)
{
	return param < 0 ? NULL
			 : s->run->grads + s->p->graph->params[param].offset;
}

/* Bytes in a buffer of their own; an evaluation keeps none. */
static uint8_t *winners(const struct step *s)
{
	if (!plan_backward_wanted(s->p))
		return NULL;
	return (uint8_t *)s->p->activations + s->p->buffers[s->pn->arg].offset;
}

/* Inputs that are slices were written here by their own nodes: for most concats
 * nothing is done. */
static void concat_forward(const struct step *s)
{
	struct tensor out = plan_value(s->p, s->n->out);
	int channel = 0;

	for (int k = 0; k < s->n->ins; k++) {
		struct tensor in = plan_value(s->p, s->n->in[k]);
		struct tensor slice = tensor_slice(&out, channel, in.c);

		if (s->pn->copied[k])
			s->ops->copy(s->q, &in, &slice, false);
		channel += in.c;
	}
}

/* An input that is a slice has its gradient here already. */
static void concat_backward(const struct step *s)
{
	struct tensor out = plan_gradient(s->p, s->n->out);
	int channel = 0;

	for (int k = 0; k < s->n->ins; k++) {
		struct tensor in = plan_gradient(s->p, s->n->in[k]);
		struct tensor slice = tensor_slice(&out, channel, in.c);

		if (s->pn->copied[k])
			s->ops->copy(s->q, &slice, &in, s->pn->acc[k]);
		channel += in.c;
	}
}

/* Everything but convolutions and norms: some 3 % of a step. */
static void forward_small(const struct step *s)
{
	const struct graph_node *n = s->n;
	struct tensor x = plan_value(s->p, n->in[0]);
	struct tensor y = plan_value(s->p, n->out);

	switch (n->kind) {
	case GRAPH_GAP:
		s->ops->gap_forward(s->q, &x, y.data);
		break;
	case GRAPH_FC:
		s->ops->fc_forward(s->q, x.data, weight(s, n->weight),
				   weight(s, n->bias), y.n, x.c, y.c, n->gate,
				   y.data);
		break;
	case GRAPH_SCALE:
		s->ops->scale_forward(s->q, &x, plan_value(s->p, n->in[1]).data,
				      &y);
		break;
	case GRAPH_MAXPOOL:
		s->ops->maxpool_forward(s->q, &x, n->k, &y, winners(s));
		break;
	case GRAPH_UPSAMPLE:
		s->ops->upsample_forward(s->q, &x, &y);
		break;
	case GRAPH_CONCAT:
		concat_forward(s);
		break;
	default:
		FL_ASSERT(!"a node of unknown kind");
	}
}

/* The operation overwrites dx; where a gradient is there already, it goes to
 * the workspace first, behind the operation's own scratch (plan.c asked for
 * both). */
static void fc_backward(const struct step *s, const struct tensor *dx,
			const struct tensor *dy)
{
	const struct graph_node *n = s->n;
	float *scratch = (float *)(void *)s->p->workspace;
	struct tensor fresh = *dx;

	if (s->pn->acc[0])
		fresh.data = scratch + (size_t)dy->n * (size_t)dy->c;
	s->ops->fc_backward(s->q, plan_value(s->p, n->in[0]).data,
			    weight(s, n->weight), plan_value(s->p, n->out).data,
			    dy->data, dy->n, dx->c, dy->c, n->gate, fresh.data,
			    grad(s, n->weight), grad(s, n->bias), scratch);
	if (s->pn->acc[0])
		s->ops->copy(s->q, &fresh, dx, true);
}

static void scale_backward(const struct step *s, const struct tensor *dx,
			   const struct tensor *dy)
{
	const struct graph_node *n = s->n;
	struct tensor x = plan_value(s->p, n->in[0]);

	FL_ASSERT(!s->pn->acc[1]); /* a gate serves one scale */
	s->ops->scale_backward(s->q, &x, plan_value(s->p, n->in[1]).data, dy,
			       dx, s->pn->acc[0],
			       plan_gradient(s->p, n->in[1]).data);
}

static void backward_small(const struct step *s)
{
	const struct graph_node *n = s->n;
	struct tensor dx = plan_gradient(s->p, n->in[0]);
	struct tensor dy = plan_gradient(s->p, n->out);

	switch (n->kind) {
	case GRAPH_GAP:
		s->ops->gap_backward(s->q, dy.data, &dx, s->pn->acc[0]);
		break;
	case GRAPH_FC:
		fc_backward(s, &dx, &dy);
		break;
	case GRAPH_SCALE:
		scale_backward(s, &dx, &dy);
		break;
	case GRAPH_MAXPOOL:
		/* Max pooling adds to the winners' gradients, so the first to
		 * write starts from zeros, which zero() can write to a dense
		 * map alone. */
		FL_ASSERT(s->pn->acc[0] || tensor_dense(&dx));
		if (!s->pn->acc[0])
			s->ops->zero(s->q, &dx);
		s->ops->maxpool_backward(s->q, &dy, winners(s), n->k, &dx);
		break;
	case GRAPH_UPSAMPLE:
		s->ops->upsample_backward(s->q, &dy, &dx, s->pn->acc[0]);
		break;
	case GRAPH_CONCAT:
		concat_backward(s);
		break;
	default:
		FL_ASSERT(!"a node of unknown kind");
	}
}

static void conv_forward(const struct step *s)
{
	const struct graph_node *n = s->n;
	struct tensor x = plan_value(s->p, n->in[0]);
	struct tensor y = plan_value(s->p, n->out);
	double *sums = NULL;

	/* In training the sums for the norm come with the convolution. */
	if (s->pn->norm >= 0)
		sums = norm_branch_sums(s->p, s->pn->norm, s->pn->branch);
	s->ops->conv_forward(s->q, s->pn->conv, &x, weight(s, n->weight),
			     weight(s, n->bias), &y, sums, s->p->workspace);
}

static void conv_backward(const struct step *s)
{
	const struct graph_node *n = s->n;
	struct plan_times *times = &s->run->times;
	struct tensor x = plan_value(s->p, n->in[0]);
	struct tensor dy = plan_gradient(s->p, n->out), dx;
	double start = fl_now_s(), middle;

	s->ops->conv_backward_weights(s->q, s->pn->conv, &x, &dy,
				      grad(s, n->weight), grad(s, n->bias),
				      s->p->workspace);
	middle = fl_now_s();
	times->conv_weights += middle - start;
	if (n->in[0] == s->p->graph->input)
		return;
	dx = plan_gradient(s->p, n->in[0]);
	s->ops->conv_backward_data(s->q, s->pn->conv, &dy, weight(s, n->weight),
				   &dx, s->pn->acc[0], s->p->workspace);
	times->conv_data += fl_now_s() - middle;
}

/* Copied for each node: six pointers. */
static struct step step_at(struct plan *p, int node, struct plan_run *run)
{
	return (struct step){
		p,	run,	   &p->graph->nodes[node], &p->nodes[node],
		p->ops, run->queue
	};
}

/* again: in backward, of a node whose output was dropped. A convolution leaves its
 * sums then too, since its map must have the same bits; the norm has made its statistics
 * of the first ones and reads them no more. */
static int forward(struct plan *p, int node, bool again, struct plan_run *run,
		   struct fl_err *err)
{
	struct plan_times *times = &run->times;
	struct step s = step_at(p, node, run);
	double start = fl_now_s(), wait = times->sync_bn;
	int rc = 0;

	if (s.n->kind == GRAPH_CONV) {
		conv_forward(&s);
		times->conv_forward += fl_now_s() - start;
	} else if (s.n->kind == GRAPH_NORM) {
		if (again)
			norm_run_again(p, node, run);
		else
			rc = norm_run_forward(p, node, run, err);
		times->norm_forward +=
			fl_now_s() - start - (times->sync_bn - wait);
	} else {
		forward_small(&s);
		times->other += fl_now_s() - start;
	}
	return rc;
}

int plan_forward(struct plan *p, struct plan_run *run, struct fl_err *err)
{
	int rc = 0;

	p->in_backward = false;
	/* From 1: node 0 is the picture, which the caller has put in its
	 * place. */
	for (int i = 1; rc == 0 && i < p->graph->node_count; i++)
		rc = forward(p, i, false, run, err);
	return rc;
}

/* What was dropped and is needed from this node's backward on. */
static int run_again(struct plan *p, int node, struct plan_run *run,
		     struct fl_err *err)
{
	int rc = 0;

	for (int i = 1; rc == 0 && i <= node; i++)
		if (p->nodes[i].again == node)
			rc = forward(p, i, true, run, err);
	return rc;
}

static int backward(struct plan *p, int node, struct plan_run *run,
		    struct fl_err *err)
{
	struct plan_times *times = &run->times;
	struct step s = step_at(p, node, run);
	double start = fl_now_s(), wait = times->sync_bn;
	int rc = 0;

	if (s.n->kind == GRAPH_CONV) {
		conv_backward(&s);
	} else if (s.n->kind == GRAPH_NORM) {
		rc = norm_run_backward(p, node, run, err);
		times->norm_backward +=
			fl_now_s() - start - (times->sync_bn - wait);
	} else {
		backward_small(&s);
		times->other += fl_now_s() - start;
	}
	return rc;
}

int plan_backward(struct plan *p, struct plan_run *run, struct fl_err *err)
{
	int rc = 0;

	p->in_backward = true;
	for (int i = p->graph->node_count - 1; rc == 0 && i > 0; i--) {
		rc = run_again(p, i, run, err);
		if (rc == 0)
			rc = backward(p, i, run, err);
		/* After every node, also of those without parameters: the
		 * receiver compares. */
		if (rc == 0 && run->grads_ready)
			run->grads_ready(run->ctx,
					 p->graph->nodes[i].grads_end);
	}
	p->in_backward = false;
	return rc;
}
