#include "launch/launch.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int launch_parse_devices(const char *text, int *out, struct fl_err *err)
{
	int count = 0;
	const char *p = text;

	while (*p) {
		char *end;
		long v = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : -1;

		if (v < 0 || v > 1023 || (*end && *end != ',') ||
		    (*end == ',' && !end[1]))
			return fl_fail(
				err, FL_EUSAGE,
				"'%s' is not a list of device numbers like 0,1,2",
				text);
		for (int i = 0; i < count; i++)
			if (out[i] == (int)v)
				return fl_fail(
					err, FL_EUSAGE,
					"device %ld is named twice in '%s'", v,
					text);
		if (count == LAUNCH_MAX_TRAINERS)
			return fl_fail(err, FL_EUSAGE,
				       "more than %d devices in '%s'",
				       LAUNCH_MAX_TRAINERS, text);
		out[count++] = (int)v;
		p = *end ? end + 1 : end;
	}
	if (count == 0)
		return fl_fail(
			err, FL_EUSAGE,
			"the list of devices is empty; write 0,1 for two");
	return count;
}

static bool same_address(const struct sockaddr *a, const char *text)
{
	char buf[INET6_ADDRSTRLEN];
	const void *bytes;

	if (!a || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
		return false;
	bytes = a->sa_family == AF_INET
			? (const void *)&(
				  (const struct sockaddr_in *)(const void *)a)
				  ->sin_addr
			: (const void *)&(
				  (const struct sockaddr_in6 *)(const void *)a)
				  ->sin6_addr;
	return inet_ntop(a->sa_family, bytes, buf, sizeof(buf)) &&
	       strcmp(buf, text) == 0;
}

static bool is_interface(const char *numeric)
{
	struct ifaddrs *list = NULL;
	bool found = strncmp(numeric, "127.", 4) == 0;

	if (getifaddrs(&list) != 0)
		return found;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found = same_address(i->ifa_addr, numeric);
	freeifaddrs(list);
	return found;
}

bool launch_is_own_address(const char *address)
{
	struct addrinfo *list = NULL;
	char numeric[INET6_ADDRSTRLEN];
	bool found = false;

	if (getaddrinfo(address, NULL, NULL, &list) != 0)
		return false;
	for (struct addrinfo *a = list; a && !found; a = a->ai_next)
		found = getnameinfo(a->ai_addr, a->ai_addrlen, numeric,
				    sizeof(numeric), NULL, 0,
				    NI_NUMERICHOST) == 0 &&
			is_interface(numeric);
	freeaddrinfo(list);
	return found;
}

static void own_addresses(struct fl_str *out)
{
	struct ifaddrs *list = NULL;
	char buf[INET6_ADDRSTRLEN];

	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
		    getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), buf,
				sizeof(buf), NULL, 0, NI_NUMERICHOST) == 0)
			fl_str_addf(out, "%s%s", out->len ? ", " : "", buf);
	freeifaddrs(list);
}

static int choose_host(const struct launch_options *o, struct launch_plan *p,
		       struct fl_err *err)
{
	const char *name = o->host ? o->host : o->ips;
	struct fl_str own = FL_STR_INIT;
	int rc = 0;

	if (o->ips && strchr(o->ips, ','))
		return fl_fail(
			err, FL_EUSAGE,
			"--ips names several machines; this version starts jobs "
			"on one machine, so give one address or leave --ips out");
	snprintf(p->host, sizeof(p->host), "%s", name ? name : "127.0.0.1");
	if (!name || launch_is_own_address(name))
		return 0;
	own_addresses(&own);
	rc = fl_fail(err, FL_EUSAGE,
		     "'%s' is not an address of this machine; it has %s", name,
		     fl_str_get(&own));
	fl_str_release(&own);
	return rc;
}

static int choose_devices(const struct launch_options *o, struct launch_plan *p,
			  struct fl_err *err)
{
	int n = 1;

	p->has_gpu = fl_exists("/dev/nvidia0");
	p->devices[0] = 0;
	if (o->devices) {
		n = launch_parse_devices(o->devices, p->devices, err);
		if (n < 0)
			return n;
		if (o->nproc_per_node && o->nproc_per_node != n)
			return fl_fail(
				err, FL_EUSAGE,
				"--nproc_per_node is %d, but %d devices are named; give one of the two",
				o->nproc_per_node, n);
	} else if (o->nproc_per_node) {
		n = o->nproc_per_node;
		for (int i = 0; i < n; i++)
			p->devices[i] = i;
	}
	p->count = n;
	return 0;
}

/* Cores are shared out by number of threads, not by pinning: loader threads
 * and a busy neighbour would suffer on a fixed core, and the scheduler of the
 * system does better than a guess. */
static int threads_of_each(int trainers)
{
	const char *given = getenv("OMP_NUM_THREADS");
	cpu_set_t set;
	int cores = 1;

	if (given && atoi(given) > 0)
		return atoi(given);
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cores = CPU_COUNT(&set);
	return cores / trainers > 0 ? cores / trainers : 1;
}

int launch_make_plan(const struct launch_options *o, int argc, char **argv,
		     struct launch_plan *p, struct fl_err *err)
{
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int rc;

	*p = (struct launch_plan){ 0 };
	self[n > 0 ? n : 0] = '\0';
	rc = choose_host(o, p, err);
	if (rc == 0)
		rc = choose_devices(o, p, err);
	if (rc == 0)
		rc = launch_choose_program(self, argc, argv, p, err);
	p->threads = threads_of_each(p->count ? p->count : 1);
	p->port =
		o->start_port ? o->start_port : 20000 + (int)(getpid() % 20000);
	return rc;
}

void launch_release_plan(struct launch_plan *p)
{
	free(p->argv);
	p->argv = NULL;
}
