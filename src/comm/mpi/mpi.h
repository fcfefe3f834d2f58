/* mpi.h - the communicator of a job of several ranks on Open MPI.
 *
 * The same program runs under fleetrun, mpirun and srun --mpi=pmix; all of
 * them leave PMIX_RANK in the environment. Alone, MPI is never started.
 */
#ifndef FL_COMM_MPI_MPI_H
#define FL_COMM_MPI_MPI_H

#include "comm/comm.h"

#include <stdbool.h>

/* Was this process started as one of several ranks? FL_EUSAGE where a launcher's
 * variable holds no number. */
int comm_mpi_launched(bool *launched, struct fl_err *err);
/* "4.1.4", of the library that runs; MPI is not started. */
const char *comm_mpi_library_version(void);
/* Starts MPI with full thread support and joins the job. FL_EPEER where the
 * launcher announced more ranks than MPI finds. Once a process. */
int comm_mpi_open(struct comm **out, struct fl_err *err);

#endif
