/* safetensors_write.c - writing: safetensors_begin declares all tensors and
 * writes the header, values follow in order by safetensors_put, safetensors_end
 * syncs and renames; a failure in between removes the temporary. Called by the
 * writer of checkpoints (train/checkpoint.c), by convert and by the probe. */
#include "ckpt/safetensors.h"

#include "base/str.h"
#include "text/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Offsets count from the end of the header. */
static void add_entry(struct json *header, const struct named_tensor *t,
		      uint64_t begin)
{
	struct json *entry = json_new_object(), *shape = json_new_array();
	struct json *at = json_new_array();

	for (int i = 0; i < t->rank; i++)
		json_add(shape, json_new_int(t->dims[i]));
	json_add(at, json_new_int((int64_t)begin));
	json_add(at, json_new_int((int64_t)(begin + t->bytes)));
	json_set_text(entry, "dtype", dtype_name(t->dtype));
	json_set(entry, "shape", shape);
	json_set(entry, "data_offsets", at);
	json_set(header, t->name, entry);
}

static int add_entries(struct json *header, const struct named_tensor *tensors,
		       size_t count, uint64_t *total, struct fl_err *err)
{
	struct tensor_file seen = TENSOR_FILE_INIT; /* checks every one */
	int rc = 0;

	*total = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = tensor_file_add(&seen, &tensors[i], err);
		if (rc == 0 && !strcmp(tensors[i].name, "__metadata__"))
			rc = fl_fail(err, FL_EDATA,
				     "a tensor cannot be named "
				     "'__metadata__'");
		if (rc == 0)
			add_entry(header, &tensors[i], *total);
		*total += tensors[i].bytes;
	}
	tensor_file_close(&seen);
	return rc;
}

/* The 8 bytes of length and the header, padded with blanks, as the format
 * allows, so that values start at a multiple of 8. */
static int make_head(struct fl_str *head, const struct named_tensor *tensors,
		     size_t count, const struct tensor_meta *meta,
		     size_t meta_count, uint64_t *total, struct fl_err *err)
{
	struct json *root = json_new_object(), *texts = json_new_object();
	uint64_t len;
	int rc;

	for (size_t i = 0; i < meta_count; i++)
		json_set_text(texts, meta[i].key, meta[i].text);
	json_set(root, "__metadata__", texts);
	rc = add_entries(root, tensors, count, total, err);
	if (rc == 0) {
		/* Room for the length, which is known at the end. */
		fl_str_addn(head, "\0\0\0\0\0\0\0", 8);
		json_print(root, 0, head);
		while (head->len % 8)
			fl_str_add(head, " ");
		len = head->len - 8;
		for (int i = 0; i < 8; i++)
			head->data[i] = (char)(len >> 8 * i & 0xff);
		if (len > SAFETENSORS_MAX_HEADER)
			rc = fl_fail(err, FL_EDATA,
				     "a header of %" PRIu64
				     " bytes is over the limit of %zu",
				     len, SAFETENSORS_MAX_HEADER);
	}
	json_free(root);
	return rc;
}

int safetensors_begin(struct safetensors_writer *w, const char *path,
		      const struct named_tensor *tensors, size_t count,
		      const struct tensor_meta *meta, size_t meta_count,
		      struct fl_err *err)
{
	struct fl_str head = FL_STR_INIT;
	uint64_t total;
	int rc =
		make_head(&head, tensors, count, meta, meta_count, &total, err);

	*w = (struct safetensors_writer){ .out.fd = -1 };
	if (rc != 0) {
		fl_context(err, "cannot write '%s'", path);
		goto out;
	}
	rc = fl_out_open(&w->out, path, err);
	if (rc != 0)
		goto out;
	rc = fl_out_write(&w->out, head.data, head.len, err);
	if (rc != 0)
		fl_out_abort(&w->out);
out:
	w->header = head.len;
	w->total = head.len + total;
	fl_str_release(&head);
	return rc;
}

int safetensors_put(struct safetensors_writer *w, const void *data,
		    size_t bytes, struct fl_err *err)
{
	/* More or fewer values than declared is our own bug:
	 * the header is on disk already. */
	if (bytes > w->total - w->out.written)
		return fl_fail(err, FL_EINTERNAL,
			       "'%s': more values than "
			       "declared",
			       w->out.path);
	return fl_out_write(&w->out, data, bytes, err);
}

int safetensors_end(struct safetensors_writer *w, struct fl_err *err)
{
	int rc;

	if (w->out.written == w->total)
		return fl_out_commit(&w->out, err);
	rc = fl_fail(err, FL_EINTERNAL,
		     "'%s': %" PRIu64 " bytes of values "
		     "written and %" PRIu64 " declared",
		     w->out.path, w->out.written - w->header,
		     w->total - w->header);
	safetensors_abort(w);
	return rc;
}

void safetensors_abort(struct safetensors_writer *w)
{
	fl_out_abort(&w->out);
}

int safetensors_save(const char *path, const struct named_tensor *tensors,
		     size_t count, const struct tensor_meta *meta,
		     size_t meta_count, struct fl_err *err)
{
	struct safetensors_writer w;
	int rc = safetensors_begin(&w, path, tensors, count, meta, meta_count,
				   err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = safetensors_put(&w, tensors[i].data, tensors[i].bytes,
				     err);
	if (rc == 0)
		return safetensors_end(&w, err);
	safetensors_abort(&w);
	return rc;
}
