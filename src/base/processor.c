/* See processor.h. Asked when a table of loops is picked, by --version, and by the
 * key of what was measured on this kind of processor. */
#include "base/processor.h"

#include <stdio.h>
#include <string.h>

enum fl_set fl_processor_set(void)
{
#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
		return FL_SET_BASE;
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
