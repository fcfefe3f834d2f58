/* lines.c - the lines between a trainer and its agent, as one table.
 *
 * agent_link.c writes by it in the trainer and reads the agent's "go";
 * launch/job/trainer.c reads by it in the agent, and launch/watch/agree.c
 * answers. A line that an end does not know is left unread by it, so that a
 * trainer of a newer build runs under an older agent.
 */
#include "agent/lines.h"

#include <string.h>

static const struct field hello_rows[] = {
	FIELD(INT, struct agent_hello, version, "version"),
};
static const struct record hello_record =
	RECORD(struct agent_hello, hello_rows);

static const struct field item_rows[] = {
	FIELD(TEXT, struct agent_item, name, "name"),
	FIELD(TEXT, struct agent_item, text, "text"),
};
const struct record agent_item_record = RECORD(struct agent_item, item_rows);

static const struct field digest_rows[] = {
	FIELD(JSON, struct agent_digest, items, "items",
	      .of = &agent_item_record),
};
const struct record agent_digest_record =
	RECORD(struct agent_digest, digest_rows);

static const struct field model_rows[] = {
	FIELD(LONG, struct agent_model, gradient_bytes, "gradient_bytes"),
	FIELD(LONG, struct agent_model, checkpoint_bytes, "checkpoint_bytes"),
	FIELD(INT, struct agent_model, checkpoints, "checkpoints"),
	FIELD(TEXT, struct agent_model, folder, "folder"),
};
const struct record agent_model_record = RECORD(struct agent_model, model_rows);

static const struct field pace_rows[] = {
	FIELD(LONG, struct agent_pace, gradient_bytes, "gradient_bytes"),
	FIELD(INT, struct agent_pace, small_sums, "small_sums"),
	FIELD(REAL, struct agent_pace, compute_s, "compute_s"),
	FIELD(REAL, struct agent_pace, step_s, "step_s"),
};
const struct record agent_pace_record = RECORD(struct agent_pace, pace_rows);

static const struct field checkpoint_rows[] = {
	FIELD(LONG, struct agent_checkpoint, step, "step"),
	FIELD(TEXT, struct agent_checkpoint, path, "path"),
};
const struct record agent_checkpoint_record =
	RECORD(struct agent_checkpoint, checkpoint_rows);

static const struct field fault_rows[] = {
	FIELD(INT, struct agent_fault, status, "status"),
	FIELD(TEXT, struct agent_fault, text, "text"),
};
const struct record agent_fault_record = RECORD(struct agent_fault, fault_rows);

/* The order is that of the events; what people read is printed into
 * docs/launch-protocol.md, and a test keeps the two equal. */
const struct agent_line agent_lines[AGENT_EVENTS] = {
	[AGENT_HELLO] = { "hello", &hello_record, "trainer",
			  "it knows this protocol; faults of such programs are "
			  "restarted by default" },
	[AGENT_DIGEST] = { "digest", &agent_digest_record, "trainer",
			   "what it is about to train: recipe, data set, "
			   "program, numbers, weights. It then waits for `go`, "
			   "15 minutes at most" },
	[AGENT_GO] = { "go", NULL, "agent", "all ranks said the same" },
	[AGENT_MODEL] = { "model", &agent_model_record, "rank 0",
			  "what it will send in a step, and write" },
	[AGENT_PACE] = { "pace", &agent_pace_record, "rank 0, after 12 steps",
			 "mean of the last ten: computing without waiting, and "
			 "all of it; small sums of a step" },
	[AGENT_CHECKPOINT] = { "checkpoint", &agent_checkpoint_record,
			       "trainer", "one is on disk, whole" },
	[AGENT_FAULT] = { "fault", &agent_fault_record, "trainer",
			  "before it ends with an error" },
};

/* "event" comes first: people who read a log of lines look there. */
void agent_line_print(enum agent_event event, const void *values,
		      struct fl_str *out)
{
	const struct agent_line *line = &agent_lines[event];
	struct json *o = json_new_object();

	json_set_text(o, "event", line->event);
	if (line->record)
		record_set(line->record, values, 0, o);
	json_print(o, JSON_TIGHT, out);
	fl_str_add(out, "\n");
	json_free(o);
}

enum agent_event agent_line_event(const struct json *line)
{
	const char *event = json_text_or(line, "event", "");
	int i = 0;

	while (i < AGENT_EVENTS && strcmp(agent_lines[i].event, event) != 0)
		i++;
	return (enum agent_event)i;
}
