/* page.h - a run, or several side by side, as one HTML file.
 *
 * The file needs nothing else: no network, no script, pictures within it. It is
 * made of what lies in the folders alone (page/run.h), so that the page of a run
 * at work (report/page_sink.c) and that of `flotilla report` are the same.
 *
 * Threads: any; no state is shared.
 */
#ifndef FL_PAGE_PAGE_H
#define FL_PAGE_PAGE_H

#include "base/err.h"
#include "base/str.h"

#include "page/run.h"

#include <stdbool.h>

/* Beside one another; more colours could not be told apart. */
#define PAGE_MOST_RUNS 8
/* No page is larger, however many steps and classes a run has. */
#define PAGE_MOST_BYTES 3000000
#define PAGE_FILE "report.html"

/* A page of a run at work, which a browser asks for anew every so many seconds:
 * its curves, below a part that the caller has made (page/html.h). */
void page_live(const struct page_run *run, int refresh_s, const char *part,
	       struct fl_str *out);
/* Written whole or not at all. running: the only run is at work, and what an
 * older summary.json says is not its end. notes receives lines on what could not
 * be read. FL_EDATA for a folder without a run, FL_EIO. */
int page_write(const char *const *folders, int count, const char *path,
	       bool running, struct fl_str *notes, struct fl_err *err);

#endif
