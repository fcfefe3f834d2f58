/* new_report.h - what 'flotilla new' says it found. */
#ifndef FL_CMD_NEW_REPORT_H
#define FL_CMD_NEW_REPORT_H

#include "cmd/new_proposal.h"

#include <stdio.h>

/* Adds what is odd about classes to the labels' list, which it prints last. */
void new_report(struct labels *labels, const struct new_facts *facts, FILE *to);

#endif
