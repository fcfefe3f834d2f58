/* page.c - the document around the sections, and the file that it becomes.
 *
 * All runs are read first, then every section appends what it shows; what none of
 * the runs has leaves no heading behind. Sections that grow with the number of
 * classes bound themselves, and pictures that find no room below PAGE_MOST_BYTES
 * are left out. The security policy in the head forbids what the page does not
 * need: scripts and everything from elsewhere. */
#include "page/page.h"

#include "base/file.h"
#include "base/version.h"
#include "page/html.h"
#include "page/page_priv.h"

#include <string.h>
#include <time.h>

typedef void section_fn(const struct sheet *p, struct fl_str *out);

/* In their order. */
static section_fn *const sections[] = {
	page_summary, page_curves, page_classes, page_confusion, page_pictures,
	page_labels,  page_time,   page_recipe,	 page_machines
};
#define SECTIONS (sizeof(sections) / sizeof(sections[0]))
/* Of head, links and notes. */
#define FRAME_BYTES 20000

void page_begin(struct fl_str *out, const char *id, const char *title)
{
	fl_str_addf(out, "<section id=\"%s\"><h2>%s</h2>\n", id, title);
}

void page_end(struct fl_str *out)
{
	fl_str_add(out, "</section>\n");
}

void page_table(struct fl_str *out, const char *const *words)
{
	fl_str_add(out, "<div class=\"wide\"><table><thead><tr>");
	for (; *words; words++) {
		fl_str_add(out, **words ? "<th scope=\"col\">" : "<td>");
		html_text(out, *words);
		fl_str_add(out, **words ? "</th>" : "</td>");
	}
	fl_str_add(out, "</tr></thead><tbody>\n");
}

void page_table_end(struct fl_str *out)
{
	fl_str_add(out, "</tbody></table></div>\n");
}

void page_name(struct fl_str *out, const char *text)
{
	fl_str_add(out, "<th scope=\"row\">");
	html_text(out, text);
	fl_str_add(out, "</th>");
}

void page_cell(struct fl_str *out, const char *text)
{
	fl_str_add(out, "<td>");
	html_text(out, text);
	fl_str_add(out, "</td>");
}

static void add_title(const struct sheet *p, struct fl_str *out)
{
	for (int i = 0; i < p->count; i++) {
		fl_str_add(out, i ? ", " : "");
		html_text(out, p->runs[i].name);
	}
}

/* refresh_s 0: it stays as it is. */
static void add_head(const struct sheet *p, int refresh_s, struct fl_str *out)
{
	fl_str_add(out,
		   "<!DOCTYPE html>\n"
		   "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">"
		   "<head><meta charset=\"utf-8\"/>\n"
		   "<meta name=\"viewport\" content=\"width=device-width, "
		   "initial-scale=1\"/>\n");
	if (refresh_s > 0)
		fl_str_addf(out,
			    "<meta http-equiv=\"refresh\" content=\"%d\"/>\n",
			    refresh_s);
	fl_str_add(out,
		   "<meta http-equiv=\"Content-Security-Policy\" content=\""
		   "default-src 'none'; style-src 'unsafe-inline'; img-src "
		   "data:\"/>\n<title>");
	add_title(p, out);
	fl_str_add(out, "</title><style>");
	fl_str_add(out, page_style);
	fl_str_add(out, "</style></head>\n<body><header><h1>");
	add_title(p, out);
	fl_str_add(out, "</h1><p>");
}

static void add_made(struct fl_str *out)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[64];

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc);
	fl_str_addf(out, "flotilla %s, %s</p>", FLOTILLA_VERSION, text);
}

/* The headings of the body as links. */
static void add_links(const char *body, struct fl_str *out)
{
	static const char id[] = "<section id=\"", title[] = "\"><h2>";

	fl_str_add(out, "<nav>");
	for (const char *at = body; (at = strstr(at, id)) != NULL;) {
		const char *name = at + strlen(id), *word = strstr(name, title);
		const char *end = word ? strstr(word, "</h2>") : NULL;

		if (!end)
			break;
		fl_str_addf(out, "<a href=\"#%.*s\">%.*s</a> ",
			    (int)(word - name), name,
			    (int)(end - word - (int)strlen(title)),
			    word + strlen(title));
		at = end;
	}
	fl_str_add(out, "</nav>");
}

static void add_notes(const struct sheet *p, struct fl_str *out)
{
	for (int i = 0; i < p->count; i++) {
		if (p->runs[i].notes.len == 0)
			continue;
		fl_str_add(out, "<p class=\"note\">");
		html_text(out, fl_str_get(&p->runs[i].notes));
		fl_str_add(out, "</p>");
	}
}

/* Pictures come last: they take what room is left. */
static void compose_sections(struct sheet *p, struct fl_str *body)
{
	struct fl_str parts[SECTIONS] = { FL_STR_INIT };
	size_t all = FRAME_BYTES;

	for (int pictures = 0; pictures < 2; pictures++)
		for (size_t i = 0; i < SECTIONS; i++) {
			if ((sections[i] == page_pictures) != (pictures == 1))
				continue;
			p->room = all < PAGE_MOST_BYTES ? PAGE_MOST_BYTES - all
							: 0;
			sections[i](p, &parts[i]);
			all += parts[i].len;
		}
	for (size_t i = 0; i < SECTIONS; i++) {
		fl_str_add(body, fl_str_get(&parts[i]));
		fl_str_release(&parts[i]);
	}
}

static void compose(struct sheet *p, struct fl_str *out)
{
	struct fl_str body = FL_STR_INIT;

	compose_sections(p, &body);
	add_head(p, 0, out);
	add_made(out);
	add_links(fl_str_get(&body), out);
	add_notes(p, out);
	fl_str_add(out, "</header>\n<main>");
	fl_str_add(out, fl_str_get(&body));
	fl_str_add(out, "</main></body></html>\n");
	fl_str_release(&body);
}

void page_live(const struct page_run *run, int refresh_s, const char *part,
	       struct fl_str *out)
{
	struct sheet p = { .count = 1, .running = true };

	p.runs[0] = *run; /* a look at it; the run stays the caller's */
	add_head(&p, refresh_s, out);
	add_made(out);
	add_notes(&p, out);
	fl_str_add(out, "</header>\n<main>");
	fl_str_add(out, part);
	page_curves(&p, out);
	fl_str_add(out, "</main></body></html>\n");
}

/* Side by side they are called as they were asked for. */
static int open_runs(struct sheet *p, const char *const *folders, int count,
		     struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < count; i++) {
		rc = page_run_open(&p->runs[i], folders[i], err);
		if (rc == 0)
			p->count++;
		if (rc == 0 && count > 1)
			p->runs[i].name = folders[i];
	}
	return rc;
}

int page_write(const char *const *folders, int count, const char *path,
	       bool running, struct fl_str *notes, struct fl_err *err)
{
	struct sheet p = { .running = running };
	struct fl_str text = FL_STR_INIT;
	int rc;

	FL_ASSERT(count >= 1 && count <= PAGE_MOST_RUNS);
	rc = open_runs(&p, folders, count, err);
	if (rc == 0) {
		compose(&p, &text);
		rc = fl_write_file(path, fl_str_get(&text), text.len, err);
	}
	for (int i = 0; i < p.count; i++) {
		fl_str_add(notes, fl_str_get(&p.runs[i].notes));
		page_run_release(&p.runs[i]);
	}
	fl_str_release(&text);
	return rc;
}
