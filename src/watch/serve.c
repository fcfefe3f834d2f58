/* serve.c - the loop around server.c: looks at the folder, keeps the documents.
 *
 * A document is made when it is asked for and kept until the next look that
 * finds something new, or for a second since it tells its age, so that many who
 * ask cost the machine as little as one. */
#include "watch/serve.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "page/page.h"
#include "watch/live.h"
#include "watch/server.h"
#include "watch/show.h"
#include "watch/signals.h"
#include "watch/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEEP_S 1.0

enum document {
	DOCUMENT_PAGE,
	DOCUMENT_STATUS,
	DOCUMENTS
};

struct serving {
	struct followed *run;
	double every;
	struct {
		struct fl_str text;
		double made; /* 0: not yet, or no longer true */
	} kept[DOCUMENTS];
};

static void make(struct serving *s, enum document which, struct fl_str *out)
{
	struct json *status = status_of(s->run);

	if (which == DOCUMENT_STATUS)
		json_print(status, JSON_TIGHT, out);
	else
		live_page(&s->run->run, status, s->every, out);
	json_free(status);
}

static void give(struct serving *s, enum document which, struct fl_str *out)
{
	double now = fl_now_s();

	if (s->kept[which].made == 0 || now - s->kept[which].made > KEEP_S) {
		fl_str_clear(&s->kept[which].text);
		make(s, which, &s->kept[which].text);
		s->kept[which].made = now;
	}
	fl_str_addn(out, fl_str_get(&s->kept[which].text),
		    s->kept[which].text.len);
}

static bool read_report(const struct serving *s, struct fl_str *out)
{
	struct fl_err why = FL_ERR_INIT;
	char path[PATH_MAX];
	struct fl_map map;

	if (fl_join(path, sizeof(path), s->run->run.folder, PAGE_FILE, &why) !=
		    0 ||
	    fl_map_open(&map, path, &why) != 0)
		return false;
	fl_str_addn(out, map.data, map.size);
	return fl_map_end(&map, path, 0, &why) == 0;
}

static const char *document(void *self, const char *path, struct fl_str *out)
{
	struct serving *s = self;

	if (strcmp(path, "/") == 0) {
		give(s, DOCUMENT_PAGE, out);
		return "text/html; charset=utf-8";
	}
	if (strcmp(path, "/status.json") == 0) {
		give(s, DOCUMENT_STATUS, out);
		return "application/json";
	}
	if (strcmp(path, "/" PAGE_FILE) == 0 && read_report(s, out))
		return "text/html; charset=utf-8";
	return NULL;
}

/* Until Ctrl-C, or until the folder has been gone for a while. */
static int serve(struct serving *s, struct server *server, struct fl_err *err)
{
	double next = 0, failing = 0;

	while (!signals_ended()) {
		double now = fl_now_s();
		int rc = 0;

		if (now >= next) {
			rc = follow_update(s->run, err);
			next = now + s->every;
			if (rc >= 0)
				failing = 0;
			else if (failing == 0)
				failing = now;
			for (int i = 0; rc > 0 && i < DOCUMENTS; i++)
				s->kept[i].made = 0;
		}
		if (rc < 0 && now - failing >= SHOW_GRACE_S)
			return rc;
		if (signals_take_stop())
			raise(SIGSTOP);
		server_turn(server, fmin(fmax(next - fl_now_s(), 0), 0.2));
	}
	return 0;
}

int serve_run(struct followed *f, const struct serve_options *o,
	      struct fl_err *err)
{
	struct serving s = { .run = f, .every = o->every };
	const struct server_options options = { .address = o->address,
						.port = o->port,
						.token = o->token,
						.document = document,
						.self = &s };
	struct signals signals;
	struct server *server;
	int rc = server_open(&server, &options, err);

	if (rc != 0)
		return rc;
	if (nice(10) == -1) { /* it is as nice as it may be */
	}
	signals_catch(&signals);
	fl_info("'%s' is shown at %s until Ctrl-C%s", f->run.folder,
		server_url(server),
		*o->token ? "; the token is the password" : "");
	fflush(stdout);
	rc = serve(&s, server, err);
	signals_let(&signals);
	server_close(server);
	for (int i = 0; i < DOCUMENTS; i++)
		fl_str_release(&s.kept[i].text);
	return rc;
}
