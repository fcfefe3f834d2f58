/* locate.h - from what a person writes as weights to a file.
 *
 * A place is a file; a prefix, tried as .safetensors, then .pdparams; a folder
 * of a run, where the newest complete checkpoint is taken; or an address, which
 * is looked up by its last part in ~/.cache/paddle/weights (nothing is ever
 * downloaded inside a job). ppdet://X is short for
 * https://paddledet.bj.bcebos.com/X.
 */
#ifndef FL_CKPT_LOCATE_H
#define FL_CKPT_LOCATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The path of the file into buf. FL_ERECIPE when there is none; for an address
 * with the command that downloads it. */
int locate_weights(const char *place, char *buf, size_t size,
		   struct fl_err *err);

/* The newest complete checkpoint in a folder: the most optimizer steps, then
 * the latest file. Damaged ones are passed over with a warning. *found is
 * false, and 0 returned, when there is none. Tests call it too. */
int locate_newest(const char *folder, char *buf, size_t size, bool *found,
		  struct fl_err *err);

/* Tests call it too. */
bool locate_is_address(const char *place);

#endif
