/* Names of pictures come from other machines: from Windows, from servers, from
 * the folder that a converter was started in. Training and 'data check' ask
 * here, so both find the same files. A name as written comes first; it is
 * mended only where it leads nowhere, and only in ways that can mean one
 * thing. */
#include "data/image_files.h"

#include "base/file.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Behind the last slash of either kind. */
const char *image_last_part(const char *name)
{
	const char *cut = strrchr(name, '/'), *back = strrchr(name, '\\');

	if (!cut || (back && back > cut))
		cut = back;
	return cut ? cut + 1 : name;
}

/* An absolute name stays one, as Python's os.path.join has it. */
static void join(const char *dir, const char *name, char *buf, size_t size)
{
	if (*name == '/')
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s/%s", dir, name);
}

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Slashes for backslashes, bytes for their %XX (Label Studio and others export
 * URLs). %00 would end the name and stays. */
static void plain(const char *name, char out[PATH_MAX])
{
	size_t n = 0;

	for (const char *p = name; *p && n + 1 < PATH_MAX; p++) {
		int high = *p == '%' ? hex(p[1]) : -1;
		int low = high >= 0 ? hex(p[2]) : -1;

		if (low >= 0 && high + low > 0) {
			out[n++] = (char)(high << 4 | low);
			p += 2;
		} else {
			out[n++] = *p == '\\' ? '/' : *p;
		}
	}
	out[n] = '\0';
}

/* The path with its ending in small letters, then in capitals: Windows and
 * macOS do not tell them apart. The path is as it was where neither is
 * there. */
static bool other_ending(char *path)
{
	char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
	char kept[16];

	if (!dot || dot < slash || strlen(dot) >= sizeof(kept))
		return false;
	snprintf(kept, sizeof(kept), "%s", dot);
	for (char *p = dot; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (fl_exists(path))
		return true;
	for (char *p = dot; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (fl_exists(path))
		return true;
	memcpy(dot, kept, strlen(kept));
	return false;
}

/* "images/001.jpg" below ".../images": the rest, or NULL. Converters write
 * names from the folder above. */
static const char *below_itself(const char *dir, const char *name)
{
	size_t end = strlen(dir), start, len;

	while (end > 0 && dir[end - 1] == '/')
		end--;
	for (start = end; start > 0 && dir[start - 1] != '/';)
		start--;
	len = end - start;
	return len > 0 && strncmp(name, dir + start, len) == 0 &&
			       name[len] == '/'
		       ? name + len + 1
		       : NULL;
}

/* buf has the path that was tried last, whatever the answer. */
static bool try(const char *dir, const char *name, char *buf, size_t size)
{
	join(dir, name, buf, size);
	return fl_exists(buf) || other_ending(buf);
}

enum image_found image_file_find(const char *dir, const char *name, bool flat,
				 char *buf, size_t size)
{
	char mended[PATH_MAX];
	const char *rest;

	/* The recipe says so; it is never guessed, since two folders may hold
	 * one name. */
	if (flat)
		name = image_last_part(name);
	join(dir, name, buf, size);
	if (fl_exists(buf))
		return IMAGE_AS_WRITTEN;
	plain(name, mended);
	if (try(dir, mended, buf, size))
		return IMAGE_MENDED;
	rest = below_itself(dir, mended);
	if (rest && try(dir, rest, buf, size))
		return IMAGE_MENDED;
	/* The caller names the file as it was written. */
	join(dir, name, buf, size);
	return IMAGE_ABSENT;
}

bool image_file_lies_flat(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return image_file_find(dir, name, true, path, sizeof(path)) !=
	       IMAGE_ABSENT;
}
