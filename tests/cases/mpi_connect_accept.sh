#!/usr/bin/env bash
# An Open MPI program that publishes a name and waits for a connection heard "not supported in this environment" from its
# library and nothing from fleetrun, whose help said "any Open MPI program".
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
says "help says what is not served" 0 "without published names, MPI_Comm_spawn, connect and accept, sessions" "$fleetrun" --help
compiler=$(command -v mpicc.openmpi || command -v mpicc)
[ -n "$compiler" ] || { echo "skip names and spawned programs: no mpicc"; exit 0; }
cat >asks.c <<'C'
#include <mpi.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char port[MPI_MAX_PORT_NAME] = "here";
	MPI_Comm other;
	int rank, rc;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
	if (strcmp(argv[1], "publish") == 0)
		rc = MPI_Publish_name("a-name", MPI_INFO_NULL, port);
	else if (strcmp(argv[1], "lookup") == 0)
		rc = MPI_Lookup_name("a-name", MPI_INFO_NULL, port);
	else
		rc = MPI_Comm_spawn("true", MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_SELF, &other, MPI_ERRCODES_IGNORE);
	printf("rank %d: %s %s\n", rank, argv[1], rc ? "failed" : "went well");
	MPI_Finalize();
	return 0;
}
C
if ! "$compiler" asks.c -o asks >cc.log 2>&1; then not_ok "compiled by $compiler" cc.log; exit 0; fi
for call in publish:MPI_Publish_name lookup:MPI_Lookup_name spawn:MPI_Comm_spawn; do
	says "${call#*:} is not served, in words" 0 "calls ${call#*:}" "$fleetrun" --log_dir log --nproc_per_node 2 ./asks "${call%:*}"
	check "with what does" grep -q "fleetrun offers MPI's ranks no published names.*mpirun of the program's own MPI does" says.log
	check "once, not for each rank" test "$(grep -c "fleetrun offers" says.log)" -eq 1
	check "and the program goes on" test "$(cat log/workerlog.* | grep -c "${call%:*} failed")" -eq 2
done
