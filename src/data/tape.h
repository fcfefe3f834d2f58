/* tape.h - the random draws of a run, written down and played back.
 *
 * A tape is a file of JSON lines. One for each batch, and one for each image
 * of it:
 *
 *   {"epoch": 0, "step": 0, "size": [256, 224], "interp": 2}
 *   {"epoch": 0, "step": 0, "image": 17, "width": 640, "height": 480,
 *    "ops": [["brightness", 0.77], ["hue", -7.25], ["expand", W, H, x, y],
 *            ["crop", x, y, w, h], ["flip"]]}
 *
 * size is [height, width], interp OpenCV's number, image the id in the
 * annotations, width and height the decoded picture's. Colours stand in the
 * order they are applied in, then at most one expand (canvas and place of the
 * picture), one crop (of the canvas) and one flip. Where ranks draw sizes of
 * their own, batch lines carry "rank". Order of lines is free.
 *
 * So a run can be repeated image by image by another program, and PaddleDetection's
 * by flotilla (tests/golden/make_replay.py).
 *
 * Threads: a tape is read-only once read; a writer belongs to one thread.
 */
#ifndef FL_DATA_TAPE_H
#define FL_DATA_TAPE_H

#include "data/dataset.h"
#include "data/transform.h"

struct tape; /* opaque */

struct tape_batch {
	int epoch, step;
	int rank; /* -1: of all ranks */
	int size; /* index into the reader's sizes */
	int interp;
};

/* Read and check a file: every value within its bounds, sizes and operations
 * among the reader's, images in the data set, steps without a gap, and as many
 * for every rank. FL_EDATA with the line, FL_EIO. */
int tape_read(const char *path, const struct reader_options *reader,
	      const struct dataset *data, int world, int steps_per_epoch,
	      struct tape **out, struct fl_err *err);
/* NULL is allowed. */
void tape_free(struct tape *tape);

/* The batch of a step; false where the tape has none. */
bool tape_find_batch(const struct tape *tape, int epoch, int step, int rank,
		     struct tape_batch *out);
/* The draws of one image, whose decoded picture is w x h. FL_EDATA where the
 * tape has none or had another picture. */
int tape_find_image(const struct tape *tape, int epoch, int step, int64_t id,
		    int w, int h, struct draws *out, struct fl_err *err);

/* A record that is written. What an older file of that name holds stays until
 * tape_record_begin(), what is put before is kept so long; the file belongs to
 * one process at a time. FL_EIO, FL_EUSAGE where another one writes it. */
struct tape_record; /* opaque */

int tape_record_open(const char *path, struct tape_record **out,
		     struct fl_err *err);

/* One finished batch. images: ids, pictures' sizes, draws. */
struct tape_image {
	int64_t id; /* -1: nothing to write */
	int w, h;
	struct draws draws;
};

int tape_record_put(struct tape_record *record,
		    const struct reader_options *reader,
		    const struct tape_batch *batch,
		    const struct tape_image *images, int count,
		    struct fl_err *err);
int tape_record_begin(struct tape_record *record, struct fl_err *err);
/* NULL is allowed. A file that was made and never begun is removed. */
void tape_record_close(struct tape_record *record);

#endif
