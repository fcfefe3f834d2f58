/* pictures.h - pictures for a page, small, as JPEG in base64:
 *
 *     kind      "worst", "median" or "best" by F1 (eval/confusion.h)
 *     name, w, h   of the file; boxes are in its pixels
 *     f1, jpeg
 *     truths    of each: class, index (of the class), x, y, w, h
 *     said      the same with score, of at least CONFUSION_SCORE
 */
#ifndef FL_REPORT_PICTURES_H
#define FL_REPORT_PICTURES_H

#include "data/options.h"
#include "report/judged.h"
#include "text/json.h"

/* PICTURES_EACH of each kind, fewer where there are fewer; a picture that cannot
 * be read is left out. The caller's to free. */
#define PICTURES_EACH 4
struct json *pictures_json(const struct sink_evaluation *evaluation,
			   const struct judged *judged);
/* The first pictures of a batch with their boxes, as a text of base64. */
struct json *pictures_batch(const struct reader_options *reader,
			    const struct sink_batch *batch);

#endif
