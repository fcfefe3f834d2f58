/* plot_priv.h - the picture of a plot and its frame; for src/page. */
#ifndef FL_PAGE_PLOT_PRIV_H
#define FL_PAGE_PLOT_PRIV_H

#include "page/plot.h"

/* Letters of 11 in a picture of 400: on a phone of 390 points they are 10 high,
 * in three columns of a wide window as high as the text. */
#define PLOT_W 400
#define PLOT_H 240
#define PLOT_LEFT 46
#define PLOT_RIGHT 12
#define PLOT_TOP 12
#define PLOT_BOTTOM 36

/* From numbers to places. */
struct plot_frame {
	double x0, x1, y0, y1; /* y0 and y1 as logarithms where log is set */
	bool log;
};

double plot_x(const struct plot_frame *f, double x);
double plot_y(const struct plot_frame *f, double y);

/* plot_axes.c: what the axes reach, and their marks. False: nothing to show. */
bool plot_frame_of(const struct plot *p, struct plot_frame *f);
void plot_axes(const struct plot *p, const struct plot_frame *f,
	       struct fl_str *out);

/* plot_table.c: the rows that table and strips show. */
void plot_strips(const struct plot *p, const struct plot_frame *f,
		 struct fl_str *out);
void plot_table(const struct plot *p, struct fl_str *out);

#endif
