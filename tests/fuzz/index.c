/* The kept tables of a huge annotation file (box/annotations_store.c). Its sums would
 * keep everything behind them from being looked at: so of inputs whose first byte is
 * odd the target makes head and sums right, and the rest of the bytes are the tables.
 * All others follow the true key as they are. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "box/annotations_store.h"

#include <stdlib.h>
#include <string.h>

/* As the writer lays them out; a layout that changes has another magic number, and
 * then the seeds of the corpus say nothing any more: FUZZ_CHECK at the end. */
struct kept_head {
	struct annotations_key key;
	uint64_t boxes, images, categories, text, mended[2], flags[2];
	uint64_t sums, own;
};
#define BLOCK ((size_t)6500 * sizeof(struct annotation_box))
#define IMAGE_ROW 32
#define CATEGORY_ROW 24
#define LANES 8

static uint64_t sum_of(const void *data, size_t size)
{
	uint64_t lane[LANES], words[LANES], sum = size;
	const unsigned char *p = data;
	bool last = false;

	for (int k = 0; k < LANES; k++)
		lane[k] = (uint64_t)k + 1;
	while (!last) {
		size_t n = size < sizeof(words) ? size : sizeof(words);

		last = n < sizeof(words);
		memset(words, 0, sizeof(words));
		memcpy(words, p, n);
		p += n;
		size -= n;
		for (int k = 0; k < LANES; k++) {
			uint64_t x = lane[k] ^ words[k];

			lane[k] = (x << 31 | x >> 33) * 0x9E3779B97F4A7C15u;
		}
	}
	for (int k = 0; k < LANES; k++) {
		sum = (sum ^ lane[k]) * 0x9E3779B97F4A7C15u;
		sum ^= sum >> 29;
	}
	return sum;
}

static char list[256], place[4096];
static struct annotations_key key;

static void make_list(void)
{
	static const char text[] = "{\"images\":[],\"annotations\":[],"
				   "\"categories\":[]}";
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	setenv("XDG_CACHE_HOME", fuzz_folder(), 1);
	strcpy(list, fuzz_file("list.json", text, sizeof(text) - 1));
	FUZZ_CHECK(fl_map_open(&map, list, &err) == 0);
	FUZZ_CHECK(annotations_key_make(list, &map, &key));
	fl_map_close(&map);
	FUZZ_CHECK(annotations_place_of(list, place, sizeof(place)));
	FUZZ_CHECK(annotations_place_ready(place, 1));
	key.box = sizeof(struct annotation_box);
	key.image = IMAGE_ROW;
	key.category = CATEGORY_ROW;
}

/* Head, tables as the input has them, and true sums; what is missing is zero. */
static void write_true(const uint8_t *data, size_t size)
{
	struct kept_head head = { .key = key };
	uint64_t counts[4] = { 0 }, sums[2];
	size_t boxes, rest, tables, used = 0;
	unsigned char *all;

	for (int i = 0; i < 4 && size > 0; i++, data++, size--)
		counts[i] = *data % 64;
	head.boxes = counts[0];
	head.images = counts[1];
	head.categories = counts[2];
	head.text = counts[3];
	boxes = head.boxes * sizeof(struct annotation_box);
	rest = head.images * IMAGE_ROW + head.categories * CATEGORY_ROW +
	       head.text;
	tables = boxes + rest;
	all = fl_calloc(1, sizeof(head) + tables + sizeof(sums));
	memcpy(all + sizeof(head), data, size < tables ? size : tables);
	if (boxes)
		sums[used++] = sum_of(all + sizeof(head), boxes);
	if (rest)
		sums[used++] = sum_of(all + sizeof(head) + boxes, rest);
	memcpy(all + sizeof(head) + tables, sums, used * sizeof(*sums));
	head.sums = sum_of(sums, used * sizeof(*sums));
	head.own = sum_of(&head, offsetof(struct kept_head, own));
	memcpy(all, &head, sizeof(head));
	fuzz_file(place + strlen(fuzz_folder()) + 1, all,
		  sizeof(head) + tables + used * sizeof(*sums));
	free(all);
}

static void write_raw(const uint8_t *data, size_t size)
{
	unsigned char *all = fl_malloc(sizeof(key) + size);

	memcpy(all, &key, sizeof(key));
	memcpy(all + sizeof(key), data, size);
	fuzz_file(place + strlen(fuzz_folder()) + 1, all, sizeof(key) + size);
	free(all);
}

static void look(const struct annotations *a)
{
	struct fl_str said = FL_STR_INIT;
	struct annotation_index images = annotations_index_images(a);

	for (size_t i = 0; i < a->box_count; i++) {
		FUZZ_CHECK(a->boxes[i].image < (int)a->image_count);
		FUZZ_CHECK(a->boxes[i].category < (int)a->category_count);
		annotation_index_find(&images, a->boxes[i].image_id);
	}
	for (size_t i = 0; i < a->image_count; i++)
		FUZZ_CHECK(strlen(a->images[i].file_name) < 64);
	for (size_t i = 0; i < a->category_count; i++)
		FUZZ_CHECK(strlen(a->categories[i].name) < 64);
	annotations_explain_boxes(a, &said);
	annotations_explain(a, &said);
	annotation_index_release(&images);
	fl_str_release(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct annotations_key own;
	struct annotations a;

	if (!*list)
		make_list();
	if (size == 0)
		return 0;
	(data[0] & 1 ? write_true : write_raw)(data + 1, size - 1);
	own = key;
	own.box = own.image = own.category = 0;
	if (annotations_store_load(list, &own, &a)) {
		look(&a);
		annotations_release(&a);
	} else {
		/* Nothing but true sums around nothing: this build's layout. */
		FUZZ_CHECK(size > 1 || !(data[0] & 1));
	}
	return 0;
}
