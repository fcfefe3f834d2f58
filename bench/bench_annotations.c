/* bench_annotations.c - how long a list of images and boxes takes to open, and how
 * much memory: bench_annotations FILE prints one line of JSON.
 * bench/annotations.sh runs pycocotools on the same file. */
#include "base/clock.h"
#include "base/par.h"
#include "box/annotations.h"

#include <stdio.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
	struct annotations a = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct rusage use;
	double start = fl_now_s();
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_annotations FILE\n");
		return 2;
	}
	fl_par_init(0);
	rc = annotations_read(argv[1], &a, &err);
	getrusage(RUSAGE_SELF, &use);
	if (rc != 0)
		fprintf(stderr, "bench_annotations: %s\n", err.text);
	else
		printf("{\"peer\": \"flotilla\", \"seconds\": %.3f, \"core_s\": %.3f, \"peak_mib\": %ld, "
		       "\"images\": %zu, \"boxes\": %zu}\n",
		       fl_now_s() - start,
		       (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
			       1e-6 * (double)(use.ru_utime.tv_usec +
					       use.ru_stime.tv_usec),
		       use.ru_maxrss / 1024, a.image_count, a.box_count);
	annotations_release(&a);
	return fl_exit_status(rc);
}
