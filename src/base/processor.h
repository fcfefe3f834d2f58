/* processor.h - the processor that this program runs on: its name, and which of
 * the instruction sets that we compile loops for it has.
 *
 * Threads: any.
 */
#ifndef FL_BASE_PROCESSOR_H
#define FL_BASE_PROCESSOR_H

#include <stddef.h>

/* Loops are compiled for each of these, with the flags of Makefile.flags. */
enum fl_set {
	FL_SET_BASE,
	FL_SET_AVX2,   /* with FMA */
	FL_SET_AVX512, /* F, VL, BW, DQ */
	FL_SETS
};

/* The best that this processor has. */
enum fl_set fl_processor_set(void);
/* As the system names it, without what stands around; "" where it does not. */
void fl_processor_name(char *out, size_t size);

#endif
