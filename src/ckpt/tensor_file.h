/* tensor_file.h - a file of named tensors, whatever its format.
 *
 * tensor_file_open reads, by what the file holds and not by its name:
 *   safetensors                     named tensors, metadata
 *   .pdparams .pdema .pdopt .pdstates (Paddle pickles, spec H.1 - H.5; nothing
 *                                   in them is executed)
 * Tensors inside nested dictionaries of a pickle get dotted names; numbers and
 * texts become metadata ("LR_Scheduler.last_epoch" = "432"); its table of
 * internal names becomes metadata "StructuredToParameterName@@.<state name>".
 *
 * Errors: FL_EIO (cannot read), FL_EDATA (damaged, hostile or foreign file);
 * the sentence names the file, what is wrong and where.
 */
#ifndef FL_CKPT_TENSOR_FILE_H
#define FL_CKPT_TENSOR_FILE_H

#include "ckpt/tensor_list.h"

/* On failure nothing stays open. close may be called on a zeroed struct. */
int tensor_file_open(struct tensor_file *file, const char *path,
		     struct fl_err *err);
/* The same from memory that outlives the struct; what: its name in errors.
 * Tests call it, with bytes that no file needs to hold. */
int tensor_file_parse(struct tensor_file *file, const void *data, size_t size,
		      const char *what, struct fl_err *err);

#endif
