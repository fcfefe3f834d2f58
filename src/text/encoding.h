/* encoding.h - XML in the encoding that its first line names, as UTF-8.
 *
 * Editors of other systems write GBK, Shift-JIS, Latin-1 or UTF-16 and say so
 * in <?xml ... encoding="..."?>. Names in it meet names in label lists and go
 * into JSON, which are UTF-8.
 */
#ifndef FL_TEXT_ENCODING_H
#define FL_TEXT_ENCODING_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

/* *text and *size are the caller's, or a copy in the arena, ended by a zero,
 * where the encoding is another than UTF-8. FL_EDATA with "what:LINE: ..."
 * where the bytes are none of that encoding, nor UTF-8. */
int encoding_to_utf8(const char **text, size_t *size, const char *what,
		     struct fl_arena *arena, struct fl_err *err);

#endif
