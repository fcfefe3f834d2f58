/* xml.c - a recursive descent through one picture's annotations in XML:
 * elements and their text, nothing else. Called by the VOC data set and by the
 * finder of layouts.
 * xml_read turns other encodings into UTF-8 first. 64 levels are ten times what
 * any labelling tool nests, and bound the recursion for a file that was made to
 * exhaust the stack. No entity is expanded but the five of XML, so a file
 * cannot grow. */
#include "text/xml.h"

#include "base/file.h"
#include "text/encoding.h"
#include "text/utf8.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_DEPTH 64

/* at: what is read next; begin: for the lines of errors. */
struct xml_reader {
	const char *at, *end, *begin, *what;
	struct fl_arena *arena;
	struct fl_err *err;
};

/* Counted only for a sentence. */
static int line_of(const struct xml_reader *r)
{
	int line = 1;

	for (const char *p = r->begin; p < r->at && p < r->end; p++)
		line += *p == '\n';
	return line;
}

static int broken(const struct xml_reader *r, const char *why)
{
	return fl_fail(r->err, FL_EDATA, "%s:%d: %s", r->what, line_of(r), why);
}

static bool starts(const struct xml_reader *r, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(r->end - r->at) >= n && memcmp(r->at, with, n) == 0;
}

/* Behind the next occurrence of a text. */
static int pass(struct xml_reader *r, const char *text, const char *why)
{
	size_t n = strlen(text);

	for (; (size_t)(r->end - r->at) >= n; r->at++)
		if (memcmp(r->at, text, n) == 0) {
			r->at += n;
			return 0;
		}
	return broken(r, why);
}

/* Behind what is neither element nor text, if that is what stands here. */
static int pass_other(struct xml_reader *r, bool *passed)
{
	*passed = true;
	if (starts(r, "<!--"))
		return pass(r, "-->", "a comment does not end");
	if (starts(r, "<?"))
		return pass(r, "?>", "an instruction does not end");
	/* Up to the first '>': a DOCTYPE with declarations of its own in
	 * brackets leaves "]>" behind, which is refused as no element. */
	if (starts(r, "<!") && !starts(r, "<![CDATA["))
		return pass(r, ">", "a declaration does not end");
	*passed = false;
	return 0;
}

/* Up to what ends a name; a copy, since the text has no zeros behind
 * its names. */
static const char *word(struct xml_reader *r)
{
	const char *first = r->at;

	while (r->at < r->end && !isspace((unsigned char)*r->at) &&
	       !strchr("/><=", *r->at))
		r->at++;
	return fl_arena_printf(r->arena, "%.*s", (int)(r->at - first), first);
}

/* One character of "&...;" into out; returns how many bytes, never more than
 * the reference has, so text_here()'s room is enough. What is no reference
 * stays as it stands. */
static size_t entity(struct xml_reader *r, char *out)
{
	static const struct {
		const char *name;
		char value;
	} named[] = { { "&lt;", '<' },
		      { "&gt;", '>' },
		      { "&amp;", '&' },
		      { "&quot;", '"' },
		      { "&apos;", '\'' } };
	char *rest;
	long code;

	for (size_t i = 0; i < 5; i++)
		if (starts(r, named[i].name)) {
			r->at += strlen(named[i].name);
			*out = named[i].value;
			return 1;
		}
	if (starts(r, "&#")) {
		bool hex = r->end - r->at > 2 && r->at[2] == 'x';

		code = strtol(r->at + (hex ? 3 : 2), &rest, hex ? 16 : 10);
		if (*rest == ';' && code > 0 && code <= 0x10FFFF &&
		    (code < 0xD800 || code > 0xDFFF)) {
			r->at = rest + 1;
			return utf8_put(out, (unsigned)code);
		}
	}
	*out = *r->at++;
	return 1;
}

/* Where the text that begins here ends: at a tag, but not at CDATA. It bounds
 * the room before anything is copied. */
static const char *text_end(const struct xml_reader *r)
{
	struct xml_reader ahead = *r;

	for (; ahead.at < ahead.end; ahead.at++) {
		if (*ahead.at != '<')
			continue;
		if (!starts(&ahead, "<![CDATA["))
			break;
		while (ahead.at < ahead.end && !starts(&ahead, "]]>"))
			ahead.at++;
	}
	return ahead.at;
}

/* Text up to the next tag, without white space at its ends: writers indent. */
static const char *text_here(struct xml_reader *r)
{
	size_t room = (size_t)(text_end(r) - r->at) + 1;
	char *out = fl_arena_alloc(r->arena, room);
	size_t n = 0, first = 0;

	while (r->at < r->end && (*r->at != '<' || starts(r, "<![CDATA["))) {
		if (*r->at == '<') {
			r->at += strlen("<![CDATA[");
			while (r->at < r->end && !starts(r, "]]>"))
				out[n++] = *r->at++;
			r->at += r->at < r->end ? 3 : 0;
		} else if (*r->at == '&') {
			n += entity(r, out + n);
		} else {
			out[n++] = *r->at++;
		}
	}
	while (n > 0 && isspace((unsigned char)out[n - 1]))
		n--;
	while (first < n && isspace((unsigned char)out[first]))
		first++;
	out[n] = 0;
	return out + first;
}

/* Behind the attributes of a start tag; *empty for "<name/>".
 * A '>' in quotes does not end it. */
static int pass_attributes(struct xml_reader *r, bool *empty)
{
	char quote = 0;

	for (; r->at < r->end; r->at++) {
		if (quote)
			quote = *r->at == quote ? 0 : quote;
		else if (*r->at == '"' || *r->at == '\'')
			quote = *r->at;
		else if (*r->at == '>')
			break;
	}
	if (r->at == r->end)
		return broken(r, "a tag does not end");
	*empty = r->at[-1] == '/';
	r->at++;
	return 0;
}

static int end_tag(struct xml_reader *r, const struct xml *open)
{
	const char *name;

	r->at += 2;
	name = word(r);
	if (strcmp(name, open->name) != 0)
		return fl_fail(r->err, FL_EDATA,
			       "%s:%d: </%s> stands where <%s> is open",
			       r->what, line_of(r), name, open->name);
	return pass(r, ">", "a tag does not end");
}

static int element(struct xml_reader *r, int depth, struct xml **out);

/* Text, children and the end tag of an element. */
static int content(struct xml_reader *r, int depth, struct xml *node)
{
	/* Where the next child's address goes, so that children
	 * stay in the order of the file. */
	struct xml **last = &node->child;

	for (;;) {
		const char *text = text_here(r);
		bool passed;
		int rc;

		/* Only what stands before the first child, as ElementTree's
		 * .text; what follows one is white space in these files. */
		if (!node->child && !*node->text)
			node->text = text;
		if (r->at == r->end)
			return fl_fail(r->err, FL_EDATA,
				       "%s:%d: <%s> does not end", r->what,
				       line_of(r), node->name);
		rc = pass_other(r, &passed);
		if (rc != 0)
			return rc;
		if (passed)
			continue;
		if (starts(r, "</"))
			return end_tag(r, node);
		rc = element(r, depth + 1, last);
		if (rc != 0)
			return rc;
		last = &(*last)->next;
	}
}

static int element(struct xml_reader *r, int depth, struct xml **out)
{
	struct xml *node = fl_arena_alloc(r->arena, sizeof(*node));
	bool empty = false;
	int rc;

	if (depth > MOST_DEPTH)
		return broken(r, "elements are nested too deep");
	r->at++;
	*node = (struct xml){ .name = word(r), .text = "" };
	if (!*node->name)
		return broken(r, "a tag has no name");
	rc = pass_attributes(r, &empty);
	if (rc == 0 && !empty)
		rc = content(r, depth, node);
	*out = node;
	return rc;
}

int xml_parse(const char *text, size_t size, const char *what,
	      struct fl_arena *arena, struct xml **root, struct fl_err *err)
{
	struct xml_reader r = { .what = what, .arena = arena, .err = err };
	bool passed = true;
	int rc = encoding_to_utf8(&text, &size, what, arena, err);

	r.at = r.begin = text;
	r.end = text + size;
	r.at += utf8_mark(text, size);
	/* The prologue: <?xml ...?>, DOCTYPE, comments. What
	 * follows the root is not looked at. */
	while (rc == 0 && passed) {
		while (r.at < r.end && isspace((unsigned char)*r.at))
			r.at++;
		rc = pass_other(&r, &passed);
	}
	if (rc != 0)
		return rc;
	if (r.at == r.end || *r.at != '<' || starts(&r, "</"))
		return broken(&r, "no XML element stands here");
	return element(&r, 0, root);
}

int xml_read(const char *path, struct fl_arena *arena, struct xml **root,
	     struct fl_err *err)
{
	struct fl_map map;
	char *text;
	int rc = fl_map_open(&map, path, err);

	if (rc != 0)
		return rc;
	/* A copy, ended by a zero, for strtol; one picture's file is small. */
	text = fl_arena_alloc(arena, map.size + 1);
	memcpy(text, map.data, map.size);
	text[map.size] = 0;
	rc = xml_parse(text, map.size, path, arena, root, err);
	return fl_map_end(&map, path, rc, err);
}

/* Nodes have few children: looking at each is enough. */
const struct xml *xml_child(const struct xml *parent, const char *name)
{
	const struct xml *c = parent ? parent->child : NULL;

	while (c && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

const struct xml *xml_again(const struct xml *node)
{
	const struct xml *c = node->next;

	while (c && strcmp(c->name, node->name) != 0)
		c = c->next;
	return c;
}
