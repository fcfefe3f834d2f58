/* versions.h - what flotilla tells of itself on --version: release, compiler, the
 * libraries that run, processor. A run's page tells the same. */
#ifndef FL_CMD_VERSIONS_H
#define FL_CMD_VERSIONS_H

#include <stdio.h>

void versions_print(FILE *to);

#endif
