/* tfevents.h - TensorBoard's event files: records of scalars, pictures and text.
 *
 *     tfevents_open(folder, now, &t, err)   a new file, its first record written
 *     tfevents_begin(t, time, step)
 *     tfevents_scalar(t, "train/loss", 1.5)   ... any number of values
 *     tfevents_end(t, err)                    the record is in the file, whole
 *
 * TensorBoard takes a folder as one run and reads its event files in order of
 * their names. A file never grows again once its writer is gone: a reader that
 * has met half a record goes no further in that file, so whoever goes on opens
 * another one, whose name has a later time than all that are there.
 *
 * Threads: a file belongs to one thread at a time.
 */
#ifndef FL_REPORT_TFEVENTS_H
#define FL_REPORT_TFEVENTS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct tfevents; /* opaque */

/* "<folder>/events.out.tfevents.<ten digits>.<host>", the folder made where it
 * is not there. now: seconds since 1970; the digits are these, or one more than
 * the newest of the folder. */
int tfevents_open(const char *folder, int64_t now, struct tfevents **out,
		  struct fl_err *err);
/* NULL is fine. */
void tfevents_close(struct tfevents *t);
/* Borrowed; tests call it. */
const char *tfevents_path(const struct tfevents *t);

void tfevents_begin(struct tfevents *t, double time, int64_t step);
/* What readers know of this step and later ones is void. */
void tfevents_restart(struct tfevents *t);
void tfevents_scalar(struct tfevents *t, const char *tag, double value);
/* file: the bytes of a PNG or JPEG of w x h. */
void tfevents_image(struct tfevents *t, const char *tag, int w, int h,
		    const void *file, size_t size);
void tfevents_text(struct tfevents *t, const char *tag, const char *markdown);
/* FL_EIO: nothing of the record is in the file, and the next may be tried. */
int tfevents_end(struct tfevents *t, struct fl_err *err);

/* CRC-32C (Castagnoli) of the bytes, turned and shifted as records have it.
 * Tests call it. */
uint32_t tfevents_masked_crc(const void *bytes, size_t size);

#endif
