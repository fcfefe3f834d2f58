/* stage.h - device memory where the host can work on it.
 *
 * A stage is host memory of a bound size for the host's share of a step. Where
 * the device computes in the host's memory nothing is copied and no memory is
 * taken: the host works on the device's own. Use, per step:
 *
 *     stage_begin(s);
 *     host = stage_in(s, q, from, bytes);     what the device has, read
 *     host = stage_room(s, at, bytes);        where results for 'at' go
 *     dev_wait(q, err);                       now the host may look
 *     ...
 *     stage_out(s, q, at, host, bytes);       what the host made, written
 *
 * Threads: the compute thread. Ownership: the device is borrowed.
 */
#ifndef FL_DEVICE_STAGE_H
#define FL_DEVICE_STAGE_H

#include "device/device.h"

struct dev_stage {
	struct dev *dev;
	struct dev_slab slab;
	size_t used;
};

/* bytes: of all that one step stages. */
int stage_open(struct dev_stage *s, struct dev *d, size_t bytes,
	       struct fl_err *err);
void stage_close(struct dev_stage *s);
void stage_begin(struct dev_stage *s);
/* Valid until the next stage_begin(). */
void *stage_in(struct dev_stage *s, struct dev_queue *q, void *from,
	       size_t bytes);
void *stage_room(struct dev_stage *s, void *at, size_t bytes);
void stage_out(struct dev_stage *s, struct dev_queue *q, void *at,
	       const void *host, size_t bytes);

#endif
