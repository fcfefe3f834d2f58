/* lines.c - called by the readers of class names, picture
 * lists and labels of every layout.
 * Files are read whole, for lists are small beside what they name, and checked
 * once, so that whoever takes the lines need not think of bytes. */
#include "text/lines.h"

#include "base/arena.h"
#include "base/file.h"
#include "text/utf8.h"

#include <ctype.h>
#include <string.h>

char *lines_read(const char *path, const char *what, bool any_bytes,
		 struct fl_err *err)
{
	struct fl_map map;
	const char *data;
	char *text = NULL;
	size_t mark, size;

	if (fl_map_open(&map, path, err) != 0) {
		err->code = FL_EDATA;
		return NULL;
	}
	data = (const char *)map.data;
	mark = utf8_mark(data, map.size);
	size = map.size - mark;
	/* Names of files may be of any bytes but zero, which UTF-16 would
	 * show and C's strings end at. */
	if ((any_bytes && !memchr(data, 0, map.size)) ||
	    utf8_check(data, map.size, what, err) == 0) {
		text = fl_malloc(size + 1);
		memcpy(text, data + mark, size);
		text[size] = '\0';
	}
	fl_map_close(&map);
	return text;
}

char *lines_next(char **at, int *number)
{
	char *line, *end;

	if (!*at)
		return NULL;
	++*number;
	/* Excel's formats for the Macintosh end lines with \r alone; Python
	 * reads and utf8_line() counts them so. A file that ends with \n gives
	 * an empty last line. */
	line = *at;
	end = line + strcspn(line, "\r\n");
	*at = *end ? end + 1 + (end[0] == '\r' && end[1] == '\n') : NULL;
	*end = '\0';
	while (isspace((unsigned char)*line))
		line++;
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return line;
}
