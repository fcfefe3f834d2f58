/* port.c - listening where --ips says, and whether a port is free.
 *
 * peers.c listens; make.c and environ.c look for free ports. "Free" holds for the
 * moment only: whoever needs a port for sure must bind it.
 */
#include "launch/plan/port.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The inode of the socket that listens on port, by one of the tables of the
 * kernel; 0: none. State 0A is LISTEN; numbers are hexadecimal, an inode
 * decimal. */
static unsigned long listener_in(const char *table, int port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode = 0, found = 0;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned local, state;

		if (sscanf(line,
			   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
			   &local, &state, &inode) == 3 &&
		    (int)local == port && state == 0x0A)
			found = inode;
	}
	if (f)
		fclose(f);
	return found;
}

/* Has this process a descriptor of the socket? Those of other users may not be
 * looked at, and then it is named by nobody. */
static bool holds(const char *pid, unsigned long inode)
{
	char path[300], want[64], have[64];
	struct dirent *entry;
	bool found = false;
	DIR *d;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && !found && (entry = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), entry->d_name, have,
				       sizeof(have) - 1);

		if (n > 0) {
			have[n] = '\0';
			found = strcmp(have, want) == 0;
		}
	}
	if (d)
		closedir(d);
	return found;
}

/* Arguments are parted by NULs; what a terminal might act on becomes a
 * blank. */
static void read_command(const char *pid, char *buf, size_t size)
{
	char path[300];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	f = fopen(path, "re");
	n = f ? fread(buf, 1, size - 1, f) : 0;
	if (f)
		fclose(f);
	while (n > 0 && buf[n - 1] == '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!isprint((unsigned char)buf[i]))
			buf[i] = ' ';
	buf[n] = '\0';
}

/* "process 123 (nginx -g ...)", or "" where nobody may know. */
static void name_holder(int port, char *buf, size_t size)
{
	unsigned long inode = listener_in("/proc/net/tcp", port);
	struct dirent *entry;
	DIR *d;

	*buf = '\0';
	if (!inode)
		inode = listener_in("/proc/net/tcp6", port);
	d = inode ? opendir("/proc") : NULL;
	while (d && !*buf && (entry = readdir(d)) != NULL) {
		char command[200];

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !holds(entry->d_name, inode))
			continue;
		read_command(entry->d_name, command, sizeof(command));
		snprintf(buf, size, "; process %s holds it: %s", entry->d_name,
			 command);
	}
	if (d)
		closedir(d);
}

int port_listen(const struct host *own, int port, struct fl_err *err)
{
	struct sockaddr_storage at;
	char holder[300] = "";
	int fd, one = 1, why;

	hosts_endpoint(own, port, &at);
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return fl_fail(err, FL_EIO, "cannot make a socket: %s",
			       strerror(errno));
	/* An agent that is started anew must not wait for its predecessor's
	 * links to rest (a minute); a socket that listens there still is
	 * refused all the same. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)(void *)&at, own->size) == 0 &&
	    listen(fd, 4096) == 0)
		return fd;
	why = errno;
	close(fd);
	if (why == EADDRINUSE)
		name_holder(port, holder, sizeof(holder));
	return fl_fail(
		err, why == EADDRINUSE ? FL_EUSAGE : FL_EIO,
		"port %d of %s, where agents meet, cannot be opened: %s%s; "
		"end that, or give every machine another --start_port",
		port, own->name, strerror(why), holder);
}

/* On all addresses and without SO_REUSEADDR, as MPI and Paddle will bind it. */
bool port_is_free(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free_now = fd >= 0 && bind(fd, (struct sockaddr *)(void *)&at,
					sizeof(at)) == 0;

	if (fd >= 0)
		close(fd);
	return free_now;
}
