/* The lines between a trainer and its agent: the trainer's end writes what the
 * agent's table reads, and waits for its word however that comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/agent_link.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int agent_end; /* of the socket that the trainer's end holds */
static struct agent_status *page;

static int open_link(void **state)
{
	int ends[2], fd = memfd_create("page", 0);
	char text[16];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    ftruncate(fd, sizeof(*page)) != 0)
		return 1;
	agent_end = ends[0];
	page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	snprintf(text, sizeof(text), "%d", ends[1]);
	setenv(AGENT_FD_VARIABLE, text, 1);
	snprintf(text, sizeof(text), "%d", fd);
	setenv(AGENT_STATUS_VARIABLE, text, 1);
	agent_link_open();
	return page == MAP_FAILED || !agent_link_is_open();
}

/* What the agent reads next: one line, which must be this event. */
static struct json *hear(enum agent_event event)
{
	struct fl_err err = FL_ERR_INIT;
	char text[4096];
	size_t n = 0;
	struct json *o;

	while (n < sizeof(text) && read(agent_end, text + n, 1) == 1 &&
	       text[n] != '\n')
		n++;
	o = json_parse(text, n, "line", &err);
	assert_non_null(o);
	assert_int_equal(agent_line_event(o), event);
	return o;
}

static void test_hello(void **state)
{
	const char want[] = "{\"event\":\"hello\",\"version\":1}\n";
	char text[sizeof(want)] = "";

	(void)state;
	/* byte for byte: other programs say it too */
	assert_int_equal(read(agent_end, text, sizeof(want) - 1),
			 sizeof(want) - 1);
	assert_string_equal(text, want);
	assert_int_equal(page->version, 1);
}

static void test_round(void **state)
{
	struct agent_model model = { 2266496, 6846592, 5, "a \"b\"\n\xff" };
	struct agent_pace pace = { 2266496, 136, 0.0367588811, 1 };
	struct agent_fault fault;
	struct agent_checkpoint c;
	struct json *o;

	(void)state;
	agent_link_model(&model);
	o = hear(AGENT_MODEL);
	memset(&model, 0, sizeof(model));
	record_read(&agent_model_record, o, &model);
	assert_int_equal(model.gradient_bytes, 2266496);
	assert_int_equal(model.checkpoint_bytes, 6846592);
	assert_int_equal(model.checkpoints, 5);
	assert_string_equal(model.folder, "a \"b\"\n?"); /* no UTF-8: marked */
	json_free(o);
	agent_link_pace(&pace);
	o = hear(AGENT_PACE);
	record_read(&agent_pace_record, o, &pace);
	assert_true(pace.compute_s == 0.036758881 && pace.step_s == 1);
	assert_int_equal(pace.small_sums, 136);
	json_free(o);
	agent_link_checkpoint(5000000000, "/tmp/x");
	o = hear(AGENT_CHECKPOINT);
	record_read(&agent_checkpoint_record, o, &c);
	assert_true(c.step == 5000000000);
	assert_string_equal(c.path, "/tmp/x");
	json_free(o);
	agent_link_fault(3, "cannot read 'x'");
	o = hear(AGENT_FAULT);
	record_read(&agent_fault_record, o, &fault);
	assert_int_equal(fault.status, 3);
	assert_string_equal(fault.text, "cannot read 'x'");
	json_free(o);
}

static int agree(const char *answer, double limit_s)
{
	const struct agent_item items[] = { { "recipe", "a: 1\nb: 2" },
					    { "weights", "" } };
	struct fl_err err = FL_ERR_INIT;
	struct agent_item item;
	struct json *o;
	int rc;

	assert_int_equal(write(agent_end, answer, strlen(answer)),
			 (ssize_t)strlen(answer));
	rc = agent_link_agree(items, 2, limit_s, &err);
	o = hear(AGENT_DIGEST);
	assert_int_equal(json_count(json_get(o, "items")), 2);
	record_read(&agent_item_record, json_at(json_get(o, "items"), 0),
		    &item);
	assert_string_equal(item.name, "recipe");
	assert_string_equal(item.text, "a: 1\nb: 2");
	json_free(o);
	return rc;
}

static void test_agree(void **state)
{
	(void)state;
	assert_int_equal(agree("{\"event\":\"go\"}\n", 60), 0);
	/* beside what a newer agent may say, however it is spaced */
	assert_int_equal(
		agree("{\"event\": \"new\"}\nno JSON\n{ \"event\" : \"go\" }\n",
		      60),
		0);
	assert_int_equal(agree("{\"event\":\"stay\"}\n{\"event\":\"go\"", 0.05),
			 FL_ETIMEOUT);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(agent_line_event(NULL), AGENT_EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, open_link, NULL);
}
