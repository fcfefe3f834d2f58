/* replay.c - the main() of targets without libFuzzer: every file of the folders
 * and files that are named is given to the target once. A target that dies does so
 * with the name of its input on standard error. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int inputs;

static void replay_file(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	uint8_t *exact;

	if (fl_map_open(&map, path, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	/* A name before, for after is too late; a copy, so that the sanitizer
	 * knows where the input ends. */
	fprintf(stderr, "%s\n", path);
	exact = malloc(map.size ? map.size : 1);
	memcpy(exact, map.data, map.size);
	LLVMFuzzerTestOneInput(exact, map.size);
	free(exact);
	fl_map_close(&map);
	inputs++;
}

static void replay(const char *path)
{
	struct dirent **list;
	int count =
		fl_is_dir(path) ? scandir(path, &list, NULL, alphasort) : -1;

	if (count < 0) {
		replay_file(path);
		return;
	}
	for (int i = 0; i < count; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			replay_file(file);
		free(list[i]);
	}
	free(list);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%d inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
