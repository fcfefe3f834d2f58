/* hosts.h - the machines of --ips, and which of them this one is.
 *
 * Names and addresses (IPv4, IPv6) are resolved once, at the start. Own
 * addresses are read from the interfaces, never guessed from the host name.
 *
 * Ownership: the list is the struct's own; hosts_release frees it.
 * Threads: the agent's main thread.
 */
#ifndef FL_LAUNCH_HOSTS_H
#define FL_LAUNCH_HOSTS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/socket.h>

#define HOSTS_MAX 1024

struct host {
	char name[256];			 /* as --ips has it */
	char numeric[64];		 /* what it resolves to */
	struct sockaddr_storage address; /* port 0 */
	socklen_t size;
};

struct hosts {
	struct host *list;
	int count;
	int self;	    /* this machine's place in the list */
	char ips[65536];    /* the list as given, for comparison */
	char subnet[96];    /* of the own address, "10.0.0.0/24"; "" unknown */
	char interface[32]; /* that has the own address; "" unknown */
};

/* ips: "A,B,..."; host: the own entry, or NULL to look at the interfaces. Fails
 * with FL_EUSAGE and a sentence that shows this machine's addresses beside the
 * list. */
int hosts_open(struct hosts *hosts, const char *ips, const char *host,
	       struct fl_err *err);
void hosts_release(struct hosts *hosts);

/* This machine's name in the list; "127.0.0.1" while there is none. */
const char *hosts_own(const struct hosts *hosts);
/* The name of an entry, as the list has it. */
const char *hosts_name(const struct hosts *hosts, int host);
/* Which entry has this address; -1: none. */
int hosts_find(const struct hosts *hosts, const struct sockaddr *address);
/* The address with a port, ready for bind and connect. */
void hosts_endpoint(const struct host *host, int port,
		    struct sockaddr_storage *out);

/* A socket that calls list[peer] from our listed address, by which the other
 * side knows us; it does not block. -1 with errno: not even begun. Writable: see
 * SO_ERROR. */
int hosts_call(const struct hosts *hosts, int peer, int port);

/* The host of the first of "HOST:PORT,HOST:PORT", without the brackets of
 * "[::1]:80", and where its port begins (NULL: none is given). Returns the length
 * of the whole endpoint. */
size_t hosts_read_endpoint(const char *text, char *host, size_t size,
			   const char **port);

/* Is this one of this machine's addresses or names? */
bool hosts_is_own(const char *name);
/* All of this machine's, "10.0.0.1, 127.0.0.1", appended. */
void hosts_own_addresses(struct fl_str *out);

#endif
