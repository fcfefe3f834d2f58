/* memory.c - how much memory is free, and who was killed for
 * want of it, as the kernel tells.
 * Control groups have two versions with other names for the same files:
 * both are asked, and the least of all limits on the way up counts. Asked
 * before sizes are chosen, and by the agent before and after a trainer's
 * life, to say why it was killed. */
#include "base/memory.h"

#include "base/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The number in a file of a control group; "max" and no file: no limit. */
static int64_t read_number(const char *folder, const char *name)
{
	char path[4352];
	int64_t v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return INT64_MAX;
	/* The first version's "no limit" is the largest number of pages. */
	if (fscanf(f, "%" SCNd64, &v) != 1 || v > INT64_MAX / 2)
		v = INT64_MAX;
	fclose(f);
	return v;
}

static void take_less(int64_t *least, int64_t v)
{
	*least = v < *least ? v : *least;
}

/* The number after "oom_kill " in a file; -1: there is none. All
 * three files have that line, and "oom_kill_disable" of the
 * first version does not match it. */
static int64_t read_kills(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];
	int64_t n = -1, v;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "oom_kill %" SCNd64, &v) == 1)
			n = v;
	if (f)
		fclose(f);
	return n;
}

/* The names of the second version, then of the first. The first folder that
 * counts ends the search: its kills are those of this container, and the
 * folders above count others' too. */
static bool look_at_kills(void *ctx, const char *folder)
{
	static const char *const names[][2] = {
		{ "memory.events", "memory.max" },
		{ "memory.oom_control", "memory.limit_in_bytes" }
	};
	struct fl_memory_kills *k = ctx;
	char path[4352];

	for (int i = 0; i < 2 && k->group < 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i][0]);
		k->group = read_kills(path);
		k->limit = read_number(folder, names[i][1]);
	}
	return k->group >= 0;
}

struct fl_memory_kills fl_memory_kills(void)
{
	struct fl_memory_kills k = { -1, -1, INT64_MAX };

	k.machine = read_kills("/proc/vmstat");
	fl_cgroups(getpid(), "memory", look_at_kills, &k);
	return k;
}

/* The same names. A limit above may be shared with other groups and be
 * nearer, so all folders are looked at. */
static bool look_at_group(void *ctx, const char *folder)
{
	static const char *const names[][2] = {
		{ "memory.max", "memory.current" },
		{ "memory.limit_in_bytes", "memory.usage_in_bytes" }
	};

	for (int i = 0; i < 2; i++) {
		int64_t limit = read_number(folder, names[i][0]);
		int64_t used = read_number(folder, names[i][1]);

		if (limit < INT64_MAX && used < INT64_MAX)
			take_less(ctx, limit > used ? limit - used : 0);
	}
	return false;
}

int64_t fl_memory_free(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	int64_t least = INT64_MAX, kib;
	char line[256];

	/* MemAvailable, not MemFree: pages of files that
	 * can be dropped count as free. */
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1)
			take_less(&least, kib * 1024);
	if (f)
		fclose(f);
	fl_cgroups(getpid(), "memory", look_at_group, &least);
	return least;
}
