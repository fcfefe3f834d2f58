/* weights.h - weights from files into a network. */
#ifndef FL_DETECT_WEIGHTS_H
#define FL_DETECT_WEIGHTS_H

#include "detect/network.h"

/* Load what fits by name and shape from a file, prefix, run folder or cached
 * address, and print a short table: loaded, skipped for shape, missing. With
 * strict, weights that do not cover the model are refused (FL_EDATA). */
int weights_load(struct network *net, const char *place, bool strict,
		 struct fl_err *err);

#endif
