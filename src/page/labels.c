/* labels.c - the labels of the training data: counts, sizes, places.
 *
 * Of report.json (report/labels.c). Two squares show where the centres of boxes
 * lie in their pictures and how wide and high boxes are, as parts of the picture;
 * a square is the darker the more boxes it has, by their root, so that rare places
 * are seen beside common ones. */
#include "page/html.h"
#include "page/page_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 20
#define MARGIN 30

/* A row of a list of counts: its name, a bar, the count. */
static void draw_count(const char *name, double count, double most,
		       double second, struct fl_str *out)
{
	fl_str_add(out, "<tr>");
	page_name(out, name);
	fl_str_addf(out,
		    "<td><svg class=\"bar\" viewBox=\"0 0 100 10\" "
		    "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
		    "<rect width=\"%.1f\" height=\"10\"/></svg></td>"
		    "<td class=\"n\">%.0f</td>",
		    most > 0 ? 100 * count / most : 0, count);
	if (second >= 0)
		fl_str_addf(out, "<td class=\"n\">%.0f</td>", second);
	fl_str_add(out, "</tr>\n");
}

static void draw_classes(const struct json *labels, struct fl_str *out)
{
	static const char *const words[] = { "class", "", "boxes", "pictures",
					     NULL };
	const struct json *list = json_get(labels, "classes");
	double most = 0;

	for (size_t i = 0; i < json_count(list); i++)
		most = fmax(most, json_real_or(json_at(list, i), "boxes", 0));
	fl_str_add(out, "<div class=\"tall by-class\">");
	page_table(out, words);
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *c = json_at(list, i);

		draw_count(json_text_or(c, "name", ""),
			   json_real_or(c, "boxes", 0), most,
			   json_real_or(c, "images", 0), out);
	}
	page_table_end(out);
	fl_str_add(out, "</div>");
}

static double grid_at(const struct json *grid, size_t y, size_t x)
{
	double v = 0;

	json_real_of(json_at(json_at(grid, y), x), &v);
	return v;
}

static void draw_cells(const struct json *grid, size_t n, struct fl_str *out)
{
	double most = 1, size = (double)CELL * 20 / (double)n;

	for (size_t y = 0; y < n; y++)
		for (size_t x = 0; x < n; x++)
			most = fmax(most, grid_at(grid, y, x));
	for (size_t y = 0; y < n; y++)
		for (size_t x = 0; x < n; x++) {
			double v = grid_at(grid, y, x);

			if (v <= 0)
				continue;
			fl_str_addf(
				out,
				"<g><title>x %.2f to %.2f, y %.2f to %.2f: "
				"%.0f boxes</title><rect class=\"heat\" "
				"x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\" fill-opacity=\"%.2f\"/></g>",
				(double)x / (double)n,
				(double)(x + 1) / (double)n,
				(double)y / (double)n,
				(double)(y + 1) / (double)n, v,
				MARGIN + (double)x * size, (double)y * size,
				size - 0.5, size - 0.5,
				0.08 + 0.92 * sqrt(v / most));
		}
}

static void draw_grid_table(const struct json *grid, size_t n,
			    struct fl_str *out)
{
	fl_str_add(out,
		   "<details><summary>Numbers</summary><div class=\"wide\">"
		   "<table class=\"other\"><tbody>");
	for (size_t y = 0; y < n; y++) {
		fl_str_addf(out, "<tr><th scope=\"row\">%.2f</th>",
			    (double)y / (double)n);
		for (size_t x = 0; x < n; x++)
			fl_str_addf(out, "<td>%.0f</td>", grid_at(grid, y, x));
		fl_str_add(out, "</tr>");
	}
	fl_str_add(out, "</tbody></table></div></details>");
}

static void draw_grid(const struct json *grid, const char *title,
		      const char *x_name, const char *y_name,
		      struct fl_str *out)
{
	size_t n = json_count(grid);
	int side = CELL * 20;

	if (n == 0 || n > 100)
		return;
	fl_str_addf(out,
		    "<figure><h3>%s</h3><svg viewBox=\"0 0 %d %d\" "
		    "role=\"img\" aria-label=\"%s\"><rect class=\"frame\" "
		    "x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>",
		    title, side + MARGIN, side + MARGIN, title, MARGIN, side,
		    side);
	draw_cells(grid, n, out);
	fl_str_addf(out,
		    "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>"
		    "<text transform=\"translate(16 %d) rotate(-90)\" "
		    "text-anchor=\"middle\">%s</text></svg>",
		    MARGIN + side / 2, side + 20, x_name, side / 2, y_name);
	draw_grid_table(grid, n, out);
	fl_str_add(out, "</figure>\n");
}

static void draw_crowds(const struct json *labels, struct fl_str *out)
{
	static const char *const names[] = { "none",	 "1",	     "2",
					     "3 to 4",	 "5 to 8",   "9 to 16",
					     "17 to 32", "33 to 64", "more" };
	static const char *const words[] = { "boxes in a picture", "",
					     "pictures", NULL };
	const struct json *crowd = json_get(labels, "crowd");
	double most = 0, v;

	for (size_t i = 0; i < json_count(crowd); i++)
		if (json_real_of(json_at(crowd, i), &v))
			most = fmax(most, v);
	fl_str_add(out, "<figure><h3>Boxes in a picture, and their sizes</h3>");
	page_table(out, words);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_real_of(json_at(crowd, i), &v))
			draw_count(names[i], v, most, -1, out);
	page_table_end(out);
	fl_str_addf(out,
		    "<p>%.0f boxes are small (below 32 x 32 pixels), %.0f "
		    "medium, %.0f large (from 96 x 96).</p></figure>\n",
		    json_real_or(labels, "small", 0),
		    json_real_or(labels, "medium", 0),
		    json_real_or(labels, "large", 0));
}

void page_labels(const struct sheet *p, struct fl_str *out)
{
	const struct json *labels = json_get(p->runs[0].facts, "labels");

	if (p->count > 1 || !labels)
		return;
	page_begin(out, "labels", "Labels of the training data");
	fl_str_addf(out,
		    "<p>%.0f boxes in %.0f pictures, %.0f of them empty.</p>",
		    json_real_or(labels, "boxes", 0),
		    json_real_or(labels, "images", 0),
		    json_real_or(labels, "empty", 0));
	draw_classes(labels, out);
	fl_str_add(out, "<div class=\"plots\">\n");
	draw_grid(json_get(labels, "places"), "Where the centres of boxes lie",
		  "across the picture", "from its top", out);
	draw_grid(json_get(labels, "sizes"), "How wide and high boxes are",
		  "width, as part of the picture", "height", out);
	draw_crowds(labels, out);
	fl_str_add(out, "</div>");
	page_end(out);
}
