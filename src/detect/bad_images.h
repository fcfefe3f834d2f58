/* bad_images.h - pictures that could not be decoded, over all ranks.
 *
 * Any rank may meet a bad picture, and several may meet the same one in
 * different epochs. Rank 0 names each once, in its log, and counts them.
 */
#ifndef FL_DETECT_BAD_IMAGES_H
#define FL_DETECT_BAD_IMAGES_H

#include "comm/comm.h"
#include "data/loader.h"

#include <stdbool.h>

struct bad_images {
	bool *known; /* by place in the data set */
	int count;   /* different ones so far; on rank 0 of all ranks */
};

void bad_images_init(struct bad_images *bad, int pictures);
void bad_images_release(struct bad_images *bad);

/* Collective. What every rank's loader met since the last call goes to rank 0,
 * which names those it did not know: "<why>; <consequence>". */
int bad_images_report(struct bad_images *bad, struct loader *loader,
		      struct comm *comm, const char *consequence,
		      struct fl_err *err);

#endif
