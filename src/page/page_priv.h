/* page_priv.h - the sections of a page, in their order; for src/page.
 *
 * Each appends a <section> for the runs, or nothing where none of them has what
 * it shows.
 */
#ifndef FL_PAGE_PAGE_PRIV_H
#define FL_PAGE_PAGE_PRIV_H

#include "page/page.h"
#include "page/run.h"

struct sheet {
	struct page_run runs[PAGE_MOST_RUNS];
	int count;
	bool running;
	size_t room; /* bytes for pictures: what the other sections leave */
};

void page_summary(const struct sheet *p, struct fl_str *out);
void page_curves(const struct sheet *p, struct fl_str *out);
void page_classes(const struct sheet *p, struct fl_str *out);
void page_confusion(const struct sheet *p, struct fl_str *out);
void page_pictures(const struct sheet *p, struct fl_str *out);
void page_labels(const struct sheet *p, struct fl_str *out);
void page_time(const struct sheet *p, struct fl_str *out);
void page_recipe(const struct sheet *p, struct fl_str *out);
void page_machines(const struct sheet *p, struct fl_str *out);

/* <section id="ID"><h2>TITLE</h2>; page_end closes it. */
void page_begin(struct fl_str *out, const char *id, const char *title);
void page_end(struct fl_str *out);
/* <div class="wide"><table><thead> of these words, up to NULL; <tbody> is open. */
void page_table(struct fl_str *out, const char *const *words);
void page_table_end(struct fl_str *out);
/* A cell: <th scope="row"> or <td>. */
void page_name(struct fl_str *out, const char *text);
void page_cell(struct fl_str *out, const char *text);

extern const char page_style[];

#endif
