/* utf8.h - is a file's text UTF-8, and if not, in which line?
 *
 * People save recipes and label lists with editors of other systems: as GBK,
 * Latin-1 or UTF-16, with a byte order mark or without. Whoever reads a text
 * passes over the mark, checks the rest and names the line of the first byte
 * that is not UTF-8.
 */
#ifndef FL_TEXT_UTF8_H
#define FL_TEXT_UTF8_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Length of the byte order mark in front: 3, or 0 where there is none. */
size_t utf8_mark(const char *text, size_t len);
/* Do the two bytes of UTF-16's mark stand in front? */
bool utf16_mark(const char *text, size_t len);
/* Bytes of the character here, of which left > 0 are there; 0 where it is none or
 * is cut off. Reads no byte behind left. */
size_t utf8_length(const char *text, size_t left);
/* Offset of the first byte that is no UTF-8 character, or zero; len where all
 * are. Reads no byte behind len. */
size_t utf8_end(const char *text, size_t len);
/* A character's bytes into to[4]; how many there are. code is at most 0x10FFFF
 * and no surrogate. */
size_t utf8_put(char *to, unsigned code);
/* The line of a byte, from 1. Lines end with \n, \r\n or \r. */
int utf8_line(const char *text, size_t len, size_t offset);
/* The sentence for the byte at an offset that is not UTF-8: "what:LINE: byte
 * 0xc1 is not UTF-8: save it as UTF-8", or what the file is in place of a text
 * (file_kind.h). Returns code. */
int utf8_fail(const char *text, size_t len, size_t offset, const char *what,
	      int code, struct fl_err *err);
/* 0, or utf8_fail() with FL_EDATA where a text is not UTF-8. */
int utf8_check(const char *text, size_t len, const char *what,
	       struct fl_err *err);

#endif
