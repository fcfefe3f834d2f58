/* Pictures that could not be decoded, each told once in a run. A rank's loader
 * only collects them, for two ranks may meet the same one in different epochs.
 * run.c (training) and evaluate.c call bad_images_report at moments that all
 * ranks share; there they hand over what they found in rounds of MOST_AT_ONCE,
 * until none has more. */
#include "detect/bad_images.h"

#include "base/arena.h"
#include "base/log.h"

#include <stdlib.h>

/* Of 512 bytes each: 32 KiB on the stack, and one round in all but a data set
 * that is wrong as a whole. */
#define MOST_AT_ONCE 64

void bad_images_init(struct bad_images *bad, int pictures)
{
	*bad = (struct bad_images){ .known = fl_calloc((size_t)pictures + 1,
						       sizeof(bool)) };
}

void bad_images_release(struct bad_images *bad)
{
	free(bad->known);
	*bad = (struct bad_images){ 0 };
}

/* A gather fills rank 0's list alone: elsewhere it is empty and count stays
 * 0. */
static void name_new(struct bad_images *bad, const struct bad_picture *list,
		     size_t count, const char *consequence)
{
	for (size_t i = 0; i < count; i++) {
		if (bad->known[list[i].index])
			continue;
		bad->known[list[i].index] = true;
		bad->count++;
		fl_warn("%s; %s", list[i].why, consequence);
	}
}

int bad_images_report(struct bad_images *bad, struct loader *loader,
		      struct comm *comm, const char *consequence,
		      struct fl_err *err)
{
	struct bad_picture mine[MOST_AT_ONCE];
	double most = 0;
	int rc = 0;

	do {
		int n = loader_take_bad(loader, mine, MOST_AT_ONCE);
		size_t bytes = 0;
		void *all = NULL;

		rc = comm_gather(comm, mine, (size_t)n * sizeof(*mine), &all,
				 &bytes, err);
		if (rc == 0)
			name_new(bad, all, bytes / sizeof(*mine), consequence);
		free(all);
		/* A full round may have left some behind. Every rank has to
		 * take the same number of rounds, so the answer is summed. */
		most = n == MOST_AT_ONCE;
		if (rc == 0) /* go on while any rank has more */
			rc = comm_sum_doubles(comm, &most, 1, err);
	} while (rc == 0 && most > 0);
	return rc;
}
