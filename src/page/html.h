/* html.h - words and numbers as they may stand in a page.
 *
 * A page is read by browsers as HTML and by strict parsers as XML: every
 * element is closed, entities are numbers or XML's own five, and what XML has no
 * character for is replaced.
 */
#ifndef FL_PAGE_HTML_H
#define FL_PAGE_HTML_H

#include "base/str.h"

#include <stddef.h>

/* Any text, of a file or a person, as content or within the quotes of an
 * attribute. Bytes that are no UTF-8, and control characters, become U+FFFD. */
void html_text(struct fl_str *out, const char *text);
/* With so many digits that count ("%.4g"); a dash where it is not a number. */
void html_number(struct fl_str *out, double value, int digits);
/* The same with k and M for thousands and millions, for the marks of an axis. */
void html_short(struct fl_str *out, double value);

#endif
