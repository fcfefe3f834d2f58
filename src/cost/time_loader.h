/* time_loader.h - what the pictures of a step cost a core. */
#ifndef FL_COST_TIME_LOADER_H
#define FL_COST_TIME_LOADER_H

#include "cost/machine.h"

/* The recipe that calibration varies: it came along with the programs. */
#define COST_RECIPE "configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml"

/* Measures rates.decode_s and rates.pixel_s on made-up pictures, which lie in a
 * temporary folder meanwhile. Threads: the main thread. */
int cost_time_loader(struct cost_machine *m, struct fl_err *err);

#endif
