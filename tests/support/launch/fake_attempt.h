/* An attempt without a fleet: machines 127.0.0.1, 127.0.0.2, .. of which this is
 * one, its trainers as pages and sockets without processes, a post that notes
 * what would be sent, and a folder of its own for logs. */
#ifndef FL_TESTS_FAKE_ATTEMPT_H
#define FL_TESTS_FAKE_ATTEMPT_H

#include "launch/watch/watch.h"

#define FAKE_TRAINERS 4
#define FAKE_SENT 64

struct fake {
	struct launch_options options;
	struct launch_plan plan;
	struct layout layout;
	struct job job;
	struct trainer trainers[FAKE_TRAINERS];
	struct agent_status pages[FAKE_TRAINERS];
	int links[FAKE_TRAINERS]; /* the trainers' ends */
	struct post post;
	struct attempt attempt;
	bool away[8]; /* machines that are not here */
	struct {
		int host;
		enum wire_type type;
		struct json *o; /* NULL: no payload */
	} sent[FAKE_SENT];
	int sent_count;
	struct json *fault; /* the last that was reported */
	int faults;
	char folder[64];
};

/* machines of each trainers; self: which one this is. The one fake there is. */
struct fake *fake_open(int machines, int each, int self);
void fake_close(struct fake *x);
/* The last frame of this type to this machine; -1: none. */
int fake_sent(const struct fake *x, int host, enum wire_type type);
/* What a trainer of this machine was told last, without the newline. */
const char *fake_told(const struct fake *x, int local);
/* JSON in the test's words: ' stands for ". */
struct json *fake_json(const char *text);
/* Text of a file in the folder, "" if there is none. */
const char *fake_file(const struct fake *x, const char *name);
/* What the reported fault says. */
const char *fake_end(const struct fake *x);
int fake_status(const struct fake *x);

#endif
