/* Text files as people's editors leave them: with a byte order mark, with the
 * line ends of Windows, with white space at the ends of lines. */
#include "data/layout/layout_priv.h"

#include "base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *layout_text(struct tree *tree, const char *path, struct fl_err *err)
{
	struct fl_map map;
	const unsigned char *from;
	size_t n;
	char *text;

	if (fl_map_open(&map, tree_full(tree, path), err) != 0) {
		err->code = FL_EDATA;
		return NULL;
	}
	from = map.data;
	n = map.size;
	if (n >= 3 && memcmp(from, "\xEF\xBB\xBF", 3) == 0) {
		from += 3;
		n -= 3;
	}
	if (memchr(from, 0, n)) {
		fl_fail(err, FL_EDATA,
			"%s holds zero bytes: it is no text in UTF-8", path);
		fl_map_close(&map);
		return NULL;
	}
	text = fl_malloc(n + 1);
	memcpy(text, from, n);
	text[n] = '\0';
	fl_map_close(&map);
	return text;
}

char *layout_line(char **at, int *number)
{
	char *line, *end;

	if (!*at)
		return NULL;
	++*number;
	line = strsep(at, "\n");
	while (isspace((unsigned char)*line))
		line++;
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return line;
}
