/* pictures.c - labels beside predictions, and the first batch as the network saw
 * it.
 *
 * Of report.json (report/pictures.c). A picture stands once in the page; its
 * second view uses the first one's. Boxes are shapes over it with a title each,
 * in the colours of the classes of the page, so that names in any script can be
 * read. */
#include "page/html.h"
#include "page/page_priv.h"
#include "page/plot.h"

#include <math.h>
#include <string.h>

/* Of a file that somebody else wrote nothing but base64 becomes part of an
 * address. */
static bool is_base64(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				      "nopqrstuvwxyz0123456789+/=";

	return *text && text[strspn(text, letters)] == '\0';
}

/* Classes that follow one another have different colours. */
static int color_of(const struct json *box)
{
	int64_t class = json_int_or(box, "index", 0);

	return (int)(class > 0 ? class % PLOT_COLORS : 0) + 1;
}

static void draw_box(const struct json *box, double unit, struct fl_str *out)
{
	const char *name = json_text_or(box, "class", "");
	double x = json_real_or(box, "x", 0), y = json_real_or(box, "y", 0);
	double score = json_real_or(box, "score", -1);

	fl_str_addf(out, "<g class=\"box s%d\"><title>", color_of(box));
	html_text(out, name);
	if (score >= 0)
		fl_str_addf(out, " %.3f", score);
	fl_str_addf(
		out,
		"</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\" stroke-width=\"%.2f\"/><text x=\"%.1f\" "
		"y=\"%.1f\" style=\"font-size:%.1fpx;stroke-width:%.1fpx\">",
		x, y, json_real_or(box, "w", 0), json_real_or(box, "h", 0),
		1.6 * unit, x,
		y - 2 * unit > 10 * unit ? y - 2 * unit : y + 9 * unit,
		9 * unit, 2.5 * unit);
	html_text(out, name);
	if (score >= 0)
		fl_str_addf(out, " %.2f", score);
	fl_str_add(out, "</text></g>");
}

static void draw_view(const struct json *picture, const char *part, int number,
		      bool first, struct fl_str *out)
{
	double w = json_real_or(picture, "w", 1);
	double h = json_real_or(picture, "h", 1);
	const struct json *boxes = json_get(picture, part);

	fl_str_addf(out,
		    "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		    "aria-label=\"%s\">",
		    w, h, first ? "labels" : "predictions");
	if (first)
		fl_str_addf(out,
			    "<image id=\"picture%d\" width=\"%.0f\" "
			    "height=\"%.0f\" preserveAspectRatio=\"none\" "
			    "href=\"data:image/jpeg;base64,%s\"/>",
			    number, w, h, json_text_or(picture, "jpeg", ""));
	else
		fl_str_addf(out, "<use href=\"#picture%d\"/>", number);
	for (size_t i = 0; i < json_count(boxes); i++)
		draw_box(json_at(boxes, i), (w > h ? w : h) / 240, out);
	fl_str_add(out, "</svg>");
}

static void draw_boxes_table(const struct json *picture, struct fl_str *out)
{
	static const char *const words[] = { "",  "class", "confidence", "x",
					     "y", "width", "height",	 NULL };
	static const char *const parts[][2] = { { "truths", "label" },
						{ "said", "prediction" } };
	static const char *const keys[] = { "x", "y", "w", "h" };

	fl_str_add(out, "<details><summary>Numbers</summary>");
	page_table(out, words);
	for (size_t k = 0; k < 2; k++) {
		const struct json *boxes = json_get(picture, parts[k][0]);

		for (size_t i = 0; i < json_count(boxes); i++) {
			const struct json *b = json_at(boxes, i);

			fl_str_add(out, "<tr>");
			page_cell(out, parts[k][1]);
			page_cell(out, json_text_or(b, "class", ""));
			fl_str_add(out, "<td>");
			html_number(out, json_real_or(b, "score", NAN), 3);
			for (size_t c = 0; c < 4; c++) {
				fl_str_add(out, "</td><td>");
				html_number(out, json_real_or(b, keys[c], 0),
					    6);
			}
			fl_str_add(out, "</td></tr>");
		}
	}
	page_table_end(out);
	fl_str_add(out, "</details>");
}

static void draw_picture(const struct json *picture, int number,
			 struct fl_str *out)
{
	if (!is_base64(json_text_or(picture, "jpeg", "")))
		return;
	fl_str_add(out, "<figure><h3>");
	html_text(out, json_text_or(picture, "kind", ""));
	fl_str_add(out, ": ");
	html_text(out, json_text_or(picture, "name", ""));
	fl_str_addf(out,
		    "</h3><p>F1 %.2f; labels first, then predictions</p>"
		    "<div class=\"pair\">",
		    json_real_or(picture, "f1", 0));
	draw_view(picture, "truths", number, true, out);
	draw_view(picture, "said", number, false, out);
	fl_str_add(out, "</div>");
	draw_boxes_table(picture, out);
	fl_str_add(out, "</figure>\n");
}

static void draw_batch(const struct json *facts, size_t room,
		       struct fl_str *out)
{
	const char *jpeg = json_text_or(facts, "batch", "");

	if (!is_base64(jpeg) || strlen(jpeg) > room / 2)
		return;
	fl_str_addf(out,
		    "<figure><h3>First training batch</h3><p>as the network "
		    "saw it: cropped, flipped, recoloured and resized</p>"
		    "<img alt=\"the first training pictures with their boxes\" "
		    "src=\"data:image/jpeg;base64,%s\"/></figure>\n",
		    jpeg);
}

void page_pictures(const struct sheet *p, struct fl_str *out)
{
	const struct json *facts = p->runs[0].facts;
	const struct json *list = json_get(facts, "pictures");
	size_t before = out->len;
	int left_out = 0;

	if (p->count > 1 ||
	    (json_count(list) == 0 && !json_get(facts, "batch")))
		return;
	page_begin(out, "pictures", "Pictures");
	fl_str_add(out, "<p>Of the same evaluation as the scores: predictions "
			"with a confidence of 0.25 or more. F1 counts pairs "
			"of the same class.</p><div class=\"plots wider\">\n");
	draw_batch(facts, p->room, out);
	for (size_t i = 0; i < json_count(list); i++) {
		struct fl_str figure = FL_STR_INIT;

		draw_picture(json_at(list, i), (int)i, &figure);
		if (out->len - before + figure.len + 200 < p->room)
			fl_str_add(out, fl_str_get(&figure));
		else
			left_out++;
		fl_str_release(&figure);
	}
	fl_str_add(out, "</div>");
	if (left_out > 0)
		fl_str_addf(out,
			    "<p>%d pictures are left out: the page would "
			    "be larger than %d bytes.</p>",
			    left_out, PAGE_MOST_BYTES);
	page_end(out);
}
