/* group.c - one pass over /proc for the processes of some groups. Called when a
 * trainer's leader has ended before what it started, and every few seconds by
 * stopped.c; a pass costs some ten microseconds a process of the machine. */
#include "launch/job/group.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "pid (name) state ppid pgrp ..", where the name may hold anything. */
static bool read_stat(pid_t pid, char *state, pid_t *group)
{
	char path[64], text[512] = "", *end = NULL;
	int parent = 0, pgrp = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(text, sizeof(text), file))
		end = strrchr(text, ')');
	fclose(file);
	if (!end || sscanf(end, ") %c %d %d", state, &parent, &pgrp) != 3)
		return false;
	*group = (pid_t)pgrp;
	return true;
}

/* SigCgt is a mask with signal 1 in its lowest bit. A process that is gone by
 * now has no handler left either. */
static bool catches_term(pid_t pid)
{
	char path[64], line[256];
	unsigned long long caught = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigCgt: %llx", &caught) == 1)
			break;
	if (file)
		fclose(file);
	return (caught >> (SIGTERM - 1)) & 1;
}

/* A zombie ('Z') waits for its parent alone, and 'X' is about to vanish:
 * neither can be waited for nor woken. */
static void add(struct group_look *l, pid_t pid, char state)
{
	if (state == 'Z' || state == 'X')
		return;
	l->members++;
	l->catches |= catches_term(pid);
	if (l->stopped == 0 && (state == 'T' || state == 't')) {
		l->stopped = pid;
		l->how = state;
	}
}

void group_look(struct group_look *looks, int count)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), group = 0;
		char state = 0;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_stat(pid, &state, &group))
			continue;
		for (int i = 0; i < count; i++)
			if (looks[i].group == group)
				add(&looks[i], pid, state);
	}
	if (d)
		closedir(d);
}
