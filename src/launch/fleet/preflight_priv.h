/* preflight_priv.h - the preflight of one attempt, as an agent is at it. */
#ifndef FL_LAUNCH_PREFLIGHT_PRIV_H
#define FL_LAUNCH_PREFLIGHT_PRIV_H

#include "launch/fleet/fleet_priv.h"
#include "launch/measure/measurer.h"
#include "launch/measure/findings.h"

struct preflight_run {
	struct preflight found;
	struct measurer *measurer;
	int round, rounds; /* -1: not begun */
	double began, round_at;
	bool finished;
	int status;	     /* of the job, with --preflight */
	struct json *report; /* as everyone got it */
	/* pace of the trainers */
	bool *told; /* by rank */
	int heard;
	struct forecast_input in;
	double step_s;
	bool forecast;
};

/* To the other machines that take part. */
void preflight_tell(struct fleet *f, int type, const struct json *o);
/* Write the report as <log_dir>/preflight.json. */
void preflight_save(const struct fleet *f);

#endif
