/* new_machine.c - what the machine allows: a step is planned and timed with the
 * recipe as it is proposed. Memory bounds the batch, patience the size: a run
 * that would take longer than a day goes to a smaller size, but not below what
 * the median box needs to be seen. Called by cmd_new.c after the proposal by
 * the facts alone. */
#include "cmd/new_machine.h"

#include "base/file.h"
#include "comm/self/self.h"
#include "train/batch_room.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_H 24.0
/* Pixels of a side, as SEEN in new_proposal.c, which
 * wants them of nine boxes in ten. */
#define MEDIAN_SEEN 16.0

/* The proposal goes through a file, for that is how a recipe is read; what is
 * timed is then exactly what the user will run. */
static int load(const struct new_facts *f, const struct new_proposal *p,
		const struct labels *l, struct recipe **out, struct fl_err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct new_place place = { .folder = "/",
				   .stem = "new",
				   .data = l->tree.root,
				   .anno = { [SPLIT_TRAIN] = "train.json",
					     [SPLIT_VAL] = "val.json" } };
	struct fl_str text = FL_STR_INIT;
	char path[4096];
	int rc;

	snprintf(path, sizeof(path), "%s/flotilla-new.%ld.yml",
		 tmp && *tmp ? tmp : "/tmp", (long)getpid());
	new_recipe_text(f, p, &place, &text);
	rc = fl_write_file(path, text.data, text.len, err);
	if (rc == 0)
		rc = recipe_load(path, NULL, 0, out, err);
	unlink(path);
	fl_str_release(&text);
	return rc;
}

/* The time of a picture grows with its area, as all maps do. */
static double hours(const struct new_facts *f, const struct new_proposal *p,
		    int size)
{
	double scale = (double)size * size / p->size / p->size;

	return p->picture_s * scale * f->train * p->epochs / 3600;
}

static void bound_time(const struct new_facts *f, struct new_proposal *p)
{
	int size = p->size;
	size_t n = strlen(p->size_why);

	/* Steps of 32, the coarsest stride of the network. */
	while (size > 128 && hours(f, p, size) > PATIENCE_H &&
	       f->box_median * (size - 32) >= MEDIAN_SEEN)
		size -= 32;
	if (size == p->size)
		return;
	p->picture_s *= (double)size * size / p->size / p->size;
	snprintf(p->size_why + n, sizeof(p->size_why) - n,
		 "; at %d; at more the run would take longer than a day here",
		 p->size);
	new_set_size(p, size);
}

static int bound_memory(const struct new_facts *f, struct new_proposal *p,
			const struct recipe *recipe, struct dev *dev,
			struct comm *comm, struct fl_err *err)
{
	struct batch_room room;
	/* "Images of the data set" such that the proposed batch is the most
	 * that it allows: only memory can make it smaller. */
	int rc = batch_room_find(recipe, dev, comm, p->batch * BATCH_ROOM_STEPS,
				 1, &room, err);

	if (rc != 0)
		return rc;
	p->bytes = room.bytes;
	if (room.batch >= p->batch)
		return 0;
	new_set_batch(f, p, room.batch);
	snprintf(p->batch_why, sizeof(p->batch_why),
		 "more do not fit: the free memory is %.0f MiB",
		 room.limit / 0x1p20);
	return 0;
}

int new_fit_machine(const struct new_facts *f, const struct labels *l,
		    struct new_proposal *p, struct fl_err *err)
{
	struct dev *dev = NULL;
	struct recipe *recipe = NULL;
	struct comm *comm = comm_self_open();
	/* Four pictures tell the time of one, in little memory. */
	int timed = p->batch < 4 ? p->batch : 4;
	int rc = load(f, p, l, &recipe, err);

	if (rc == 0)
		rc = device_open("cpu", &dev, err);
	if (rc == 0)
		rc = batch_room_time(recipe, dev, timed, p->size, p->size, 2,
				     &p->picture_s, err);
	/* Timed at the proposed size, planned at the one that
	 * patience leaves. */
	recipe_free(recipe);
	recipe = NULL;
	if (rc == 0) {
		p->picture_s /= timed;
		bound_time(f, p);
		rc = load(f, p, l, &recipe, err);
	}
	if (rc == 0)
		rc = bound_memory(f, p, recipe, dev, comm, err);
	recipe_free(recipe);
	device_close(dev);
	comm_close(comm);
	if (rc != 0)
		return rc;
	p->hours = hours(f, p, p->size);
	snprintf(
		p->time_why, sizeof(p->time_why),
		"%.1f pictures a second were measured here, so about %.*f %s in all",
		1 / p->picture_s, p->hours >= 1 && p->hours < 10,
		p->hours < 1 ? ceil(p->hours * 60) : p->hours,
		p->hours < 1 ? "minutes" : "hours");
	return 0;
}
