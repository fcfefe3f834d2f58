/* recipe_find.c - where a recipe is that was given by a name.
 *
 * Called for -c and for each entry of _BASE_. A file at the given place always
 * comes first, as in the reference. Only where there is none, the recipes that
 * came with the programs are looked through, so that a line from the
 * documentation works in any folder, and a recipe of the user's may build on
 * them without a path of one machine.
 */
#include "config/recipe_priv.h"

#include "base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* From the folder that the programs lie in: an installation's, and of a build
 * within the tree (build/bin). */
static const char *const places[] = { "../share/flotilla/configs",
				      "../../configs" };

const char *recipe_folder(struct fl_arena *arena)
{
	char self[PATH_MAX], folder[PATH_MAX];
	const char *place;

	if (!fl_program_path(self, sizeof(self)))
		return NULL;
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		place = fl_arena_printf(arena, "%s/%s", self, places[i]);
		if (realpath(place, folder) && fl_is_dir(folder))
			return fl_arena_strdup(arena, folder);
	}
	return NULL;
}

const char *recipe_find(struct fl_arena *arena, const char *path,
			const char *name)
{
	const char *folder, *found;

	if (name[0] == '/' || name[0] == '~' || fl_exists(path))
		return path;
	if (fl_starts_with(name, "./"))
		name += 2;
	if (fl_starts_with(name, "configs/"))
		name += strlen("configs/");
	folder = recipe_folder(arena);
	if (!folder)
		return path;
	found = fl_arena_printf(arena, "%s/%s", folder, name);
	return fl_exists(found) ? found : path;
}
