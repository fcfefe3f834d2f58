/* Opening a network: state, first weights, kernels, plans, in this order, and
 * closing it the other way round. Called by train/engine.c, by eval and infer
 * (cmd/job_detect.c) and by the probe of an evaluation. Kernels come before
 * plans, since a plan takes the kernels that are known when it is made. */
#include "detect/network.h"

#include "detect/kernels.h"

static int open_state(struct network *net, unsigned rows, struct fl_err *err)
{
	const struct graph *g = net->model->graph;
	int rc = state_slab_open(&net->state, g, net->queue, rows, err);

	if (rc == 0)
		rc = state_mirror_open(&net->host, &net->state, rows, false,
				       err);
	if (rc != 0)
		return rc;
	/* Into the host's mirror, which on the cpu is the state itself; then
	 * over to the device. The seed alone decides, so every rank starts with
	 * the same weights. */
	graph_init_params(g, (uint64_t)net->recipe->seed,
			  net->host.row[STATE_WEIGHTS],
			  net->host.row[STATE_STATISTICS]);
	return network_put(net, STATE_MODEL, err);
}

int network_open(struct network *net, const struct recipe *recipe,
		 const struct model *model, struct dev *dev, struct comm *comm,
		 unsigned rows, const struct plan_key *keys, int count,
		 struct fl_err *err)
{
	int rc;

	/* A trainer evaluates on its averages: it sets the last two to other
	 * rows. */
	*net = (struct network){ .recipe = recipe,
				 .model = model,
				 .dev = dev,
				 .queue = dev_queue(dev, DEV_COMPUTE),
				 .comm = comm,
				 .weights = STATE_WEIGHTS,
				 .statistics = STATE_STATISTICS };
	rc = open_state(net, rows, err);
	if (rc == 0)
		rc = kernels_agree(model->graph, dev, comm,
				   recipe->kernels == KERNELS_MEASURE, keys,
				   count, err);
	if (rc == 0)
		rc = plans_open(model->graph, dev, keys, count, &net->plans,
				err);
	if (rc != 0)
		network_close(net);
	return rc;
}

void network_close(struct network *net)
{
	plans_close(&net->plans);
	state_mirror_close(&net->host);
	state_slab_close(&net->state);
	*net = (struct network){ 0 };
}

int network_fetch(struct network *net, unsigned rows, struct fl_err *err)
{
	return state_fetch(&net->host, &net->state, net->queue, rows, err);
}

int network_put(struct network *net, unsigned rows, struct fl_err *err)
{
	return state_put(&net->host, &net->state, net->queue, rows, err);
}

int network_forward(const struct network *net, struct plan *plan,
		    const float *image, struct fl_err *err)
{
	struct tensor input = plan_value(plan, net->model->graph->input);
	/* No gradients, and no comm: an evaluation forward uses running
	 * statistics, so ranks need not meet. */
	struct plan_run run = {
		.queue = net->queue,
		.weights = net->state.row[net->weights],
		.statistics = net->state.row[net->statistics],
	};

	dev_write(net->queue, input.data, image, tensor_bytes(&input));
	return plan_forward(plan, &run, err);
}
