/* xml.h - small XML documents: the annotations of one picture.
 *
 * Elements and their text; attributes, comments, processing instructions and a
 * DOCTYPE are passed over. The text of an element is what stands before its
 * first child, with the five named entities, character references and CDATA
 * put in and white space at both ends cut off.
 *
 * Ownership: everything lives in the caller's arena.
 */
#ifndef FL_TEXT_XML_H
#define FL_TEXT_XML_H

#include "base/arena.h"
#include "base/err.h"

struct xml {
	const char *name, *text;
	struct xml *child, *next; /* first child; next of the same parent */
};

/* The root element. FL_EIO, or FL_EDATA with "FILE:LINE: ..." */
int xml_read(const char *path, struct fl_arena *arena, struct xml **root,
	     struct fl_err *err);
/* The same from memory that outlives the call, for tests. */
int xml_parse(const char *text, size_t size, const char *what,
	      struct fl_arena *arena, struct xml **root, struct fl_err *err);

/* The first child of that name, or NULL; parent may be NULL. */
const struct xml *xml_child(const struct xml *parent, const char *name);
/* The next of the same name behind it, or NULL. */
const struct xml *xml_again(const struct xml *node);

#endif
