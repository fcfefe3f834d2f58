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
#include "base/log.h"

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

/* "../datasets/x.yml" and "configs/datasets/x.yml" as "datasets/x.yml". */
static const char *without_way(const char *name)
{
	static const char *const ways[] = { "./", "../", "configs/" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (fl_starts_with(name, ways[i]))
			return without_way(name + strlen(ways[i]));
	return name;
}

const char *recipe_find(struct fl_arena *arena, const char *path,
			const char *name)
{
	/* The second for a copy of one of them: its bases are "_base_/x.yml". */
	static const char *const within[] = { "", "ppyoloe/" };
	const char *folder, *found;

	if (name[0] == '/' || name[0] == '~' || fl_exists(path))
		return path;
	folder = recipe_folder(arena);
	for (size_t i = 0; folder && i < sizeof(within) / sizeof(within[0]);
	     i++) {
		found = fl_arena_printf(arena, "%s/%s%s", folder, within[i],
					without_way(name));
		if (!fl_exists(found))
			continue;
		fl_info("'%s' is not here: taking '%s', which came with flotilla",
			path, found);
		return found;
	}
	return path;
}
