/* confusion.c - what is taken for what, as two squares and a list.
 *
 * The counts are of report.json (eval/confusion.h says what they count). A square
 * shows MOST_SHOWN classes: of more those with the most mistakes, and all others
 * as one. The list has the commonest mistakes over all classes. Of one run alone:
 * the squares of two cannot be laid over each other. */
#include "page/html.h"
#include "page/page_priv.h"

#include "base/arena.h"
#include "eval/confusion.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SHOWN 32
#define MOST_LISTED 30

/* The square, in a picture of SIDE + LEFT by SIDE + TOP. */
#define LEFT 78
#define TOP 66
#define SIDE 320
#define TITLE 24 /* letters of a name under the pointer: there are many */

struct square {
	const struct json *names, *counts;
	int classes;
	int n;	     /* rows and columns, nothing being the last */
	int *row_of; /* [classes + 1] */
	char **labels;
	long *cells, *sums; /* [n][n], of each row [n] */
	bool others;	    /* the last but one are several */
};

struct mistakes {
	int class;
	long count;
};

static int by_mistakes(const void *a, const void *b)
{
	const struct mistakes *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->class - y->class;
}

static int by_class(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x - *y;
}

static void cell_of(const struct json *counts, size_t i, int64_t cell[3])
{
	for (size_t k = 0; k < 3; k++) {
		cell[k] = -1;
		json_int(json_at(json_at(counts, i), k), &cell[k]);
	}
}

/* False where it is none: the file is a stranger's. */
static bool is_cell(const struct square *s, const int64_t cell[3])
{
	return cell[0] >= 0 && cell[0] <= s->classes && cell[1] >= 0 &&
	       cell[1] <= s->classes && cell[2] > 0;
}

/* The classes that have rows of their own, in their order. */
static void choose_rows(struct square *s)
{
	struct mistakes *m = fl_calloc((size_t)s->classes + 1, sizeof(*m));
	int own = s->classes <= MOST_SHOWN ? s->classes : MOST_SHOWN - 1;
	int *chosen = fl_calloc((size_t)own + 1, sizeof(*chosen));

	for (int c = 0; c < s->classes; c++)
		m[c].class = c;
	for (size_t i = 0; i < json_count(s->counts); i++) {
		int64_t cell[3];

		cell_of(s->counts, i, cell);
		if (!is_cell(s, cell) || cell[0] == cell[1])
			continue;
		for (int k = 0; k < 2; k++)
			if (cell[k] < s->classes)
				m[cell[k]].count += cell[2];
	}
	if (own < s->classes)
		qsort(m, (size_t)s->classes, sizeof(*m), by_mistakes);
	for (int i = 0; i < own; i++)
		chosen[i] = m[i].class;
	qsort(chosen, (size_t)own, sizeof(*chosen), by_class);
	s->others = own < s->classes;
	s->n = own + s->others + 1;
	for (int c = 0; c < s->classes; c++)
		s->row_of[c] = own;
	for (int i = 0; i < own; i++)
		s->row_of[chosen[i]] = i;
	s->row_of[s->classes] = s->n - 1;
	free(m);
	free(chosen);
}

static const char *name_of(const struct square *s, int class)
{
	const char *name = "nothing";

	json_text(json_at(s->names, (size_t) class), &name);
	return name;
}

static void open_square(struct square *s, const struct json *confusion)
{
	size_t n;

	*s = (struct square){ .names = json_get(confusion, "names"),
			      .counts = json_get(confusion, "counts") };
	s->classes = (int)json_count(s->names);
	s->row_of = fl_calloc((size_t)s->classes + 1, sizeof(*s->row_of));
	choose_rows(s);
	n = (size_t)s->n;
	s->cells = fl_calloc(n * n, sizeof(*s->cells));
	s->sums = fl_calloc(n, sizeof(*s->sums));
	s->labels = fl_calloc(n, sizeof(*s->labels));
	for (int c = 0; c <= s->classes; c++)
		if (!s->labels[s->row_of[c]])
			s->labels[s->row_of[c]] =
				fl_strdup(s->others && s->row_of[c] == s->n - 2
						  ? "other classes"
						  : name_of(s, c));
	for (size_t i = 0; i < json_count(s->counts); i++) {
		int64_t cell[3];
		int row;

		cell_of(s->counts, i, cell);
		if (!is_cell(s, cell))
			continue;
		row = s->row_of[cell[0]];
		s->cells[row * s->n + s->row_of[cell[1]]] += cell[2];
		s->sums[row] += cell[2];
	}
}

static void close_square(struct square *s)
{
	for (int i = 0; i < s->n; i++)
		free(s->labels[i]);
	free(s->labels);
	free(s->row_of);
	free(s->cells);
	free(s->sums);
}

/* Cut to what the margin has room for. */
static void draw_label(const char *label, double room, struct fl_str *out)
{
	struct fl_str s = FL_STR_INIT;
	size_t at = 0, letters = 0;

	while (label[at] && letters < (size_t)room) {
		size_t len = fl_utf8_len(label + at);

		at += len ? len : 1;
		letters++;
	}
	fl_str_addn(&s, label, at);
	fl_str_add(&s, label[at] ? "…" : "");
	html_text(out, fl_str_get(&s));
	fl_str_release(&s);
}

static void draw_labels(const struct square *s, double size, struct fl_str *out)
{
	double letter = size * 0.8 > 10 ? 10 : size * 0.8;

	for (int i = 0; i < s->n; i++) {
		double middle = (i + 0.5) * size;

		fl_str_addf(out,
			    "<text class=\"small\" style=\"font-size:%.1fpx\" "
			    "x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
			    letter, LEFT - 4, TOP + middle + letter / 3);
		draw_label(s->labels[i], LEFT / letter * 1.6, out);
		fl_str_addf(out,
			    "</text><text class=\"small\" style=\"font-size:"
			    "%.1fpx\" transform=\"translate(%.1f %d) "
			    "rotate(-60)\">",
			    letter, LEFT + middle + letter / 3, TOP - 4);
		draw_label(s->labels[i], TOP / letter * 1.8, out);
		fl_str_add(out, "</text>");
	}
}

static void draw_cell(const struct square *s, int row, int column, double size,
		      bool share, double most, struct fl_str *out)
{
	long n = s->cells[row * s->n + column];
	double part = (double)n / (double)s->sums[row];
	double x = LEFT + column * size, y = TOP + row * size;

	fl_str_add(out, "<g><title>");
	draw_label(s->labels[row], TITLE, out);
	fl_str_add(out, row == column ? " found" : " taken for ");
	if (row != column)
		draw_label(s->labels[column], TITLE, out);
	fl_str_addf(out,
		    ": %ld (%.0f%%)</title><rect class=\"heat\" x=\"%.1f\" "
		    "y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		    "fill-opacity=\"%.2f\"/>",
		    n, 100 * part, x, y, size - 0.5, size - 0.5,
		    0.06 + 0.94 * (share ? part : (double)n / most));
	if (s->n <= 14) {
		fl_str_addf(out,
			    "<text class=\"in\" x=\"%.1f\" y=\"%.1f\" "
			    "text-anchor=\"middle\">",
			    x + size / 2, y + size / 2 + 4);
		if (share)
			fl_str_addf(out, "%.2f", part);
		else
			html_short(out, (double)n);
		fl_str_add(out, "</text>");
	}
	fl_str_add(out, "</g>");
}

static void draw_square(const struct square *s, const char *title, bool share,
			struct fl_str *out)
{
	double size = (double)SIDE / s->n, most = 1;

	for (int i = 0; i < s->n * s->n; i++)
		most = (double)s->cells[i] > most ? (double)s->cells[i] : most;
	fl_str_addf(out,
		    "<figure><h3>%s</h3><p>rows: what it is; columns: what it "
		    "is taken for%s</p><svg viewBox=\"0 0 %d %d\" role=\"img\" "
		    "aria-label=\"%s\"><rect class=\"frame\" x=\"%d\" y=\"%d\" "
		    "width=\"%d\" height=\"%d\"/>",
		    title, share ? "; each row adds up to 1" : "", LEFT + SIDE,
		    TOP + SIDE, title, LEFT, TOP, SIDE, SIDE);
	draw_labels(s, size, out);
	for (int row = 0; row < s->n; row++)
		for (int column = 0; column < s->n; column++)
			if (s->cells[row * s->n + column] > 0)
				draw_cell(s, row, column, size, share, most,
					  out);
	fl_str_add(out, "</svg></figure>\n");
}

struct mistake {
	int is, said;
	long count;
};

static int by_count(const void *a, const void *b)
{
	const struct mistake *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->is != y->is ? x->is - y->is : x->said - y->said;
}

static void draw_list(const struct square *s, struct fl_str *out)
{
	static const char *const words[] = { "is", "taken for", "times", NULL };
	size_t all = json_count(s->counts), n = 0;
	struct mistake *list = fl_calloc(all + 1, sizeof(*list));

	for (size_t i = 0; i < all; i++) {
		int64_t cell[3];

		cell_of(s->counts, i, cell);
		if (is_cell(s, cell) && cell[0] != cell[1])
			list[n++] =
				(struct mistake){ (int)cell[0], (int)cell[1],
						  (long)cell[2] };
	}
	qsort(list, n, sizeof(*list), by_count);
	if (n > 0) {
		fl_str_add(out, "<details class=\"mistakes\"><summary>The "
				"commonest mistakes</summary>");
		page_table(out, words);
		for (size_t i = 0; i < n && i < MOST_LISTED; i++) {
			fl_str_add(out, "<tr>");
			page_cell(out, name_of(s, list[i].is));
			page_cell(out, name_of(s, list[i].said));
			fl_str_addf(out, "<td class=\"n\">%ld</td></tr>",
				    list[i].count);
		}
		page_table_end(out);
		fl_str_add(out, "</details>");
	}
	free(list);
}

void page_confusion(const struct sheet *p, struct fl_str *out)
{
	const struct json *evaluation =
		json_get(p->runs[0].facts, "evaluation");
	const struct json *confusion = json_get(evaluation, "confusion");
	struct square s;

	if (p->count > 1 || json_count(json_get(confusion, "counts")) == 0)
		return;
	open_square(&s, confusion);
	page_begin(out, "confusion", "What is taken for what");
	fl_str_addf(out,
		    "<p>Detections with a confidence of %.2f or more that "
		    "overlap an object by more than %.1f, whatever its class. "
		    "A row of nothing: detections where no object is; a column "
		    "of nothing: objects that were missed.</p>"
		    "<div class=\"plots two\">\n",
		    CONFUSION_SCORE, CONFUSION_OVERLAP);
	draw_square(&s, "Counts", false, out);
	draw_square(&s, "Shares", true, out);
	fl_str_add(out, "</div>");
	draw_list(&s, out);
	page_end(out);
	close_square(&s);
}
