/* kernels.h - which kernels a run's convolutions get, the same on every rank.
 *
 * kernels: table  nothing happens: each device has a table, a matter of shapes.
 * kernels: measure  rank 0 makes every plan of the run once while its device
 * times kernels (device/device.h), and tells the others what was chosen: they
 * make their plans by it. A shape that rank 0 has not (another share of the
 * batch) is by the table everywhere.
 */
#ifndef FL_DETECT_KERNELS_H
#define FL_DETECT_KERNELS_H

#include "comm/comm.h"
#include "graph/plan.h"

/* Every rank calls it before its plans are made. */
int kernels_agree(const struct graph *graph, struct dev *dev, struct comm *comm,
		  bool measured, const struct plan_key *keys, int count,
		  struct fl_err *err);
/* One line: how many convolutions, by which kernels. */
void kernels_log(const struct dev *dev);

#endif
