/* number.h - the shortest decimal text of a double, quickly.
 *
 * Python's repr: of 15 to 17 digits the fewest that read back as the same
 * bits, and of those the nearest to the value. Files of detections hold
 * millions of such numbers.
 */
#ifndef FL_TEXT_NUMBER_H
#define FL_TEXT_NUMBER_H

#include <stddef.h>

#define NUMBER_ROOM 32

/* Writes zero-terminated text, "0.1", "1e-07", "3.0" (a real keeps its point);
 * returns its length. What JSON has no word for is written as Python does:
 * NaN, Infinity, -Infinity. */
size_t number_print(double value, char text[NUMBER_ROOM]);

#endif
