/* annotations_store.c - writes and reads the index of an annotation file. Called by
 * annotations_read() for files of ANNOTATIONS_STORE_LEAST bytes and more.
 *
 * The index is a head, the boxes as struct annotation_box, the other tables (images and
 * categories with places of texts for pointers, then the texts), and a sum of every
 * block of both. A huge one has gigabytes, which are mapped and given back once they
 * are looked through, so that opening takes no memory for them; from a folder of the
 * network they are read, since there a file that is open may be gone. */
#include "box/annotations_store.h"

#include "base/log.h"
#include "base/par.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes with one sum: a whole number of boxes, half a MiB, so that a core's own cache
 * has them for the second look. */
#define BLOCK ((size_t)6500 * sizeof(struct annotation_box))

/* In the writer's own layout and byte order: annotations_key has the sizes of
 * the rows and a number that shows the order, so another build reads for
 * itself. */
struct index_head {
	struct annotations_key key;
	uint64_t boxes, images, categories, text; /* counts; bytes of texts */
	uint64_t mended_areas, mended_ids;
	uint64_t has_boxes, lvis;
	uint64_t sums; /* the sum of the sums */
	uint64_t own;  /* the sum of the head up to here */
};

/* Texts are places among the bytes behind the tables. */
struct kept_image {
	int64_t id;
	double width, height;
	uint64_t name;
};

struct kept_category {
	int64_t id;
	uint64_t name, parent;
};

/* The image and category tables and all texts, as they lie in the index. */
static uint64_t rest_of(const struct index_head *h)
{
	return h->images * sizeof(struct kept_image) +
	       h->categories * sizeof(struct kept_category) + h->text;
}

static uint64_t boxes_of(const struct index_head *h)
{
	return h->boxes * sizeof(struct annotation_box);
}

/* The last block of each table may be shorter: none spans boxes and texts. */
static size_t blocks_in(uint64_t bytes)
{
	return (size_t)((bytes + BLOCK - 1) / BLOCK);
}

static size_t blocks_of(const struct index_head *h)
{
	return blocks_in(boxes_of(h)) + blocks_in(rest_of(h));
}

static uint64_t bytes_of(const struct index_head *h)
{
	return sizeof(*h) + boxes_of(h) + rest_of(h) +
	       blocks_of(h) * sizeof(uint64_t);
}

#define LANES 8

static void add_words(uint64_t lane[LANES], const char *bytes)
{
	uint64_t w[LANES];

	memcpy(w, bytes, sizeof(w));
	for (int k = 0; k < LANES; k++) {
		uint64_t x = lane[k] ^ w[k];

		lane[k] = (x << 31 | x >> 33) * 0x9E3779B97F4A7C15u;
	}
}

/* Against torn files and bad disks, not against people: lanes whose steps can be undone,
 * so that no change of one word is lost. It runs as fast as memory is read, forty times
 * as fast as a digest, for gigabytes that are to be there within a second. */
static uint64_t sum_of(const void *data, size_t size)
{
	uint64_t lane[LANES], sum = size;
	char last[sizeof(lane)] = { 0 };
	const char *p = data;

	for (int k = 0; k < LANES; k++)
		lane[k] = (uint64_t)k + 1;
	for (; size >= sizeof(lane); p += sizeof(lane), size -= sizeof(lane))
		add_words(lane, p);
	memcpy(last, p, size);
	add_words(lane, last);
	for (int k = 0; k < LANES; k++) {
		sum = (sum ^ lane[k]) * 0x9E3779B97F4A7C15u;
		sum ^= sum >> 29;
	}
	return sum;
}

/* Writing */

/* Bytes of all texts, with their zeros. */
static uint64_t text_bytes(const struct annotations *a)
{
	uint64_t n = 0;

	for (size_t i = 0; i < a->image_count; i++)
		n += strlen(a->images[i].file_name) + 1;
	for (size_t i = 0; i < a->category_count; i++)
		n += strlen(a->categories[i].name) +
		     strlen(a->categories[i].parent) + 2;
	return n;
}

/* Returns its place; the zero at the end goes along. */
static uint64_t add_text(char *texts, uint64_t *at, const char *text)
{
	uint64_t place = *at;
	size_t n = strlen(text) + 1;

	memcpy(texts + place, text, n);
	*at += n;
	return place;
}

/* The tables behind the boxes in one piece (malloc). */
static char *keep_rest(const struct annotations *a, const struct index_head *h)
{
	char *rest = fl_malloc((size_t)rest_of(h) + 1);
	struct kept_image *images = (void *)rest;
	struct kept_category *categories = (void *)(images + h->images);
	char *texts = (char *)(categories + h->categories);
	uint64_t at = 0;

	for (size_t i = 0; i < a->image_count; i++) {
		const struct annotation_image *im = &a->images[i];

		images[i] = (struct kept_image){ im->id, im->width, im->height,
						 add_text(texts, &at,
							  im->file_name) };
	}
	for (size_t i = 0; i < a->category_count; i++) {
		const struct annotation_category *c = &a->categories[i];

		categories[i].id = c->id;
		categories[i].name = add_text(texts, &at, c->name);
		categories[i].parent = add_text(texts, &at, c->parent);
	}
	return rest;
}

/* What the threads share while blocks are written or read. */
struct summing {
	const char *boxes, *rest;
	uint64_t box_bytes, rest_bytes;
	uint64_t *sums;
	int fd;
	/* A block could not be written, or is not whole. */
	atomic_bool bad;
};

/* Where block i lies, and its bytes. */
static const char *block_at(const struct summing *s, size_t i, size_t *bytes)
{
	size_t boxes = blocks_in(s->box_bytes);
	bool box = i < boxes;
	size_t at = (box ? i : i - boxes) * BLOCK;
	size_t left = (size_t)(box ? s->box_bytes : s->rest_bytes) - at;

	*bytes = left < BLOCK ? left : BLOCK;
	return (box ? s->boxes : s->rest) + at;
}

/* Where a block lies in the index. */
static uint64_t place_in_index(const struct summing *s, const char *block)
{
	bool box = block >= s->boxes && block < s->boxes + s->box_bytes;

	return sizeof(struct index_head) +
	       (box ? (uint64_t)(block - s->boxes)
		    : s->box_bytes + (uint64_t)(block - s->rest));
}

static bool write_at(int fd, const void *from, size_t size, uint64_t at)
{
	const char *p = from;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

/* A piece of fl_par_for(); after a failure the others only stop sooner. */
static void write_blocks(void *ctx, size_t first, size_t last, int chunk)
{
	struct summing *s = ctx;

	(void)chunk;
	for (size_t i = first; i < last && !atomic_load(&s->bad); i++) {
		size_t n;
		const char *p = block_at(s, i, &n);

		s->sums[i] = sum_of(p, n);
		if (!write_at(s->fd, p, n, place_in_index(s, p)))
			atomic_store(&s->bad, true);
	}
}

/* False: there is no index, and nothing of it is left. */
static bool write_index(const char *index, struct index_head *h,
			const struct annotations *a, const char *rest)
{
	size_t blocks = blocks_of(h), bytes = blocks * sizeof(uint64_t);
	struct summing s = { .boxes = (const char *)a->boxes,
			     .rest = rest,
			     .box_bytes = boxes_of(h),
			     .rest_bytes = rest_of(h) };
	struct fl_err err = FL_ERR_INIT;
	struct fl_out out;
	bool good;

	/* No error of the index is told: the tables are read, and that is what
	 * counts. */
	if (fl_out_open(&out, index, &err) != 0)
		return false;
	out.unsynced = true; /* the sums tell */
	s.fd = out.fd;
	s.sums = fl_calloc(blocks + 1, sizeof(uint64_t));
	fl_par_for(blocks, 1, write_blocks, &s);
	h->sums = sum_of(s.sums, bytes);
	h->own = sum_of(h, offsetof(struct index_head, own));
	/* The list may be no one else's business. */
	good = !atomic_load(&s.bad) && fchmod(out.fd, S_IRUSR | S_IWUSR) == 0 &&
	       write_at(out.fd, s.sums, bytes, bytes_of(h) - bytes) &&
	       write_at(out.fd, h, sizeof(*h), 0);
	free(s.sums);
	if (!good)
		fl_out_abort(&out);
	return good && fl_out_commit(&out, &err) == 0;
}

/* Sizes of rows belong to the key: a struct that grew makes old indices
 * strangers. */
static struct annotations_key with_rows(const struct annotations_key *key)
{
	struct annotations_key out = *key;

	out.box = sizeof(struct annotation_box);
	out.image = sizeof(struct kept_image);
	out.category = sizeof(struct kept_category);
	return out;
}

void annotations_store_save(const char *path, const struct fl_map *file,
			    const struct annotations_key *key,
			    const struct annotations *a)
{
	struct index_head h = { .key = with_rows(key),
				.boxes = a->box_count,
				.images = a->image_count,
				.categories = a->category_count,
				.mended_areas = a->mended_areas,
				.mended_ids = a->mended_ids,
				.text = text_bytes(a),
				.has_boxes = a->has_boxes,
				.lvis = a->lvis };
	struct fl_err err = FL_ERR_INIT;
	struct annotations_key now;
	char index[PATH_MAX], *rest;

	/* Texts for ids, and faults, are rare where lists are huge. */
	if (a->ids.count > 0 || a->fault_count > 0 ||
	    fl_map_whole(file, path, &err) != 0 ||
	    !annotations_key_make(path, file, &now) ||
	    memcmp(&now, key, sizeof(now)) != 0 ||
	    !annotations_place_of(path, index, sizeof(index)))
		return;
	if (!annotations_place_ready(index, bytes_of(&h)))
		return;
	rest = keep_rest(a, &h);
	if (write_index(index, &h, a, rest))
		fl_info("'%s' opens at once from now on: its tables are kept in '%s', %llu MiB",
			path, index, (unsigned long long)bytes_of(&h) >> 20);
	free(rest);
}

/* Reading */

/* First the head's own sum, for nothing in it may be believed before. Counts
 * below the file's size: sums and products of them overflow nothing. */
static bool head_fits(const struct index_head *h, uint64_t size)
{
	return h->own == sum_of(h, offsetof(struct index_head, own)) &&
	       h->boxes < size && h->images < size && h->categories < size &&
	       h->text < size && h->images < INT_MAX && h->boxes < INT_MAX &&
	       h->categories < INT_MAX && bytes_of(h) == size;
}

/* A bool of another value than 0 and 1 is undefined to read. */
static bool is_flag(const bool *flag)
{
	return *(const unsigned char *)flag <= 1;
}

/* An index keeps no texts for ids (annotations_store_save), so none may stand for one. */
static bool is_number(int64_t id)
{
	return !text_id_is(id);
}

/* An index with true sums that another build wrote with other rules points out of no
 * table either. */
static bool boxes_fit(const struct index_head *h, const void *from,
		      size_t bytes)
{
	const struct annotation_box *b = from;
	bool good = true;

	for (size_t i = 0; i < bytes / sizeof(*b); i++, b++)
		good = good && b->image >= -1 && b->image < (int)h->images &&
		       b->category >= -1 && b->category < (int)h->categories &&
		       is_flag(&b->has_id) && is_flag(&b->has_bbox) &&
		       is_flag(&b->crowd) && is_flag(&b->ignore) &&
		       is_flag(&b->no_area) && is_number(b->id) &&
		       is_number(b->image_id) && is_number(b->category_id);
	return good;
}

struct reading {
	struct summing s; /* sums: those of the index */
	const struct index_head *head;
	const struct fl_map *map;
};

/* Boxes that were looked through need not stay: whoever reads them has them again. */
static void look_through(void *ctx, size_t first, size_t last, int chunk)
{
	struct reading *r = ctx;

	(void)chunk;
	for (size_t i = first; i < last && !atomic_load(&r->s.bad); i++) {
		bool box = i < blocks_in(r->s.box_bytes);
		size_t n;
		const char *p = block_at(&r->s, i, &n);
		size_t at = (size_t)((const unsigned char *)p - r->map->data);

		if (sum_of(p, n) != r->s.sums[i] ||
		    (box && !boxes_fit(r->head, p, n)))
			atomic_store(&r->s.bad, true);
		if (box)
			fl_map_pass(r->map, at, at + n);
	}
}

static bool sums_fit(const struct index_head *h, const struct fl_map *map,
		     uint64_t *sums)
{
	size_t bytes = blocks_of(h) * sizeof(*sums);

	/* Behind texts of any length, so no place for numbers to be read from. */
	memcpy(sums, map->data + map->size - bytes, bytes);
	return sum_of(sums, bytes) == h->sums;
}

/* The tables behind the boxes; names point to the texts at their end. */
static bool take_rest(struct annotations *a, const struct index_head *h,
		      const char *rest)
{
	const struct kept_image *images = (const void *)rest;
	const struct kept_category *categories =
		(const void *)(images + h->images);
	const char *texts = (const char *)(categories + h->categories);

	/* Then every text ends within the piece, wherever it begins. */
	if (h->text > 0 && texts[h->text - 1] != '\0')
		return false;
	a->images = fl_calloc(h->images + 1, sizeof(*a->images));
	a->categories = fl_calloc(h->categories + 1, sizeof(*a->categories));
	for (size_t i = 0; i < h->images; i++) {
		const struct kept_image *k = &images[i];

		if (k->name >= h->text || !is_number(k->id))
			return false;
		a->images[i] =
			(struct annotation_image){ k->id, texts + k->name,
						   k->width, k->height };
	}
	for (size_t i = 0; i < h->categories; i++) {
		const struct kept_category *k = &categories[i];

		if (k->name >= h->text || k->parent >= h->text ||
		    !is_number(k->id))
			return false;
		a->categories[i] =
			(struct annotation_category){ k->id, texts + k->name,
						      texts + k->parent };
	}
	return true;
}

static bool take_tables(struct annotations *a, const struct index_head *h)
{
	const struct fl_map *map = &a->kept;
	const char *boxes = (const char *)(h + 1);
	uint64_t *sums = fl_calloc(blocks_of(h) + 1, sizeof(*sums));
	struct reading r = { .s = { .boxes = boxes,
				    .rest = boxes + boxes_of(h),
				    .box_bytes = boxes_of(h),
				    .rest_bytes = rest_of(h),
				    .sums = sums },
			     .head = h,
			     .map = map };
	bool good = sums_fit(h, map, sums);

	if (good)
		fl_par_for(blocks_of(h), 1, look_through, &r);
	good = good && !atomic_load(&r.s.bad) && take_rest(a, h, r.s.rest);
	a->boxes = (struct annotation_box *)(uintptr_t)boxes;
	a->box_count = h->boxes;
	a->image_count = h->images;
	a->category_count = h->categories;
	a->has_boxes = h->has_boxes != 0;
	a->lvis = h->lvis != 0;
	a->mended_areas = h->mended_areas;
	a->mended_ids = h->mended_ids;
	free(sums);
	return good;
}

/* Who may write an index may lie in it, so it must be the user's own. */
static bool open_index(const char *index, struct fl_map *map)
{
	struct fl_err err = FL_ERR_INIT;
	struct stat st;

	if (stat(index, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() ||
	    (size_t)st.st_size < sizeof(struct index_head))
		return false;
	return (fl_is_local(index) ? fl_map_peek : fl_map_read)(map, index,
								&err) == 0;
}

bool annotations_store_load(const char *path, const struct annotations_key *key,
			    struct annotations *out)
{
	struct annotations_key wanted = with_rows(key);
	const struct index_head *h;
	struct fl_err err = FL_ERR_INIT;
	char index[PATH_MAX];

	*out = (struct annotations){ 0 };
	if (!annotations_place_of(path, index, sizeof(index)) ||
	    !open_index(index, &out->kept))
		return false;
	h = (const struct index_head *)(const void *)out->kept.data;
	if (out->kept.size >= sizeof(*h) &&
	    memcmp(&h->key, &wanted, sizeof(wanted)) == 0 &&
	    head_fits(h, out->kept.size) && take_tables(out, h) &&
	    fl_map_whole(&out->kept, index, &err) == 0)
		return true;
	annotations_release(out);
	return false;
}
