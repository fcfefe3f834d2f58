/* A checkpoint as `-r` meets it, in a run's folder: parts are model_final.safetensors,
 * and P.pdparams, P.pdopt, P.pdema of PaddleDetection. The newest is looked for, opened,
 * published, asked where it came from, and swept. */
#include "fuzz/fuzz.h"

#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "detect/model_classes.h"
#include "train/checkpoint.h"

#include <string.h>
#include <unistd.h>

static void open_one(const char *path)
{
	struct tensor_file file = { 0 }, weights = { 0 };
	struct checkpoint_state state;
	struct checkpoint_origin origin;
	struct model_classes classes;
	struct fl_err err = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX];
	int rc = checkpoint_open(&file, path, &err);

	fuzz_check_error(rc, &err);
	if (rc == 0 && checkpoint_is(&file)) {
		rc = checkpoint_state_read(&file, &state, &err);
		fuzz_check_error(rc, &err);
	}
	tensor_file_close(&file);
	err = (struct fl_err)FL_ERR_INIT;
	rc = weights_open(&weights, path, &err);
	fuzz_check_error(rc, &err);
	if (rc == 0) {
		checkpoint_digest(&weights, hex);
		rc = model_classes_read(&weights, path, &classes, &err);
		fuzz_check_error(rc, &err);
		model_classes_close(&classes);
	}
	tensor_file_close(&weights);
	err = (struct fl_err)FL_ERR_INIT;
	fuzz_check_error(checkpoint_read_origin(path, &origin, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "1.safetensors", "P.pdparams",
					     "P.pdopt", "P.pdema" };
	struct fuzz_parts p = { .at = data, .end = data + size };
	struct fl_err err = FL_ERR_INIT;
	bool found = false;
	char path[4096];
	int rc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fuzz_next(&p) && p.size > 0)
			fuzz_file(names[i], p.data, p.size);
		else
			unlink(fuzz_path(names[i]));
	rc = locate_newest(fuzz_folder(), path, sizeof(path), &found, &err);
	fuzz_check_error(rc, &err);
	if (rc == 0 && found)
		open_one(path);
	for (size_t i = 0; i < 2; i++)
		if (access(fuzz_path(names[i]), F_OK) == 0)
			open_one(fuzz_path(names[i]));
	checkpoint_rotate(fuzz_folder(), 1);
	return 0;
}
