/* plan_advice.c - what a job's images a step do to what it learns, by the recipe's
 * batch rule. plan_text.c puts it under the table.
 * The bounds are experience, each with its source: the tutorial that the rule
 * comes from lost 0.6 AP at four times the images with the rate kept; linear
 * scaling with a warm-up was shown up to 8192 images of classification (Goyal et
 * al. 2017) and for detectors up to 256 (MegDet) or some thousands with other
 * optimisers, so beyond 16 times a recipe's batch nobody vouches for it. */
#include "cmd/plan_text.h"

#include "optim/schedule.h"
#include "train/options.h"

#define MUCH 2.0	  /* times the recipe's batch, with the rate kept */
#define FAR 16.0	  /* times it, with the rate scaled */
#define FEWEST_STEPS 3000 /* from random weights; docs/your-data.md */
#define FEW_OF_NORM 4	  /* pictures that statistics are taken over */

void plan_advice(const struct plan_job *p, const struct plan_row *row,
		 struct fl_str *out)
{
	struct schedule_options o = *schedule_options(p->recipe);
	const struct cost_job *j = &row->job;
	double steps = row->cost.steps * j->epochs;
	char line[SCHEDULE_LINE];

	schedule_fit(&o, j->batch, j->hosts * j->cards, j->epochs, line);
	fl_str_addf(out, "%s\n", line);
	if (o.batch_rule == BATCH_RULE_KEEP && row->times >= MUCH)
		fl_str_addf(
			out,
			"warning: %.4g times the images a step at the same rate are %.4g "
			"times fewer steps as long as before, so less is learnt "
			"(PaddleDetection's tutorial lost 0.6 AP at 4 times); "
			"-o LearningRate.batch_rule=linear, or more epochs\n",
			row->times, row->times);
	if (o.batch_rule == BATCH_RULE_KEEP && row->times <= 1 / MUCH)
		fl_str_addf(out,
			    "warning: the rate was chosen for %.4g times the "
			    "images a step and may be too high for so few; "
			    "-o LearningRate.batch_rule=linear\n",
			    1 / row->times);
	if (o.batch_rule != BATCH_RULE_KEEP && row->times > FAR)
		fl_str_addf(out,
			    "warning: %.4g times the images a step that the "
			    "recipe was made for; nobody has shown that a "
			    "scaled rate holds beyond %.0f times\n",
			    row->times, FAR);
	if (steps < FEWEST_STEPS && row->steps)
		fl_str_addf(
			out,
			"warning: %.0f steps in all; from random weights "
			"about %d are needed to learn, from pretrained ones "
			"some hundreds\n",
			steps, FEWEST_STEPS);
	if (!j->sync_bn && j->batch < FEW_OF_NORM)
		fl_str_addf(out,
			    "warning: batch normalisation takes its statistics "
			    "over %d %s of one trainer; -o norm_type=sync_bn "
			    "takes all\n",
			    j->batch,
			    fl_plural(j->batch, "picture", "pictures"));
}
