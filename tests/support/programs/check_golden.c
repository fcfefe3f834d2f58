/* check_golden [--device D]... FILE... - what the reference recorded against
 * flotilla: a table of every figure, then "ok" or "not ok" for each case and
 * device (ref and cpu unless given). CASE.f64.json is a step case,
 * eval/CASE.json an evaluation. Run from the root of the tree. */
#include "support/golden_eval.h"
#include "support/golden_step.h"

#include "base/cores.h"
#include "base/par.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define DATA "../shared/data"
#define FORMATS "../shared/oracle/golden/formats"

static int check(const char *path, const char *device)
{
	struct fl_err err = FL_ERR_INIT;
	struct golden_report report;
	const char *base = strrchr(path, '/');
	bool step = fl_ends_with(path, ".f64.json");
	char stem[512], title[64];
	int rc;

	snprintf(stem, sizeof(stem), "%.*s",
		 (int)(strlen(path) - strlen(step ? ".f64.json" : ".json")),
		 path);
	snprintf(title, sizeof(title), "%.40s, %s",
		 base ? stem + (base - path) + 1 : stem, device);
	rc = step ? golden_step_check(stem, device, 1, &report, &err)
		  : golden_eval_check(stem, DATA, FORMATS, device, &report,
				      &err);
	if (rc != 0) {
		printf("not ok %s\n    %s\n", title, err.text);
		return 1;
	}
	golden_print(&report, title);
	if (report.failed)
		printf("not ok %s\n    %d failures, the first: %s\n", title,
		       report.failed, report.first);
	else if (report.tie_margin > 0)
		printf("ok %s (its walk parts from the reference's at the "
		       "near tie listed for step %d: margin %.1e in float64; "
		       "judged until there)\n",
		       title, report.tie_step, report.tie_margin);
	else if (report.parted)
		printf("ok %s (its walk parts from the reference's at a near "
		       "tie; from weights moved by half a unit, try %d, it "
		       "follows)\n",
		       title, report.parted);
	else
		printf("ok %s\n", title);
	fflush(stdout);
	return report.failed > 0;
}

int main(int argc, char **argv)
{
	const char *devices[4] = { "ref", "cpu" };
	int count = 2, given = 0, failed = 0, cases = 0;

	fl_par_init(fl_cores());
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--device") == 0 && i + 1 < argc &&
		    given < 4) {
			devices[given++] = argv[++i];
			count = given;
			continue;
		}
		if (!fl_ends_with(argv[i], ".json")) {
			fprintf(stderr, "usage: check_golden [--device D] "
					"CASE.f64.json | eval/CASE.json ...\n");
			return 2;
		}
		cases++;
		for (int d = 0; d < count; d++)
			failed += check(argv[i], devices[d]);
	}
	if (cases == 0)
		printf("skip recorded cases: none given\n");
	return failed > 0;
}
