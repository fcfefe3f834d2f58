/* detector.h - batches of pictures in, boxes out.
 *
 * A network's evaluation forward at one size, decoding of its head and
 * non-maximum suppression: all that evaluation, inference and the probe of an
 * evaluation have in common. It reads no files and knows no data set.
 *
 * Memory: all of it is taken by detector_open(). Threads: the compute thread.
 * Ownership: the network is borrowed and has a plan of the key.
 */
#ifndef FL_DETECT_DETECTOR_H
#define FL_DETECT_DETECTOR_H

#include "box/nms.h"
#include "detect/network.h"
#include "device/stage.h"

struct detector {
	const struct network *net;
	struct plan *plan;
	struct dev_stage stage;
	struct nms_scratch nms;
	int points, classes;
	/* Of the last batch: [N][points][4] in pixels of the original pictures,
	 * [N][classes][points]. */
	float *boxes, *scores;
};

int detector_open(struct detector *d, const struct network *net,
		  const struct plan_key *key, struct fl_err *err);
/* One that is all zero, or did not open, is fine. */
void detector_close(struct detector *d);

/* The first n images of a batch as large as the plan's, NHWC and normalised:
 * fills boxes and scores. scale_factor: [n][2] (fy, fx) of the resize. */
int detector_look(struct detector *d, const float *image, int n,
		  const float *scale_factor, struct fl_err *err);
/* What suppression leaves of image i of that batch; *rows are valid until the
 * next call. Returns how many. */
int detector_found(struct detector *d, int i, const struct nms_row **rows);

#endif
