/* train_facts.h - what must be the same on every rank before the first step, as
 * texts whose differing lines people can read: recipe, data set, program,
 * numbers (device, precision, threads), weights.
 */
#ifndef FL_CMD_TRAIN_FACTS_H
#define FL_CMD_TRAIN_FACTS_H

#include "agent/agent_link.h"
#include "base/str.h"
#include "train/loop.h"

#define TRAIN_FACTS 5

struct train_facts {
	struct agent_item items[TRAIN_FACTS];
	struct fl_str texts[TRAIN_FACTS];
	int count;
};

/* Reads the program file and all weights: a fraction of a second. */
void train_facts_take(struct train_facts *facts, const struct recipe *recipe,
		      const struct engine *engine,
		      const struct train_place *place,
		      const struct dataset *data);
void train_facts_release(struct train_facts *facts);

#endif
