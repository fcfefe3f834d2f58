/* loops.h - what the loops of kernels.inc.h and flat.inc.h are written with. */
#ifndef FL_DEVICE_CPU_LOOPS_H
#define FL_DEVICE_CPU_LOOPS_H

/* Numbers summed in float, one after another: sums are as good as this is
 * short. */
#define SPAN 8

/* The loop that follows touches the same element of all its operands in one
 * turn, so that working in place is no obstacle to vectors. */
#ifdef __clang__
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR _Pragma("GCC ivdep")
#endif
#define INLINE static inline __attribute__((always_inline))

#endif
