/* Records of draws (train.draws): whatever is taken lies within the picture, the
 * canvas and the recipe's sizes. */
#include "fuzz/fuzz.h"

#include "data/tape.h"

static void find_all(const struct tape *t, const struct reader_options *reader)
{
	for (int step = 0; step < 4; step++)
		for (int rank = 0; rank < 2; rank++) {
			struct fl_err err = FL_ERR_INIT;
			struct tape_batch b;
			struct draws d;
			int rc = tape_find_image(t, 0, step, 1 + rank, 96, 96,
						 &d, &err);

			fuzz_check_error(rc, &err);
			FUZZ_CHECK(rc != 0 ||
				   (d.crop_x + d.crop_w <= d.canvas_w &&
				    d.crop_y + d.crop_h <= d.canvas_h &&
				    d.crop_w > 0 && d.crop_h > 0 &&
				    d.colors <= COLORS));
			if (tape_find_batch(t, 0, step, rank, &b))
				FUZZ_CHECK(b.size >= 0 &&
					   b.size < reader->size_count);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct data_image images[] = { { .id = 1 }, { .id = 2 } };
	const struct dataset set = { .images = images, .count = 2 };
	const struct reader_options reader = {
		.distort = true,
		.expand = true,
		.crop = true,
		.flip = true,
		.random_size = true,
		.sizes = { { 96, 96 }, { 128, 96 } },
		.size_count = 2,
	};
	struct fl_err err = FL_ERR_INIT;
	struct tape *t = NULL;
	int rc = tape_read(fuzz_file("draws.jsonl", data, size), &reader, &set,
			   2, 4, &t, &err);

	fuzz_check_error(rc, &err);
	if (rc == 0)
		find_all(t, &reader);
	tape_free(t);
	return 0;
}
