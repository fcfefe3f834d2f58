/* scores.h - an evaluation as report.json keeps it, for page/classes.c and
 * page/confusion.c:
 *
 *     epoch, images, detections
 *     classes     of those with truths: name, truths, ap, precision, right, wrong
 *                 (eval/curve.h)
 *     left_out    classes behind the first SCORES_MOST
 *     confusion   names; counts as [is, said, count] where it is not 0, with
 *                 the number of names for nothing
 */
#ifndef FL_REPORT_SCORES_H
#define FL_REPORT_SCORES_H

#include "report/judged.h"
#include "text/json.h"

#define SCORES_MOST 1000

/* The caller's to free. */
struct json *scores_json(const struct sink_evaluation *evaluation,
			 const struct judged *judged);
/* A name as long as a page has room for: cut where a letter begins. */
struct json *scores_name(const char *name);

#endif
