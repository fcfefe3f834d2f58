/* foreign_labels.h - label files of tools that are no COCO json, by name.
 *
 * A reader that finds no images, annotations or categories in a file asks here
 * whose it is, so that the sentence can say how that tool exports what can be
 * read.
 */
#ifndef FL_BOX_FOREIGN_LABELS_H
#define FL_BOX_FOREIGN_LABELS_H

#include "base/err.h"

#include <stddef.h>

/* Behind "the file is": whose it is, a colon and what to do. NULL: nobody's that
 * is known. Looks at the first megabyte. */
const char *foreign_labels(const void *data, size_t size);
/* The sentence with that in err and FL_EDATA; rc, and err as it is, where nobody
 * is known. */
int foreign_labels_fail(const void *data, size_t size, const char *path, int rc,
			struct fl_err *err);

#endif
