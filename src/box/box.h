/* box.h - arithmetic of axis-aligned boxes (x1, y1, x2, y2), in float32.
 *
 * Suppression follows its kernel bit for bit and has its own comparison
 * (box/nms.h); the metrics' overlaps are those of their tools (eval/).
 */
#ifndef FL_BOX_BOX_H
#define FL_BOX_BOX_H

/* Width times height without +1; 0 for an inverted box. */
static inline float box_area(const float b[4])
{
	if (b[2] < b[0] || b[3] < b[1])
		return 0;
	return (b[2] - b[0]) * (b[3] - b[1]);
}

static inline float box_side(float from, float to)
{
	return to > from ? to - from : 0;
}

/* Intersection over union. Sides end at 0, so that of an inverted box, or of
 * one that is NaN, nothing overlaps; epsilon is added to the union, and above 0
 * keeps two empty boxes from 0 / 0. */
static inline float box_iou(const float a[4], const float b[4], float epsilon)
{
	float x1 = a[0] > b[0] ? a[0] : b[0], y1 = a[1] > b[1] ? a[1] : b[1];
	float x2 = a[2] < b[2] ? a[2] : b[2], y2 = a[3] < b[3] ? a[3] : b[3];
	float both = box_side(x1, x2) * box_side(y1, y2);
	float area_a = box_side(a[0], a[2]) * box_side(a[1], a[3]);
	float area_b = box_side(b[0], b[2]) * box_side(b[1], b[3]);

	return both / (area_a + area_b - both + epsilon);
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
