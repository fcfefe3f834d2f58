/* draw.h - shapes, boxes and letters on a picture.
 *
 * Everything is clipped to the picture. Colours are 8-bit RGB. Shapes have
 * smooth edges (nine samples a pixel).
 */
#ifndef FL_IMAGE_DRAW_H
#define FL_IMAGE_DRAW_H

#include "image/image.h"

enum draw_shape {
	DRAW_CIRCLE,
	DRAW_SQUARE,
	DRAW_TRIANGLE,
	DRAW_STAR,
	DRAW_RING,
	DRAW_CROSS,
	DRAW_SHAPES
};

extern const char *const draw_shape_names[DRAW_SHAPES];

/* A shape filling the box of w x h with its upper left corner at (x, y). */
void draw_shape(struct image *im, enum draw_shape shape, double x, double y,
		double w, double h, const uint8_t color[3]);
/* The box of an object with its label above it, or within where there is no
 * room; classes that follow one another have different colours. Letters other
 * than ASCII stand as '?'. */
void draw_object(struct image *im, int x1, int y1, int x2, int y2, int class,
		 const char *label);

#endif
