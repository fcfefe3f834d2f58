/* plan_text.h - a plan for people, and as JSON for programs. */
#ifndef FL_CMD_PLAN_TEXT_H
#define FL_CMD_PLAN_TEXT_H

#include "cmd/plan_job.h"
#include "text/json.h"

#define PLAN_ROWS 32

/* One line of the table. */
struct plan_row {
	const char *name; /* "asked", "fewer machines" */
	struct cost_job job;
	struct cost_result cost;
	double times;	  /* of the batch that the rate was chosen for */
	bool fits, steps; /* in memory; an epoch has one */
};

/* rows[0] is what was asked for. */
void plan_text(const struct plan_job *job, const struct plan_row *rows,
	       int count, struct fl_str *out);
struct json *plan_json(const struct plan_job *job, const struct plan_row *rows,
		       int count);

/* plan_advice.c: what the batch means for accuracy, lines for people. */
void plan_advice(const struct plan_job *job, const struct plan_row *row,
		 struct fl_str *out);

#endif
