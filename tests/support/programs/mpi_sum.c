/* mpi_sum [MODE]: joins the job, adds up ranks + 1, then ends as MODE says: fail (rank 1 ends
 * with 9), early (rank 1
 * ends with 0 without leaving MPI), hang (sleeps). */
#include "comm/mpi/mpi.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	struct fl_err err = FL_ERR_INIT;
	struct comm *c;
	bool launched;
	double v;

	if (comm_mpi_launched(&launched, &err) == 0 && !launched) {
		printf("sum 1 of 1\n");
		return 0;
	}
	if (err.code != 0 || comm_mpi_open(&c, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return fl_exit_status(err.code);
	}
	v = c->rank + 1;
	comm_sum_doubles(c, &v, 1, &err);
	printf("sum %g of %d\n", v, c->world);
	fflush(stdout);
	if (strcmp(mode, "fail") == 0 && c->rank == 1)
		_exit(9);
	if (strcmp(mode, "early") == 0 && c->rank == 1)
		_exit(0);
	if (*mode && strcmp(mode, "ok") != 0)
		sleep(60);
	comm_close(c);
	return 0;
}
