/* version.c - the lines of --version that both programs share: the release,
 * what compiled it, the libraries that run, and the processor.
 *
 * Called by the mains, which know their libraries. The commit comes from the
 * Makefile where the tree is a git repository; there is no date or folder of
 * the build, so that the same source makes the same program.
 */
#include "base/version.h"

#include "base/cores.h"
#include "base/processor.h"

#include <gnu/libc-version.h>
#include <stdbool.h>
#include <string.h>

#ifndef FLOTILLA_COMMIT
#define FLOTILLA_COMMIT ""
#endif

#ifdef __x86_64__
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "another machine"
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Instruction sets that kernels and libraries choose by, where there are. */
static void print_sets(FILE *to)
{
#ifdef __x86_64__
#define SET(name)                                       \
	{                                               \
		name, __builtin_cpu_supports(name) != 0 \
	}
	const struct {
		const char *name;
		bool has;
	} sets[] = { SET("sse4.1"),    SET("avx"),	SET("avx2"),
		     SET("fma"),       SET("avx512f"),	SET("avx512vl"),
		     SET("avx512bw"),  SET("avx512dq"), SET("avx512vnni"),
		     SET("avx512bf16") };
	int said = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (sets[i].has)
			fprintf(to, "%s %s", said++ ? "" : ", with",
				sets[i].name);
#undef SET
#endif
}

static void print_processor(FILE *to)
{
	int cores = fl_cores();
	char name[256];

	fl_processor_name(name, sizeof(name));
	fprintf(to, "processor  %d core%s%s%s", cores, cores == 1 ? "" : "s",
		*name ? " of " : "", name);
	print_sets(to);
	fputc('\n', to);
}

void fl_version_print(FILE *to, const char *program,
		      const struct fl_library *const *libraries)
{
	fprintf(to, "%s %s (%s%s%s)\n", program, FLOTILLA_VERSION,
		FLOTILLA_RELEASED, *FLOTILLA_COMMIT ? ", commit " : "",
		FLOTILLA_COMMIT);
	fprintf(to, "compiler   %s for %s\n", COMPILER, MACHINE);
	fprintf(to, "libraries  glibc %s", gnu_get_libc_version());
	for (; *libraries; libraries++)
		for (const struct fl_library *l = *libraries; l->name; l++)
			fprintf(to, ", %s %s", l->name, l->version());
	fputc('\n', to);
	print_processor(to);
}
