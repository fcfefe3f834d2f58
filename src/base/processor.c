/* processor.c - asked when a table of loops is picked, by --version, and by the
 * key under which measured kernels are kept.
 * The compiler's builtins ask the operating system as well: a
 * processor that has AVX-512 under a kernel that does not save its
 * registers counts as one without. */
#include "base/processor.h"

#include <stdio.h>
#include <string.h>

enum fl_set fl_processor_set(void)
{
#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
		return FL_SET_BASE;
	/* Makefile.flags compiles with all four, so all four have to
	 * be there. */
	return __builtin_cpu_supports("avx512f") &&
			       __builtin_cpu_supports("avx512vl") &&
			       __builtin_cpu_supports("avx512bw") &&
			       __builtin_cpu_supports("avx512dq")
		       ? FL_SET_AVX512
		       : FL_SET_AVX2;
#else
	return FL_SET_BASE;
#endif
}

void fl_processor_name(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256], *name = NULL;

	/* "model name     : Intel(R) ..."; other architectures
	 * than x86 may have no such line. */
	while (f && !name && fgets(line, sizeof(line), f))
		if (strncmp(line, "model name", 10) == 0)
			name = strchr(line, ':');
	if (f)
		fclose(f);
	if (name) {
		name += 1 + strspn(name + 1, " ");
		name[strcspn(name, "\n")] = '\0';
	}
	snprintf(out, size, "%s", name ? name : "");
}
