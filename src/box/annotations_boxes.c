/* Whether boxes are what COCO's are, x, y, width, height in pixels: corners and
 * parts of the image are told from where they lie. For checks of data sets, for
 * training and for scores, which say what they find and change nothing. */
#include "box/annotations.h"

#define SLACK 1 /* pixel that roundings of writers reach over the edge */

/* A pixel over the edge is rounding, and training clips it. */
enum annotation_lie annotations_lie(const double box[4], double width,
				    double height)
{
	double x = box[0], y = box[1], w = box[2], h = box[3];

	if (x >= width || y >= height || x + w <= 0 || y + h <= 0)
		return ANNOTATION_OUTSIDE;
	if (!(x < -SLACK || y < -SLACK || x + w > width + SLACK ||
	      y + h > height + SLACK))
		return ANNOTATION_INSIDE;
	return x >= -SLACK && y >= -SLACK &&
			       !annotations_no_corners(box, width, height)
		       ? ANNOTATION_AS_CORNERS
		       : ANNOTATION_HANGS_OVER;
}

bool annotations_no_corners(const double box[4], double width, double height)
{
	return box[2] <= box[0] || box[3] <= box[1] || box[2] > width + SLACK ||
	       box[3] > height + SLACK;
}

/* A thousandth over 1 is a rounding of somebody's division. */
bool annotations_first_pixel(double x1, double y1, double x2, double y2)
{
	return x1 >= 0 && y1 >= 0 && x2 <= 1.001 && y2 <= 1.001;
}

void annotations_explain_boxes(const struct annotations *a, struct fl_str *out)
{
	size_t corners = 0, not_corners = 0;

	for (size_t i = 0; i < a->box_count; i++) {
		const struct annotation_box *b = &a->boxes[i];
		const double box[4] = { b->x, b->y, b->w, b->h };
		const struct annotation_image *im;

		if (b->image < 0 || !b->has_bbox)
			continue;
		im = &a->images[b->image];
		not_corners +=
			annotations_no_corners(box, im->width, im->height);
		corners += annotations_lie(box, im->width, im->height) ==
			   ANNOTATION_AS_CORNERS;
	}
	if (corners && !not_corners)
		fl_str_addf(
			out,
			"the boxes look like corners x1, y1, x2, y2: %zu of %zu reach over the edge "
			"as x, y, width, height, and none as corners; COCO's are the former: "
			"write [x1, y1, x2 - x1, y2 - y1]\n",
			corners, a->box_count);
}
