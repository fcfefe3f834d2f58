/* file_kind.c - files by their first bytes, for sentences of errors.
 *
 * Called by the readers of JSON, recipes, lists and XML after they have failed,
 * never before: a mark that a text might begin with would cost nobody a file.
 * The marks are those of the formats' own documents (as file(1) lists them).
 */
#include "text/file_kind.h"

#include "text/utf8.h"

#include <stdbool.h>
#include <string.h>

struct file_mark {
	const char *bytes;
	size_t len, at;
	const char *kind;
};

#define MARK(bytes, kind)                         \
	{                                         \
		bytes, sizeof(bytes) - 1, 0, kind \
	}

static const struct file_mark marks[] = {
	MARK("\x1F\x8B", "gzip data: unpack it with gunzip"),
	MARK("BZh", "bzip2 data: unpack it with bunzip2"),
	MARK("\xFD"
	     "7zXZ",
	     "xz data: unpack it with unxz"),
	MARK("\x28\xB5\x2F\xFD", "zstd data: unpack it with unzstd"),
	MARK("7z\xBC\xAF\x27\x1C", "a 7z archive: unpack it first"),
	MARK("Rar!\x1A\x07", "a RAR archive: unpack it first"),
	{ "ustar", 5, 257, "a tar archive: unpack it first" },
	MARK("PAR1",
	     "a Parquet table: write its rows as JSON (pandas: read_parquet, to_json)"),
	MARK("ARROW1",
	     "an Arrow table: write its rows as JSON (pandas: read_feather, to_json)"),
	MARK("FEA1",
	     "a Feather table: write its rows as JSON (pandas: read_feather, to_json)"),
	MARK("\x89HDF\r\n\x1A\n", "an HDF5 file: write what is in it as JSON"),
	MARK("\x93NUMPY",
	     "a NumPy array: write it as JSON (json.dump of its tolist())"),
	MARK("SQLite format 3", "an SQLite database: export it as JSON"),
	MARK("\x89PNG\r\n\x1A\n", "a PNG picture"),
	MARK("\xFF\xD8\xFF", "a JPEG picture"),
	MARK("%PDF-", "a PDF document"),
	MARK("version https://git-lfs",
	     "a pointer of Git LFS in place of the file: fetch it with 'git lfs pull'"),
};

static bool has(const unsigned char *data, size_t size,
		const struct file_mark *m)
{
	return size >= m->at + m->len &&
	       memcmp(data + m->at, m->bytes, m->len) == 0;
}

/* Which of the many formats that are zip archives: the first member's name
 * stands within the first bytes. */
static const char *zip_kind(const unsigned char *data, size_t size)
{
	size_t head = size < 256 ? size : 256;

	if (memmem(data, head, "data.pkl", 8))
		return "a PyTorch file: load it with torch.load and write what is in it "
		       "with json.dump (Detectron2 leaves coco_instances_results.json beside it)";
	if (memmem(data, head, ".npy", 4))
		return "an archive of NumPy arrays: write what is in it as JSON";
	if (memmem(data, head, "[Content_Types].xml", 19))
		return "a document of an office program: save it as text";
	return "a zip archive: unpack it first";
}

/* Protocols 2 to 5 begin with their number; an older one is a text of opcodes
 * that nothing tells from another text. */
static bool is_pickle(const unsigned char *data, size_t size)
{
	return size >= 3 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5;
}

/* Text begins with a character of ASCII; two bytes wide, one of the two is 0. */
static bool is_utf16(const unsigned char *data, size_t size)
{
	return utf16_mark((const char *)data, size) ||
	       (size >= 2 && (data[0] == 0) != (data[1] == 0));
}

static bool is_zeros(const unsigned char *data, size_t size)
{
	return size > 0 && data[0] == 0 &&
	       memcmp(data, data + 1, size - 1) == 0;
}

const char *file_kind(const void *bytes, size_t size)
{
	const unsigned char *data = bytes;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (has(data, size, &marks[i]))
			return marks[i].kind;
	if (size >= 4 &&
	    (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "PK\5\6", 4) == 0))
		return zip_kind(data, size);
	if (is_pickle(data, size))
		return "a Python pickle: load it with pickle.load and write what is in it with json.dump";
	if (is_zeros(data, size))
		return "nothing but zero bytes: it was never written whole; copy it again";
	if (is_utf16(data, size))
		return "UTF-16: save it as UTF-8";
	return NULL;
}

const char *file_slip(size_t size, int depth, int byte)
{
	if (size == 0)
		return ": the file is empty";
	if (depth == 0 && (byte == '{' || byte == '['))
		return ": this is JSON Lines, a value on each line; make one list of them (jq -s . FILE)";
	if (depth == 0 && byte == '<')
		return ": this is XML, or a web page that was saved in place of the file";
	if (byte == '\'')
		return ": this is Python's text and not JSON; write it with json.dump";
	return "";
}
