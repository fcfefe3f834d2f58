/* What MPI's ranks hand over for each other: the first part is what a rank says to PMI-1,
 * all others are frames of a fence from the other machine, whose bytes go to that rank. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "launch/carry/fences.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void drop_unserved(void *ctx, int rank, const char *what)
{
	(void)ctx;
	FUZZ_CHECK(rank == 0 && *what);
}

static void say(struct pmi1 *pmi, int fd, const void *data, size_t size)
{
	char answers[4096];

	FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
	pmi1_turn(pmi);
	while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int devices[] = { 0 };
	struct fuzz_parts p = { .at = data, .end = data + size };
	struct launch_environ env = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct fences fences = { 0 };
	struct layout layout = { 0 };
	struct pmi1 *pmi;
	int fd;

	if (size > 65536)
		return 0;
	layout_add(&layout, 0, devices, 1);
	layout_add(&layout, 1, devices, 1);
	pmi = pmi1_new(&layout, drop_unserved, NULL);
	fd = pmi1_join(pmi, 0, &env, &err);
	FUZZ_CHECK(fd >= 0);
	fences_begin(&fences, &layout);
	fuzz_next(&p);
	say(pmi, fd, p.data, p.size);
	fences_turn(&fences, NULL, pmi);
	while (fuzz_next(&p)) {
		const struct wire_frame frame = { .type = WIRE_FENCE,
						  .data = p.data,
						  .size = p.size };

		fences_heard(&fences, 1, &frame);
	}
	say(pmi, fd, "cmd=get key=a\n", 14);
	fences_turn(&fences, NULL, pmi);
	fences_end(&fences);
	pmi1_free(pmi);
	close(fd);
	environ_release(&env);
	layout_release(&layout);
	return 0;
}
