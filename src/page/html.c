/* html.c - what stands between a page and the words of files.
 *
 * Names of classes, pictures and recipes come from whoever made the data set, so
 * all of them go through html_text() and nothing else does. XML 1.0 allows no
 * control characters but tab and line ends, and neither U+FFFE nor U+FFFF; a
 * browser would take them, a strict parser refuses the whole page. */
#include "page/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n': /* an attribute would fold it into a blank */
		return "&#10;";
	default:
		return NULL;
	}
}

static bool is_character(const char *p, size_t len)
{
	if (len == 1)
		return (unsigned char)*p >= ' ' || *p == '\t' || *p == '\n';
	return len > 1 && memcmp(p, "\xef\xbf\xbe", 3) != 0 &&
	       memcmp(p, "\xef\xbf\xbf", 3) != 0;
}

void html_text(struct fl_str *out, const char *text)
{
	for (const char *p = text; *p;) {
		size_t len = fl_utf8_len(p);
		const char *entity = entity_of(*p);

		if (!is_character(p, len))
			fl_str_add(out, REPLACEMENT);
		else if (entity)
			fl_str_add(out, entity);
		else
			fl_str_addn(out, p, len);
		p += len ? len : 1;
	}
}

void html_number(struct fl_str *out, double value, int digits)
{
	if (isfinite(value))
		fl_str_addf(out, "%.*g", digits, value);
	else
		fl_str_add(out, "–");
}

void html_short(struct fl_str *out, double value)
{
	double size = fabs(value);

	if (size >= 1e6)
		fl_str_addf(out, "%.3gM", value / 1e6);
	else if (size >= 1e4)
		fl_str_addf(out, "%.3gk", value / 1e3);
	else
		fl_str_addf(out, "%.4g", value);
}
