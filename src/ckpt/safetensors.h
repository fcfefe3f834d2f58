/* safetensors.h - the file format of checkpoints: 8 bytes of header length, a
 * JSON header {name: {dtype, shape, data_offsets}}, the values.
 *
 * Reading is part of tensor_file_open. The reader refuses a header over
 * 100 MB, offsets that overlap, leave holes or reach out of the file, and
 * sizes that do not fit dtype and shape.
 *
 * Writing streams: all tensors are declared first, then their values follow
 * in order, so a checkpoint never exists twice in memory. The file appears
 * under its name only when whole and synced (base/file.h). A process that dies
 * leaves "<path>.tmp.<pid>.<n>" behind and the old file intact.
 */
#ifndef FL_CKPT_SAFETENSORS_H
#define FL_CKPT_SAFETENSORS_H

#include "ckpt/tensor_list.h"

#define SAFETENSORS_MAX_HEADER ((size_t)100 * 1000 * 1000)

struct safetensors_writer {
	struct fl_out out;
	uint64_t header, total; /* bytes before the values; of the file */
};

/* Declare every tensor (data is not looked at; bytes must fit dtype and dims)
 * and write the header. After a failure nothing is open. */
int safetensors_begin(struct safetensors_writer *w, const char *path,
		      const struct named_tensor *tensors, size_t count,
		      const struct tensor_meta *meta, size_t meta_count,
		      struct fl_err *err);
/* The next bytes of values: tensors in the declared order, in pieces of any
 * size. After a failure call safetensors_abort. */
int safetensors_put(struct safetensors_writer *w, const void *data,
		    size_t bytes, struct fl_err *err);
/* Sync and rename; fails, and leaves the old file, when bytes are missing. */
int safetensors_end(struct safetensors_writer *w, struct fl_err *err);
void safetensors_abort(struct safetensors_writer *w);

/* The four calls above for tensors whose data is at hand. */
int safetensors_save(const char *path, const struct named_tensor *tensors,
		     size_t count, const struct tensor_meta *meta,
		     size_t meta_count, struct fl_err *err);

/* For tensor_file.c: fill an empty list from a file in memory. */
int safetensors_read(struct tensor_file *file, const unsigned char *data,
		     size_t size, const char *what, struct fl_err *err);

#endif
