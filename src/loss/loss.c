/* The calls of a training step, handed on to the family's kind of loss. What is
 * the same for all kinds is checked here, as that its losses fit a result's
 * array. train/step.c calls assign and finish in turn, probe/ the two questions
 * at the end. */
#include "loss/loss.h"

int loss_open(const struct loss_kind *kind, const void *options,
	      struct dev *dev, const struct loss_size *size, struct loss **out,
	      struct fl_err *err)
{
	int rc = kind->open(options, dev, size, out, err);

	FL_ASSERT(kind->count <= LOSS_MOST);
	if (rc == 0)
		/* Set here, so that a kind cannot forget it. */
		(*out)->kind = kind;
	return rc;
}

void loss_close(struct loss *loss)
{
	if (loss)
		loss->kind->close(loss);
}

int loss_assign(struct loss *loss, struct dev_queue *q,
		const struct loss_input *in, int epoch, double *score_sum,
		struct fl_err *err)
{
	return loss->kind->assign(loss, q, in, epoch, score_sum, err);
}

int loss_finish(struct loss *loss, struct dev_queue *q, double normaliser,
		float *losses, struct fl_err *err)
{
	return loss->kind->finish(loss, q, normaliser, losses, err);
}

int loss_assigned_box(const struct loss *loss, int image, int point)
{
	return loss->box[(size_t)image * (size_t)loss->points + (size_t)point];
}

float loss_target_score(const struct loss *loss, int image, int point)
{
	return loss
		->score[(size_t)image * (size_t)loss->points + (size_t)point];
}
