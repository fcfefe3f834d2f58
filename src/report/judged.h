/* judged.h - every picture of an evaluation with what is right and wrong in it.
 *
 * Detections of at least CONFUSION_SCORE are matched over all classes
 * (eval/confusion.h); the pictures keep their order in the data set.
 *
 * Ownership: judged_release frees what judge filled; the evaluation is borrowed
 * for the call alone.
 */
#ifndef FL_REPORT_JUDGED_H
#define FL_REPORT_JUDGED_H

#include "eval/confusion.h"
#include "report/sink.h"

struct judged_image {
	size_t first, count; /* its detections, of any score */
	struct confusion_image found;
};

struct judged {
	struct judged_image *images; /* as in the data set */
	int count;
	struct confusion confusion; /* counts NULL: too many classes for it */
};

void judge(const struct sink_evaluation *evaluation, struct judged *out);
void judged_release(struct judged *judged);
/* A detection's class in the data set, -1 for none. */
int judged_class(const struct dataset *data, int64_t category_id);

#endif
