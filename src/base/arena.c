/* Memory that is freed by its owner's end, and malloc that does not fail.
 * A block is 64 KiB, so that the thousands of names and small lists of a recipe
 * or a data set take a few calls of the allocator; what is larger gets a block
 * of its own. Whoever is out of memory here ends the program: no caller could do
 * more than say so. */
#include "base/arena.h"

#include "base/err.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks grow at the head alone: what the block before has left is
 * given up, since looking for room in all of them would cost more than
 * the few kilobytes that are lost. */
#define BLOCK_BYTES ((size_t)64 * 1024)

struct fl_arena_block {
	struct fl_arena_block *next;
	size_t used, size;
	_Alignas(64) unsigned char data[];
};

/* Straight to standard error, without fl_fail or the log: both may
 * want memory. */
static noreturn void out_of_memory(size_t bytes)
{
	fprintf(stderr, "flotilla: out of memory: cannot get %zu bytes\n",
		bytes);
	exit(fl_exit_status(FL_ENOMEM));
}

void *fl_malloc(size_t bytes)
{
	/* malloc(0) may be NULL, which here means that memory is out. */
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *fl_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory(count * size);
	return p;
}

void *fl_realloc(void *old, size_t bytes)
{
	void *p = realloc(old, bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

char *fl_strdup(const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(fl_malloc(n), text, n);
}

static struct fl_arena_block *block_new(size_t need)
{
	size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
	/* aligned_alloc wants a multiple of the alignment. */
	size_t total = (sizeof(struct fl_arena_block) + size + 63) / 64 * 64;
	struct fl_arena_block *b = aligned_alloc(64, total);

	if (!b)
		out_of_memory(total);
	b->next = NULL;
	b->used = 0;
	b->size = size;
	return b;
}

void *fl_arena_alloc(struct fl_arena *arena, size_t bytes)
{
	/* 64 is a line of the cache and a register of AVX-512; 16
	 * suffices for every type of C. */
	size_t align = bytes >= 64 ? 64 : 16;
	struct fl_arena_block *b = arena->head;
	size_t at = b ? (b->used + align - 1) / align * align : 0;

	if (!b || at + bytes > b->size) {
		b = block_new(bytes);
		b->next = arena->head;
		arena->head = b;
		at = 0;
	}
	b->used = at + bytes;
	return memset(b->data + at, 0, bytes);
}

void *fl_arena_array(struct fl_arena *arena, size_t count, size_t size)
{
	/* Half of what a size_t holds, so that the rounding in
	 * block_new cannot overflow either. */
	if (size && count > SIZE_MAX / 2 / size)
		out_of_memory(SIZE_MAX);
	return fl_arena_alloc(arena, count * size);
}

char *fl_arena_strndup(struct fl_arena *arena, const char *text, size_t len)
{
	/* The last byte is zero already. */
	char *p = fl_arena_alloc(arena, len + 1);

	return memcpy(p, text, len);
}

char *fl_arena_strdup(struct fl_arena *arena, const char *text)
{
	return fl_arena_strndup(arena, text, strlen(text));
}

char *fl_arena_printf(struct fl_arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	FL_ASSERT(n >= 0);
	p = fl_arena_alloc(arena, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void fl_arena_release(struct fl_arena *arena)
{
	while (arena->head) {
		struct fl_arena_block *b = arena->head;

		arena->head = b->next;
		free(b);
	}
}
