/* tape_priv.h - what reader and writer of a tape share. */
#ifndef FL_DATA_TAPE_PRIV_H
#define FL_DATA_TAPE_PRIV_H

#include "data/transform.h"

/* Names of the colour steps in a tape. */
extern const char *const tape_colors[COLORS];

#endif
