/* arena.h - memory that belongs to a lifetime, not to a pointer.
 *
 * Allocations are bumped off growing blocks, zeroed, aligned to 64 bytes if
 * large (>= 64) and to 16 otherwise, and all freed at once. Out of memory ends
 * the program with a sentence: small allocations have no recovery worth its
 * code. Large tensors do not come from here (see device/device.h).
 *
 * Threads: an arena belongs to one thread at a time.
 */
#ifndef FL_BASE_ARENA_H
#define FL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct fl_arena {
	struct fl_arena_block *head;
};

#define FL_ARENA_INIT \
	{             \
		0     \
	}

void *fl_arena_alloc(struct fl_arena *arena, size_t bytes);
/* count * size with the overflow checked. */
void *fl_arena_array(struct fl_arena *arena, size_t count, size_t size);
char *fl_arena_strdup(struct fl_arena *arena, const char *text);
char *fl_arena_strndup(struct fl_arena *arena, const char *text, size_t len);
char *fl_arena_printf(struct fl_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void fl_arena_release(struct fl_arena *arena);

/* malloc, calloc, realloc that end the program when memory is out. */
void *fl_malloc(size_t bytes);
void *fl_calloc(size_t count, size_t size);
void *fl_realloc(void *old, size_t bytes);
char *fl_strdup(const char *text);

#endif
