/* room.c - what is left on this machine, and what a job needs of it.
 *
 * cmd/fleetrun.c asks before anything starts whether there may be enough
 * processes; watch/preflight.c looks when a machine is ready and has the first
 * one judge all. The bounds are warnings only: what a program needs is its own.
 */
#include "launch/measure/room.h"

#include "base/processes.h"
#include "launch/job/open_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define MIB ((int64_t)1 << 20)

static const struct field rows[] = {
	FIELD(LONG, struct room, disk, "disk_free", .absent = -1),
	FIELD(LONG, struct room, shm, "shm_free", .absent = -1),
	FIELD(LONG, struct room, files, "open_files", .absent = -1),
};
const struct record room_record = RECORD(struct room, rows);

int64_t room_free(const char *path)
{
	char at[4096];
	struct statvfs s;

	snprintf(at, sizeof(at), "%s", path);
	while (statvfs(at, &s) != 0) {
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || strcmp(at, ".") == 0 || slash == at)
			return -1;
		if (slash)
			*slash = '\0';
		else
			strcpy(at, ".");
	}
	return (int64_t)s.f_bavail * (int64_t)s.f_frsize;
}

struct room room_here(const char *log_dir)
{
	return (struct room){ room_free(log_dir), room_free("/dev/shm"),
			      open_files_given() };
}

struct room_need room_need_of(int machines, int world, int local)
{
	return (struct room_need){
		/* Logs, and two copies of a checkpoint of a middling model. */
		.disk = 1024 * MIB,
		/* Open MPI's segments of a rank are 4 MiB and 64 KiB for each
		 * other local one; the rest is for a program's own. */
		.shm = 16 * MIB * local,
		/* An agent has a socket for each machine, as many while they
		 * greet, and four descriptors for each trainer; a trainer has
		 * two sockets for each rank, its images and libraries. */
		.files = 128 +
			 (2 * (int64_t)machines + 4 * (int64_t)local >
					  2 * (int64_t)world
				  ? 2 * (int64_t)machines + 4 * (int64_t)local
				  : 2 * (int64_t)world)
	};
}

/* Two threads of PMIx and the guard; of a trainer of ours itself, two of MPI,
 * one that loads, one that sends, and those that compute beside it. Of other
 * programs only that there is one is known. */
int room_for_processes(const struct launch_plan *p, struct fl_err *err)
{
	int64_t each = 1;

	if (p->trains)
		each = 3 + p->threads + (p->count > 1 || !p->alone);
	return fl_processes_check(3 + p->count * each, "this job", err);
}

static double mib(int64_t bytes)
{
	return (double)bytes / (double)MIB;
}

int room_judge(const struct room *have, const struct room_need *need,
	       const char *host, const char *log_dir, struct fl_str *out)
{
	int bad = 0;

	if (have->disk >= 0 && have->disk < need->disk && ++bad)
		fl_str_addf(
			out,
			"%s: only %.0f MiB of disk are free where logs and copies "
			"of checkpoints go (%s), at least %.0f should be; make room, "
			"or choose another --log_dir\n",
			host, mib(have->disk), log_dir, mib(need->disk));
	if (have->shm >= 0 && have->shm < need->shm && ++bad)
		fl_str_addf(
			out,
			"%s: only %.0f MiB of shared memory are free in /dev/shm, "
			"its trainers need about %.0f; mount -o remount,size=1G "
			"/dev/shm, or docker run --shm-size=1g\n",
			host, mib(have->shm), mib(need->shm));
	if (have->files >= 0 && have->files < need->files && ++bad)
		fl_str_addf(
			out,
			"%s: a process may have %lld files open, this job needs "
			"about %lld; ulimit -n %d before fleetrun\n",
			host, (long long)have->files, (long long)need->files,
			need->files > 4096 ? 65536 : 4096);
	return bad;
}
