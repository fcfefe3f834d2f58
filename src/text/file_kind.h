/* file_kind.h - what a file is that is not the text it was taken for.
 *
 * People give the archive in place of what is in it, the pickle that another
 * tool wrote, a table, a pointer of Git LFS. Readers of text ask here once
 * they have met a byte that they cannot take, so that the sentence names the
 * file for what it is, and not for that byte.
 */
#ifndef FL_TEXT_FILE_KIND_H
#define FL_TEXT_FILE_KIND_H

#include <stddef.h>

/* Behind "the file is": its kind, a colon and what to do ("gzip data: unpack it
 * with gunzip"). NULL for what may be text in UTF-8. */
const char *file_kind(const void *data, size_t size);
/* Behind a sentence on a byte (-1: the end) that JSON cannot have there, inside
 * of 'depth' brackets: what the writer took for JSON, or "". */
const char *file_slip(size_t size, int depth, int byte);

#endif
