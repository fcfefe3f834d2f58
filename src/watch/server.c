/* server.c - libmicrohttpd under names of ours, which this file alone includes.
 *
 * It runs no thread: server_turn() waits for its sockets and calls answer().
 * Connections, their memory and their patience are bounded, for whoever can
 * reach the port may open as many as they like. */
#include "watch/server.h"

#include "base/arena.h"
#include "base/file.h"
#include "watch/password.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#define MOST_CONNECTIONS 64u
#define PATIENCE_S 10u
#define CONNECTION_BYTES ((size_t)32 * 1024)

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	char url[300];
};

const char *server_library_version(void)
{
	return MHD_get_version();
}

/* --- who may ask --- */

static bool is_loopback(const struct sockaddr *a)
{
	const struct sockaddr_in *four = (const void *)a;
	const struct sockaddr_in6 *six = (const void *)a;

	if (a->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* A name that leads to this machine for everyone; behind it a port may stand. */
static bool names_us(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
					     "[::1]" };

	for (size_t i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) == 0 &&
		    (host[len] == '\0' || host[len] == ':'))
			return true;
	}
	return false;
}

static bool may_ask(const struct server *s, struct MHD_Connection *c)
{
	if (!*s->options.token)
		return names_us(MHD_lookup_connection_value(
			c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST));
	return password_fits(
		MHD_lookup_connection_value(c, MHD_HEADER_KIND,
					    MHD_HTTP_HEADER_AUTHORIZATION),
		s->options.token);
}

/* --- answers --- */

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status,
				 const char *type, const char *text, size_t len)
{
	static const char *const headers[][2] = {
		{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
	};
	struct MHD_Response *r = MHD_create_response_from_buffer(
		len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(r, headers[i][0], headers[i][1]);
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					"Basic realm=\"flotilla\"");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status,
			      const char *why)
{
	return send_text(c, status, "text/plain; charset=utf-8", why,
			 strlen(why));
}

static enum MHD_Result answer(void *self, struct MHD_Connection *c,
			      const char *url, const char *method,
			      const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	const struct server *s = self;
	struct fl_str text = FL_STR_INIT;
	const char *type;
	enum MHD_Result rc;

	(void)version;
	(void)upload;
	/* Called for the head, and again when the whole question is there. */
	if (!*state) {
		*state = self;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!may_ask(s, c))
		return *s->options.token
			       ? refuse(c, MHD_HTTP_UNAUTHORIZED,
					"a token is wanted (FLOTILLA_TOKEN): a "
					"browser takes it as the password\n")
			       : refuse(c, MHD_HTTP_FORBIDDEN,
					"only as localhost or 127.0.0.1\n");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "there is nothing to change here\n");
	type = s->options.document(s->options.self, url, &text);
	rc = type ? send_text(c, MHD_HTTP_OK, type, fl_str_get(&text), text.len)
		  : refuse(c, MHD_HTTP_NOT_FOUND, "there is no such page\n");
	fl_str_release(&text);
	return rc;
}

/* --- opening --- */

static int find_address(const struct server_options *o, struct addrinfo **list,
			struct fl_err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	char port[16];
	int rc;

	snprintf(port, sizeof(port), "%d", o->port);
	rc = getaddrinfo(o->address, port, &hints, list);
	if (rc != 0)
		return fl_fail(err, FL_EUSAGE,
			       "'%s' is no address of this machine: %s",
			       o->address, gai_strerror(rc));
	if (!*o->token && !is_loopback((*list)->ai_addr)) {
		freeaddrinfo(*list);
		return fl_fail(err, FL_EUSAGE,
			       "on '%s' other machines may ask: that wants a "
			       "token (FLOTILLA_TOKEN or --token)",
			       o->address);
	}
	return 0;
}

static int listen_at(const struct server_options *o, const struct addrinfo *a,
		     int *fd, struct fl_err *err)
{
	int yes = 1;

	*fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
	/* After its end a port is ours again at once. */
	if (*fd >= 0)
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (*fd >= 0 && bind(*fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(*fd, 64) == 0)
		return 0;
	fl_fail(err, errno == EADDRINUSE ? FL_EUSAGE : FL_EIO,
		"port %d of '%s' cannot be opened: %s%s", o->port, o->address,
		strerror(errno),
		errno == EADDRINUSE ? "; --serve 0 takes one that is free"
				    : "");
	fl_close(fd);
	return err->code;
}

static void name_url(struct server *s, int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[128] = "", port[16] = "";

	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		getnameinfo((struct sockaddr *)&a, len, host, sizeof(host),
			    port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(s->url, sizeof(s->url),
		 strchr(host, ':') ? "http://[%s]:%s/" : "http://%s:%s/", host,
		 port);
}

static int start(struct server *s, int fd, struct fl_err *err)
{
	signal(SIGPIPE, SIG_IGN); /* somebody who hangs up ends nothing */
	s->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, s,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
		MHD_OPTION_END);
	if (s->daemon)
		return 0;
	close(fd);
	return fl_fail(err, FL_EIO, "cannot serve at %s: %s", s->url,
		       strerror(errno));
}

int server_open(struct server **out, const struct server_options *o,
		struct fl_err *err)
{
	struct addrinfo *list;
	struct server *s;
	int fd, rc = find_address(o, &list, err);

	if (rc != 0)
		return rc;
	rc = listen_at(o, list, &fd, err);
	freeaddrinfo(list);
	if (rc != 0)
		return rc;
	s = fl_calloc(1, sizeof(*s));
	s->options = *o;
	name_url(s, fd);
	rc = start(s, fd, err);
	if (rc == 0)
		*out = s;
	else
		free(s);
	return rc;
}

const char *server_url(const struct server *s)
{
	return s->url;
}

void server_turn(struct server *s, double seconds)
{
	MHD_run_wait(s->daemon, (int32_t)(1e3 * seconds));
}

void server_close(struct server *s)
{
	MHD_stop_daemon(s->daemon);
	free(s);
}
