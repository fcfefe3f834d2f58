/* ledger_means.c - ledger.jsonl read beside the training that it is of.
 *
 * Called before each page, on rank 0, whose machine is the one that keeps the
 * file; the agent appends while it is read, so a last line may be half. A folder
 * of logs is used again: a file that nobody wrote to since the run began is of
 * another one. */
#include "report/ledger_means.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* More are no page for people. */
#define MOST_RANKS 1024

static const char *const keys[] = { "step_ms", "compute_ms", "data_ms",
				    "wait_ms" };
#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct means {
	char host[64];
	double sums[KEYS];
	long windows;
};

static void take_line(struct means *m, size_t *ranks, const char *line,
		      size_t len)
{
	struct fl_err why = FL_ERR_INIT;
	struct json *o = json_parse(line, len, "ledger", &why);
	const struct json *list = json_get(o, "ranks");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *rank = json_at(list, i);
		int64_t r = json_int_or(rank, "rank", -1);

		if (r < 0 || r >= MOST_RANKS)
			continue;
		*ranks = (size_t)r >= *ranks ? (size_t)r + 1 : *ranks;
		strncpy(m[r].host, json_text_or(rank, "host", ""),
			sizeof(m[r].host) - 1);
		for (size_t k = 0; k < KEYS; k++)
			m[r].sums[k] += json_real_or(rank, keys[k], 0);
		m[r].windows++;
	}
	json_free(o);
}

static struct json *means_json(const struct means *m, size_t ranks)
{
	struct json *list = json_new_array();

	for (size_t r = 0; r < ranks; r++) {
		struct json *o = json_new_object();

		json_set_text(o, "host", m[r].host);
		for (size_t k = 0; m[r].windows > 0 && k < KEYS; k++)
			json_set_real(o, keys[k],
				      m[r].sums[k] / (double)m[r].windows);
		json_add(list, o);
	}
	return list;
}

struct json *ledger_means(const char *path, time_t since)
{
	struct fl_err why = FL_ERR_INIT;
	struct means *m;
	struct stat st;
	struct fl_map map;
	size_t ranks = 0;
	struct json *out;
	const char *at, *end, *stop;

	if (stat(path, &st) != 0 || st.st_mtime < since ||
	    fl_map_open(&map, path, &why) != 0)
		return NULL;
	m = fl_calloc(MOST_RANKS, sizeof(*m));
	at = (const char *)map.data;
	end = at + map.size;
	while (at < end &&
	       (stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		take_line(m, &ranks, at, (size_t)(stop - at));
		at = stop + 1;
	}
	fl_map_close(&map);
	out = ranks ? means_json(m, ranks) : NULL;
	free(m);
	return out;
}
