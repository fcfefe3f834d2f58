/* image_files.h - where the file of an image lies.
 *
 * As os.path.join in the reference: below the folder, or where the name says
 * if that begins with '/'. A name that leads to no file is tried once more in
 * the ways that can mean one file only: backslashes for slashes (Windows), %20
 * and the like decoded (URLs), without a first folder that is the image folder
 * itself, and with the ending in other capitals. The last part of a name alone
 * is taken only where flat asks for it: pictures of several folders often share
 * names.
 */
#ifndef FL_DATA_IMAGE_FILES_H
#define FL_DATA_IMAGE_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum image_found {
	IMAGE_AS_WRITTEN,
	IMAGE_MENDED,
	IMAGE_ABSENT /* buf has the path as written */
};

enum image_found image_file_find(const char *dir, const char *name, bool flat,
				 char *buf, size_t size);
/* The part behind the last slash or backslash; borrowed. */
const char *image_last_part(const char *name);
/* Does the last part of a name lie in the folder? */
bool image_file_lies_flat(const char *dir, const char *name);

#endif
