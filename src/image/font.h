/* font.h - letters of 5 x 7 cells for ASCII 32 to 126; for src/image. */
#ifndef FL_IMAGE_FONT_H
#define FL_IMAGE_FONT_H

extern const unsigned char font_rows[95][7];

#endif
