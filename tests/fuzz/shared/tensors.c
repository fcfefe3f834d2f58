/* tensors.c - see tensors.h. */
#include "fuzz/tensors.h"

#include "ckpt/checkpoint.h"
#include "ckpt/safetensors.h"

#include <string.h>

/* Copies of one name may stand in a pickle, not in a file of ours. */
static void look(const struct tensor_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct named_tensor *t = &file->tensors[i];
		float value;

		FUZZ_CHECK(tensor_file_find(file, t->name) == t);
		FUZZ_CHECK(t->rank >= 0 && t->rank <= CKPT_MAX_RANK);
		if (named_tensor_count(t) > 0)
			named_tensor_f32(t, named_tensor_count(t) - 1, 1,
					 &value);
	}
	for (size_t i = 0; i < file->meta_count; i++)
		FUZZ_CHECK(tensor_file_meta(file, file->meta[i].key) != NULL);
}

static void write_again(const struct tensor_file *file)
{
	char before[FL_DIGEST_HEX], after[FL_DIGEST_HEX];
	const char *path = fuzz_path("again.safetensors");
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file back;
	int rc;

	checkpoint_digest(file, before);
	rc = safetensors_save(path, file->tensors, file->count, file->meta,
			      file->meta_count, &err);
	fuzz_check_error(rc, &err);
	if (rc != 0)
		return;
	rc = tensor_file_open(&back, path, &err);
	if (rc != 0)
		fuzz_fail(err.text, path, 0);
	checkpoint_digest(&back, after);
	FUZZ_CHECK(strcmp(before, after) == 0);
	tensor_file_close(&back);
}

int fuzz_tensors(const uint8_t *data, size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;
	int rc = tensor_file_parse(&file, data, size, "fuzzed", &err);

	fuzz_check_error(rc, &err);
	FUZZ_CHECK(rc == 0 || rc == FL_EDATA);
	if (rc == 0) {
		look(&file);
		/* One in eight is written: syncing takes longer than reading. */
		if (size % 8 == 0)
			write_again(&file);
		tensor_file_close(&file);
	}
	return 0;
}
