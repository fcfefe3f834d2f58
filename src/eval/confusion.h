/* confusion.h - what things are and what a model takes them for.
 *
 * In each picture the pairs of a truth and a detection that overlap by more than
 * CONFUSION_OVERLAP are taken in order of their overlap, each box once, whatever
 * their classes. A truth that is left was missed, a detection that is left stands
 * where nothing is.
 *
 * Threads: one at a time.
 */
#ifndef FL_EVAL_CONFUSION_H
#define FL_EVAL_CONFUSION_H

#include <stdbool.h>
#include <stddef.h>

#define CONFUSION_OVERLAP 0.5
/* Detections below are not asked for: callers leave them out. */
#define CONFUSION_SCORE 0.25

struct confusion_box {
	int class;
	double box[4]; /* x, y, w, h */
	bool difficult; /* a truth that need not be found: no pair with it counts */
};

struct confusion {
	int classes;
	/* [classes + 1][classes + 1]: a row for what it is, a column for what it is
	 * taken for; the last of each is nothing. NULL: pictures alone are judged. */
	long *counts;
};

/* Of one picture: detections whose class is right too, all of them, and truths
 * that count. */
struct confusion_image {
	int right, said, truths;
};

void confusion_init(struct confusion *c, int classes);
void confusion_release(struct confusion *c);
/* Classes are 0 .. classes - 1. */
struct confusion_image confusion_add(struct confusion *c,
				     const struct confusion_box *truths,
				     size_t truth_count,
				     const struct confusion_box *said,
				     size_t said_count);
long confusion_at(const struct confusion *c, int is, int said);
/* 2 right / (said + truths), NaN of a picture without either. Tests call it. */
double confusion_f1(const struct confusion_image *image);

#endif
