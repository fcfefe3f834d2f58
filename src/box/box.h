/* box.h - arithmetic of axis-aligned boxes (x1, y1, x2, y2), in float32.
 *
 * Formulas as in the reference's kernels, bit for bit: the area is w * h
 * without +1, and 0 for an inverted box; boxes that only touch overlap by 0;
 * two empty boxes that touch give 0 / 0, a NaN, on purpose (see box/nms.h).
 */
#ifndef FL_BOX_BOX_H
#define FL_BOX_BOX_H

static inline float box_area(const float b[4])
{
	if (b[2] < b[0] || b[3] < b[1])
		return 0;
	return (b[2] - b[0]) * (b[3] - b[1]);
}

/* Intersection over union of boxes whose areas are known. */
static inline float box_iou_areas(const float a[4], float area_a,
				  const float b[4], float area_b)
{
	float x1, y1, x2, y2, both;

	if (b[0] > a[2] || b[2] < a[0] || b[1] > a[3] || b[3] < a[1])
		return 0;
	x1 = a[0] < b[0] ? b[0] : a[0];
	y1 = a[1] < b[1] ? b[1] : a[1];
	x2 = b[2] < a[2] ? b[2] : a[2];
	y2 = b[3] < a[3] ? b[3] : a[3];
	both = (x2 - x1) * (y2 - y1);
	return both / (area_a + area_b - both);
}

static inline float box_iou(const float a[4], const float b[4])
{
	return box_iou_areas(a, box_area(a), b, box_area(b));
}

/* Move the corners into [0, w] x [0, h]. */
static inline void box_clip(float b[4], float w, float h)
{
	for (int i = 0; i < 4; i++) {
		float most = i % 2 ? h : w;

		b[i] = b[i] < 0 ? 0 : b[i] > most ? most : b[i];
	}
}

#endif
