/* chain.h - a reader of a recipe: batch size and transforms, which stand in the
 * reference's order; for data/options.c. A transform is a row in chain.c.
 */
#ifndef FL_DATA_CHAIN_H
#define FL_DATA_CHAIN_H

#include "config/keys.h"
#include "data/options.h"

/* owner: "TrainReader", "EvalReader" or "TestReader"; reader holds the defaults. */
int chain_read(struct recipe *r, const struct yaml *n, const char *owner,
	       struct reader_options *reader, struct fl_err *err);
/* Rows of docs/recipes.md: of a reader, then of each transform. */
void chain_list(struct recipe *r, struct fl_str *out);

#endif
