/* dataset_digest.c - one line for all that a data set says.
 *
 * Ranks compare it before the first step (cmd/train_facts.c), and a run's page keeps
 * it. Pixels are not in it: reading them takes as long as an epoch. */
#include "base/digest.h"
#include "base/file.h"
#include "data/dataset.h"

#include <string.h>

void dataset_digest(const struct dataset *d, char hex[FL_DIGEST_HEX])
{
	struct fl_digest digest;

	fl_digest_init(&digest);
	for (int i = 0; i < d->count; i++) {
		const struct data_image *m = &d->images[i];
		const char *name = fl_base_name(m->path);
		int numbers[3] = { m->w, m->h, m->count };
		size_t n = (size_t)m->count;

		fl_digest_update(&digest, name, strlen(name) + 1);
		fl_digest_update(&digest, numbers, sizeof(numbers));
		if (n == 0) /* there may be no arrays */
			continue;
		fl_digest_update(&digest, m->boxes, n * sizeof(*m->boxes));
		fl_digest_update(&digest, m->classes, n * sizeof(*m->classes));
	}
	fl_digest_hex(&digest, hex);
}
