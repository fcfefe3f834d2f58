/* hosts.c - the names of --ips become addresses, once, and one of them is us.
 *
 * make.c opens the list. Which entry is this machine's is looked up in the
 * interfaces: a host name may resolve to 127.0.1.1, or to what another machine
 * cannot reach.
 */
#include "launch/plan/hosts.h"

#include "base/arena.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The address alone: ports and scopes are not compared. */
static const void *bytes_of(const struct sockaddr *a, size_t *size)
{
	if (a->sa_family == AF_INET) {
		*size = sizeof(struct in_addr);
		return &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	}
	*size = sizeof(struct in6_addr);
	return &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

/* Interfaces without an address have NULL, links and tunnels other families. */
static bool is_internet(const struct sockaddr *a)
{
	return a && (a->sa_family == AF_INET || a->sa_family == AF_INET6);
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	const void *x, *y;
	size_t n, m;

	if (!is_internet(a) || !is_internet(b) || a->sa_family != b->sa_family)
		return false;
	x = bytes_of(a, &n);
	y = bytes_of(b, &m);
	return memcmp(x, y, n) == 0;
}

static bool is_loopback(const struct sockaddr *a)
{
	size_t n;
	const unsigned char *p = bytes_of(a, &n);

	if (a->sa_family == AF_INET)
		return p[0] == 127;
	return memcmp(p, &in6addr_loopback, n) == 0;
}

/* Every address of 127.0.0.0/8 is this machine, whatever the interfaces say: a
 * job on 127.0.0.x needs none of its own. */
static bool is_own(const struct sockaddr *a)
{
	struct ifaddrs *list = NULL;
	bool found = is_loopback(a);

	if (found || getifaddrs(&list) != 0)
		return found;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found = same_address(i->ifa_addr, a);
	freeifaddrs(list);
	return found;
}

size_t hosts_read_endpoint(const char *text, char *host, size_t size,
			   const char **port)
{
	size_t n = strcspn(text, ","), name = n;
	const char *colon = memrchr(text, ':', n);
	bool many = colon && memchr(text, ':', (size_t)(colon - text));

	*port = NULL;
	if (*text == '[') {
		const char *end = memchr(text, ']', n);

		name = end ? (size_t)(end - text) - 1 : n - 1;
		if (end && end[1] == ':')
			*port = end + 2;
		snprintf(host, size, "%.*s", (int)name, text + 1);
		return n;
	}
	if (colon && !many) {
		name = (size_t)(colon - text);
		*port = colon + 1;
	}
	snprintf(host, size, "%.*s", (int)name, text);
	return n;
}

static struct addrinfo *resolve(const char *name)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	return getaddrinfo(name, NULL, &hints, &list) == 0 ? list : NULL;
}

/* Any of its addresses will do: a name may stand for several interfaces. */
bool hosts_is_own(const char *name)
{
	struct addrinfo *list = resolve(name);
	bool found = false;

	for (struct addrinfo *a = list; a && !found; a = a->ai_next)
		found = is_internet(a->ai_addr) && is_own(a->ai_addr);
	if (list)
		freeaddrinfo(list);
	return found;
}

/* As people will hold them against --ips, the loopback's among them. */
void hosts_own_addresses(struct fl_str *out)
{
	struct ifaddrs *list = NULL;
	char buf[INET6_ADDRSTRLEN];
	size_t n;

	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (is_internet(i->ifa_addr) &&
		    inet_ntop(i->ifa_addr->sa_family, bytes_of(i->ifa_addr, &n),
			      buf, sizeof(buf)))
			fl_str_addf(out, "%s%s", out->len ? ", " : "", buf);
	freeifaddrs(list);
}

/* An address that others reach before the one that Debian gives a machine's own
 * name (127.0.1.1), whatever the resolver says first; then IPv4 before IPv6: what
 * MPI is sure to know. */
static int worth(const struct addrinfo *a)
{
	if (!a || !is_internet(a->ai_addr))
		return -1;
	return 2 * !is_loopback(a->ai_addr) + (a->ai_family == AF_INET);
}

static int take_address(struct host *h, struct fl_err *err)
{
	struct addrinfo *list = resolve(h->name), *best = NULL;
	size_t n;

	for (struct addrinfo *a = list; a; a = a->ai_next)
		if (worth(a) > worth(best))
			best = a;
	if (!best) {
		if (list)
			freeaddrinfo(list);
		return fl_fail(
			err, FL_EUSAGE,
			"'%s' in --ips is no address and no name that this machine can resolve; write its address",
			h->name);
	}
	memcpy(&h->address, best->ai_addr, best->ai_addrlen);
	h->size = best->ai_addrlen;
	inet_ntop(best->ai_family, bytes_of(best->ai_addr, &n), h->numeric,
		  sizeof(h->numeric));
	freeaddrinfo(list);
	return 0;
}

static const struct sockaddr *address_of(const struct host *h)
{
	return (const struct sockaddr *)(const void *)&h->address;
}

/* Two names of one machine would be two agents that wait for each other, so
 * addresses are compared, not names. */
static int add_host(struct hosts *h, const char *name, size_t n,
		    struct fl_err *err)
{
	struct host *one = &h->list[h->count];
	int rc;

	if (n == 0 || n >= sizeof(one->name))
		return fl_fail(
			err, FL_EUSAGE,
			"'%.200s' has an empty or overlong name; write --ips A,B,C without blanks",
			h->ips);
	snprintf(one->name, sizeof(one->name), "%.*s", (int)n, name);
	rc = take_address(one, err);
	for (int i = 0; rc == 0 && i < h->count; i++)
		if (same_address(address_of(&h->list[i]), address_of(one)))
			rc = fl_fail(
				err, FL_EUSAGE,
				"'%s' and '%s' in --ips are one machine, %s; name each machine once",
				h->list[i].name, one->name, one->numeric);
	if (rc == 0)
		h->count++;
	return rc;
}

/* The text is kept as it was given: agents compare it with each other's, and a
 * list in another order would be another job. */
static int parse(struct hosts *h, const char *ips, struct fl_err *err)
{
	int rc = 0, most = 1;

	if (strlen(ips) >= sizeof(h->ips))
		return fl_fail(err, FL_EUSAGE,
			       "--ips has %zu characters, at most %zu",
			       strlen(ips), sizeof(h->ips) - 1);
	snprintf(h->ips, sizeof(h->ips), "%s", ips);
	for (const char *p = ips; *p; p++)
		most += *p == ',';
	if (most > HOSTS_MAX)
		return fl_fail(err, FL_EUSAGE,
			       "--ips names %d machines, at most %d", most,
			       HOSTS_MAX);
	h->list = fl_calloc((size_t)most, sizeof(*h->list));
	for (const char *p = ips; rc == 0; p++) {
		size_t n = strcspn(p, ",");

		rc = add_host(h, p, n, err);
		p += n;
		if (!*p)
			break;
	}
	return rc;
}

/* The name that this machine has for itself, whole or up to the first dot. */
static bool is_own_name(const char *name)
{
	char own[256] = "";
	size_t n = strcspn(name, ".");

	gethostname(own, sizeof(own) - 1);
	return *own && strcmp(name, "localhost") != 0 &&
	       (strcmp(name, own) == 0 ||
		(own[n] == '.' && !name[n] && strncmp(name, own, n) == 0) ||
		(!own[n] && strncmp(name, own, n) == 0));
}

/* The address that packets to the other machine leave from. No packet is sent:
 * connecting a datagram socket only chooses the way. */
static bool address_towards(const struct host *other,
			    struct sockaddr_storage *out, socklen_t *size)
{
	struct sockaddr_storage to;
	int fd = socket(other->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	hosts_endpoint(other, 9, &to);
	*size = sizeof(*out);
	found = fd >= 0 &&
		connect(fd, (struct sockaddr *)(void *)&to, other->size) == 0 &&
		getsockname(fd, (struct sockaddr *)(void *)out, size) == 0 &&
		!is_loopback((struct sockaddr *)(void *)out);
	if (fd >= 0)
		close(fd);
	return found;
}

/* Debian writes "127.0.1.1 node1" into node1's own /etc/hosts. Then the name
 * means the address under which the other machines of the list know it. */
static void mend_own_name(struct hosts *h)
{
	struct sockaddr_storage found;
	struct host *own = NULL;
	socklen_t size;
	size_t n;

	for (int i = 0; i < h->count; i++)
		if (is_loopback(address_of(&h->list[i])) &&
		    is_own_name(h->list[i].name))
			own = &h->list[i];
	for (int i = 0; own && i < h->count; i++) {
		if (is_loopback(address_of(&h->list[i])) ||
		    !address_towards(&h->list[i], &found, &size))
			continue;
		own->address = found;
		own->size = size;
		hosts_endpoint(own, 0, &own->address);
		inet_ntop(found.ss_family, bytes_of(address_of(own), &n),
			  own->numeric, sizeof(own->numeric));
		return;
	}
}

/* "localhost" among several machines would mean each of them. */
static int check_loopback(const struct hosts *h, struct fl_err *err)
{
	int loops = 0, which = 0;

	for (int i = 0; i < h->count; i++)
		if (is_loopback(address_of(&h->list[i]))) {
			loops++;
			which = i;
		}
	if (loops == 0 || loops == h->count)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"'%s' in --ips is every machine's name for itself; write "
		"the address under which the others reach it",
		h->list[which].name);
}

static int not_listed(const struct hosts *h, const char *name,
		      struct fl_err *err)
{
	struct fl_str own = FL_STR_INIT;
	int rc;

	hosts_own_addresses(&own);
	rc = fl_fail(
		err, FL_EUSAGE,
		"%s%s%s is not in --ips\n  --ips        : %.600s\n"
		"  this machine : %.300s\n"
		"mend the list on every machine, or say with --host which entry this machine is",
		name ? "'" : "", name ? name : "this machine", name ? "'" : "",
		h->ips, fl_str_get(&own));
	fl_str_release(&own);
	return rc;
}

/* By its spelling first, for that is unique; then by its address, for --host
 * may say "node1.site" where the list has "node1". */
static int find_named(struct hosts *h, const char *name, struct fl_err *err)
{
	struct addrinfo *list = resolve(name);

	for (int i = 0; i < h->count; i++)
		if (strcmp(h->list[i].name, name) == 0)
			h->self = i;
	for (struct addrinfo *a = list; a && h->self < 0; a = a->ai_next)
		h->self = hosts_find(h, a->ai_addr);
	if (list)
		freeaddrinfo(list);
	if (h->self < 0)
		return not_listed(h, name, err);
	if (is_own(address_of(&h->list[h->self])))
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"--host says '%s', but %s is not an address of this machine",
		name, h->list[h->self].numeric);
}

/* Several entries of this machine are refused, not guessed at: an agent that
 * took the wrong one would wait for itself. */
static int find_self(struct hosts *h, const char *host, struct fl_err *err)
{
	int other = -1;

	h->self = -1;
	if (host)
		return find_named(h, host, err);
	for (int i = 0; i < h->count; i++) {
		if (!is_own(address_of(&h->list[i])))
			continue;
		if (h->self < 0)
			h->self = i;
		else if (other < 0)
			other = i;
	}
	if (h->self < 0)
		return not_listed(h, NULL, err);
	if (other >= 0)
		return fl_fail(
			err, FL_EUSAGE,
			"'%s' and '%s' in --ips are both addresses of this machine; say "
			"with --host which one this agent is",
			h->list[h->self].name, h->list[other].name);
	return 0;
}

/* IPv4 alone: Open MPI's btl_tcp_if_include takes no IPv6 network. */
static void note_subnet(struct hosts *h, const struct ifaddrs *i)
{
	struct in_addr net, mask;
	char text[INET_ADDRSTRLEN];
	size_t n;

	if (i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask)
		return;
	memcpy(&net, bytes_of(i->ifa_addr, &n), sizeof(net));
	memcpy(&mask, bytes_of(i->ifa_netmask, &n), sizeof(mask));
	net.s_addr &= mask.s_addr;
	snprintf(h->subnet, sizeof(h->subnet), "%s/%d",
		 inet_ntop(AF_INET, &net, text, sizeof(text)),
		 __builtin_popcount(mask.s_addr));
}

/* The own network and its interface, for MPI, Gloo and NCCL: without them MPI
 * tries every bridge there is, and Gloo whatever the host's name resolves to.
 * All of 127.0.0.0/8 is on the loopback interface, listed or not. */
static void find_network(struct hosts *h)
{
	const struct sockaddr *own = address_of(&h->list[h->self]);
	struct ifaddrs *list = NULL;
	bool loop = is_loopback(own);

	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!is_internet(i->ifa_addr) ||
		    !(loop ? is_loopback(i->ifa_addr)
			   : same_address(i->ifa_addr, own)))
			continue;
		snprintf(h->interface, sizeof(h->interface), "%s", i->ifa_name);
		note_subnet(h, i);
	}
	if (loop)
		snprintf(h->subnet, sizeof(h->subnet), "127.0.0.0/8");
	freeifaddrs(list);
}

/* The order matters: a name that means 127.0.1.1 is mended before loopback
 * addresses are refused, and the own entry is looked for among what came of
 * it. */
int hosts_open(struct hosts *h, const char *ips, const char *host,
	       struct fl_err *err)
{
	int rc;

	memset(h, 0, sizeof(*h));
	rc = parse(h, ips, err);
	if (rc == 0)
		mend_own_name(h);
	if (rc == 0)
		rc = check_loopback(h, err);
	if (rc == 0)
		rc = find_self(h, host, err);
	if (rc == 0)
		find_network(h);
	else
		hosts_release(h);
	return rc;
}

void hosts_release(struct hosts *h)
{
	free(h->list);
	h->list = NULL;
	h->count = 0;
}

const char *hosts_own(const struct hosts *h)
{
	return h->count ? h->list[h->self].name : "127.0.0.1";
}

const char *hosts_name(const struct hosts *h, int host)
{
	return h->list[host].name;
}

/* By the address alone: the port that a caller has is its system's choice. */
int hosts_find(const struct hosts *h, const struct sockaddr *address)
{
	for (int i = 0; i < h->count; i++)
		if (same_address(address_of(&h->list[i]), address))
			return i;
	return -1;
}

void hosts_endpoint(const struct host *h, int port,
		    struct sockaddr_storage *out)
{
	*out = h->address;
	if (out->ss_family == AF_INET)
		((struct sockaddr_in *)(void *)out)->sin_port =
			htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)(void *)out)->sin6_port =
			htons((uint16_t)port);
}

int hosts_call(const struct hosts *hosts, int peer, int port)
{
	const struct host *own = &hosts->list[hosts->self];
	const struct host *other = &hosts->list[peer];
	struct sockaddr_storage from, to;
	int fd, why;

	hosts_endpoint(own, 0, &from);
	hosts_endpoint(other, port, &to);
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -1;
	/* The other side turns away what does not come from an address of --ips
	 * (peers.c). Without success the system chooses, which may do as
	 * well. */
	if (from.ss_family == to.ss_family)
		bind(fd, (struct sockaddr *)(void *)&from, own->size);
	if (connect(fd, (struct sockaddr *)(void *)&to, other->size) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}
