/* Frames over a link: whole whatever the pieces, and with a seal none can be changed, left out,
 * repeated or made up. */
#include "launch/link/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const unsigned char key[FL_DIGEST_BYTES] = { 1, 2, 3 };
static const unsigned char other[FL_DIGEST_BYTES] = { 1, 2, 4 };

/* What wires put on the line, and how a wire takes it. */
struct line {
	struct wire from, to;
	int ends[2];
	unsigned char bytes[8192];
	size_t size;
};

static void open_line(struct line *l)
{
	int there[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, l->ends), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, there), 0);
	wire_init(&l->from, l->ends[0]);
	wire_init(&l->to, there[1]);
	l->ends[0] = there[0];
	l->size = 0;
}

static void close_line(struct line *l)
{
	wire_close(&l->from);
	wire_close(&l->to);
	close(l->ends[0]);
	close(l->ends[1]);
}

/* Sends a frame of n bytes; returns where in bytes it begins. */
static size_t send_frame(struct line *l, int type, size_t n)
{
	unsigned char body[1024];
	size_t at = l->size;
	ssize_t got;

	memset(body, type, sizeof(body));
	wire_send(&l->from, type, 7, body, n);
	assert_true(wire_pump(&l->from));
	got = recv(l->ends[1], l->bytes + at, sizeof(l->bytes) - at, 0);
	assert_true(got > 0);
	l->size += (size_t)got;
	return at;
}

/* Hands bytes to the wire that takes, some at a time; the last answer of wire_next. */
static int take(struct line *l, size_t first, size_t size, size_t at_once,
		struct wire_frame *f)
{
	int rc = 0;

	for (size_t i = 0; i < size && rc == 0; i += at_once) {
		size_t n = size - i < at_once ? size - i : at_once;

		assert_int_equal(send(l->ends[0], l->bytes + first + i, n, 0),
				 n);
		assert_true(wire_pump(&l->to));
		rc = wire_next(&l->to, f);
	}
	return rc;
}

static void seal_both(struct line *l)
{
	wire_start_seal(&l->from.sends, key);
	wire_start_seal(&l->to.takes, key);
}

static void check_frame(const struct wire_frame *f, int type, size_t n)
{
	assert_int_equal(f->type, type);
	assert_int_equal(f->attempt, 7);
	assert_int_equal(f->size, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(f->data[i], type);
}

static void test_pieces(void **state)
{
	(void)state;
	for (int sealed = 0; sealed < 2; sealed++) {
		for (int exact = 0; exact < 2; exact++) {
			struct wire_frame f;
			struct line l;
			size_t second;

			open_line(&l);
			if (sealed)
				seal_both(&l);
			l.to.exact = exact;
			send_frame(&l, WIRE_STATE, 100);
			second = send_frame(&l, WIRE_LOG, 0);
			assert_int_equal(take(&l, 0, second, 1, &f), 1);
			check_frame(&f, WIRE_STATE, 100);
			assert_int_equal(
				take(&l, second, l.size - second, 1000, &f), 1);
			check_frame(&f, WIRE_LOG, 0);
			close_line(&l);
		}
	}
}

/* Every bit of a sealed frame counts, header, payload and seal. */
static void test_changed(void **state)
{
	size_t whole = 16 + 20 + FL_SEAL_BYTES;

	(void)state;
	for (size_t bit = 0; bit < 8 * whole; bit++) {
		struct wire_frame f;
		struct line l;

		open_line(&l);
		seal_both(&l);
		send_frame(&l, WIRE_STATE, 20);
		assert_int_equal(l.size, whole);
		l.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		/* A larger size waits for bytes that never come. */
		assert_int_not_equal(take(&l, 0, whole, whole, &f), 1);
		close_line(&l);
	}
}

static void test_order(void **state)
{
	struct wire_frame f;
	struct line l;
	size_t second, third;

	(void)state;
	open_line(&l);
	seal_both(&l);
	send_frame(&l, WIRE_STATE, 5);
	second = send_frame(&l, WIRE_FAULT, 5);
	assert_int_equal(take(&l, 0, second, 99, &f), 1);
	assert_int_equal(take(&l, 0, second, 99, &f), -1); /* once more */
	close_line(&l);

	open_line(&l);
	seal_both(&l);
	send_frame(&l, WIRE_STATE, 5);
	second = send_frame(&l, WIRE_FAULT, 5);
	third = send_frame(&l, WIRE_STOP, 5);
	assert_int_equal(take(&l, 0, second, 99, &f), 1);
	assert_int_equal(take(&l, third, l.size - third, 99, &f), -1);
	close_line(&l);
}

/* From a side that has no key, has another, or seals where nothing was agreed. */
static void test_strangers(void **state)
{
	struct wire_frame f;
	struct line l;

	(void)state;
	for (int who = 0; who < 3; who++) {
		open_line(&l);
		if (who != 2)
			wire_start_seal(&l.to.takes, key);
		if (who != 0)
			wire_start_seal(&l.from.sends, who == 1 ? other : key);
		send_frame(&l, WIRE_STOP, 30);
		assert_int_equal(take(&l, 0, l.size, l.size, &f), -1);
		close_line(&l);
	}
}

/* Two wires that are a TCP link, for resets are TCP's. */
static void open_link(struct wire *a, struct wire *b)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(here);
	int door = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(door, (struct sockaddr *)(void *)&here, n), 0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(
		getsockname(door, (struct sockaddr *)(void *)&here, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&here, n), 0);
	wire_init(a, fd);
	wire_init(b, accept(door, NULL, NULL));
	assert_true(b->fd >= 0);
	close(door);
}

/* Without reading. */
static void say(struct wire *w)
{
	assert_int_equal(send(w->fd, w->out, w->out_used, 0), w->out_used);
	w->out_sent = w->out_used;
}

/* What b hears of a that said "state" and ended, while b was about to speak. */
static void hear_last_words(struct wire *b)
{
	struct wire_frame f = { 0 };
	int turns = 0;

	wire_send(b, WIRE_PING, 0, NULL, 0);
	while (wire_pump(b) && turns++ < 1000)
		poll(NULL, 0, 1);
	assert_int_equal(b->fd, -1);
	assert_int_equal(wire_next(b, &f), 1);
	assert_int_equal(f.type, WIRE_STATE);
	assert_int_equal(f.size, 4);
	assert_int_equal(wire_next(b, &f), 0);
}

/* A peer that ends over unread bytes resets the link, and its last words are on
 * this side by then: sending fails, reading does not. */
static void test_last_words(void **state)
{
	struct pollfd reset;
	struct wire a, b;

	(void)state;
	open_link(&a, &b);
	wire_send(&b, WIRE_PING, 0, NULL, 0);
	assert_true(wire_pump(&b));
	wire_send(&a, WIRE_STATE, 0, "over", 4);
	say(&a);
	close(a.fd); /* as the kernel does for one that is killed */
	a.fd = -1;
	reset = (struct pollfd){ b.fd, 0, 0 };
	assert_int_equal(poll(&reset, 1, 1000), 1);
	hear_last_words(&b);
	wire_close(&a);
	wire_close(&b);
}

/* One that takes leave resets nothing. */
static void test_leave(void **state)
{
	struct pollfd fd;
	struct wire a, b;
	int why = 0;
	socklen_t n = sizeof(why);

	(void)state;
	open_link(&a, &b);
	wire_send(&b, WIRE_PING, 0, NULL, 0);
	assert_true(wire_pump(&b));
	fd = (struct pollfd){ a.fd, POLLIN, 0 };
	assert_int_equal(poll(&fd, 1, 1000), 1);
	wire_send(&a, WIRE_STATE, 0, "over", 4);
	say(&a);
	wire_close(&a);
	fd = (struct pollfd){ b.fd, POLLIN, 0 };
	assert_int_equal(poll(&fd, 1, 1000), 1);
	assert_int_equal(getsockopt(b.fd, SOL_SOCKET, SO_ERROR, &why, &n), 0);
	assert_int_equal(why, 0);
	hear_last_words(&b);
	wire_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
