/* labels.h - what a data set's labels are like, as report.json keeps it for
 * page/labels.c:
 *
 *     images, empty, boxes
 *     classes    of each: name, boxes, images
 *     small, medium, large   boxes by COCO's areas
 *     crowd      pictures with 0, 1, 2, 3 to 4, 5 to 8, ... boxes
 *     places     centres, LABELS_GRID rows of as many: parts of the picture
 *     sizes      likewise height (from the top: small) over width
 */
#ifndef FL_REPORT_LABELS_H
#define FL_REPORT_LABELS_H

#include "data/dataset.h"
#include "text/json.h"

#define LABELS_GRID 20

/* The caller's to free. */
struct json *labels_json(const struct dataset *data);

#endif
