/* tensor_file.c - which format is this? Decided by the first bytes, never by
 * the name; what is none of ours is told apart as far as it helps. The only
 * file that knows all formats: readers fill a list (tensor_list.c) and know
 * none of each other. */
#include "ckpt/tensor_file.h"

#include "ckpt/paddle_file.h"
#include "ckpt/safetensors.h"

#include <string.h>

/* Say what a file that is none of ours looks like. */
static int foreign(const unsigned char *data, size_t size, const char *what,
		   struct fl_err *err)
{
	static const struct {
		const char *start, *sentence;
	} known[] = {
		{ "PK", "a zip archive, as PyTorch writes; save its state dict "
			"as .safetensors and give that" },
		{ "\x1f\x8b", "compressed with gzip; unpack it first" },
		{ "version https://git-lfs",
		  "a Git LFS pointer and not the "
		  "file itself; run 'git lfs pull'" },
		{ "<", "a web page and not weights; download it again" },
	};

	if (size == 0)
		return fl_fail(err, FL_EDATA, "'%s' is empty", what);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].start);

		if (size >= n && memcmp(data, known[i].start, n) == 0)
			return fl_fail(err, FL_EDATA, "'%s' is %s", what,
				       known[i].sentence);
	}
	return fl_fail(err, FL_EDATA,
		       "'%s' is neither a safetensors file nor "
		       "a Paddle pickle (.pdparams, .pdema, .pdopt)",
		       what);
}

/* Protocols 2 to 5 say so first; 0 and 1 begin with what a dictionary, plain or
 * ordered, begins with. */
static bool is_pickle(const unsigned char *p, size_t size)
{
	static const char *const old[] = { "(d", "}q", "(lp",
					   "ccollections\n" };

	if (size > 1 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5)
		return true;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (size > strlen(old[i]) &&
		    memcmp(p, old[i], strlen(old[i])) == 0)
			return true;
	return false;
}

int tensor_file_parse(struct tensor_file *file, const void *data, size_t size,
		      const char *what, struct fl_err *err)
{
	const unsigned char *p = data;
	int rc;

	*file = (struct tensor_file)TENSOR_FILE_INIT;
	/* Byte 8 opens the header of safetensors; in a pickle it is the sixth
	 * byte of a frame's length or part of a key's length, never '{'. */
	if (size > 8 && p[8] == '{') {
		file->format = "safetensors";
		rc = safetensors_read(file, p, size, what, err);
	} else if (is_pickle(p, size)) {
		file->format = "Paddle pickle";
		rc = paddle_read(file, p, size, what, err);
	} else {
		rc = foreign(p, size, what, err);
	}
	if (rc != 0)
		tensor_file_close(file);
	return rc;
}

int tensor_file_open(struct tensor_file *file, const char *path,
		     struct fl_err *err)
{
	struct fl_map map;
	int rc;

	*file = (struct tensor_file)TENSOR_FILE_INIT;
	rc = fl_map_open(&map, path, err);
	if (rc != 0)
		return rc;
	rc = tensor_file_parse(file, map.data, map.size, path, err);
	if (rc == 0)
		file->map = map;
	else
		fl_map_close(&map);
	return rc;
}
