#include "support/pickle_bytes.h"

#include <string.h>

static void add_le(struct fl_str *s, uint64_t value, int width)
{
	for (int i = 0; i < width; i++) {
		char c = (char)(value >> 8 * i & 0xff);

		fl_str_addn(s, &c, 1);
	}
}

void pb_text(struct fl_str *s, const char *text)
{
	PB(s, "X");
	add_le(s, strlen(text), 4);
	fl_str_add(s, text);
}

void pb_bytes(struct fl_str *s, const void *data, size_t size)
{
	PB(s, "B");
	add_le(s, size, 4);
	fl_str_addn(s, data, size);
}

void pb_int(struct fl_str *s, int32_t value)
{
	PB(s, "J");
	add_le(s, (uint32_t)value, 4);
}

void pb_global(struct fl_str *s, const char *module, const char *name)
{
	fl_str_addf(s, "c%s\n%s\n", module, name);
}

void pb_dtype(struct fl_str *s, const char *name, const char *order)
{
	pb_global(s, "numpy", "dtype");
	pb_text(s, name);
	PB(s, "\x89\x88\x87R(");
	pb_int(s, 3);
	pb_text(s, order);
	PB(s, "NNN");
	pb_int(s, -1);
	pb_int(s, -1);
	pb_int(s, 0);
	PB(s, "tb");
}

void pb_array(struct fl_str *s, const char *dtype, const int *dims, int fortran,
	      const void *data, size_t size)
{
	pb_global(s, "numpy.core.multiarray", "_reconstruct");
	pb_global(s, "numpy", "ndarray");
	pb_int(s, 0);
	PB(s, "\x85");
	pb_bytes(s, "b", 1);
	PB(s, "\x87R(");
	pb_int(s, 1);
	PB(s, "(");
	for (; *dims >= 0; dims++)
		pb_int(s, *dims);
	PB(s, "t");
	pb_dtype(s, dtype, "<");
	fl_str_add(s, fortran ? "\x88" : "\x89");
	pb_bytes(s, data, size);
	PB(s, "tb");
}

void pb_floats(struct fl_str *s, const int *dims)
{
	float values[256];
	size_t n = 1;

	for (const int *d = dims; *d >= 0; d++)
		n *= (size_t)*d;
	for (size_t i = 0; i < n && i < 256; i++)
		values[i] = (float)i;
	pb_array(s, "f4", dims, 0, values, n * sizeof(*values));
}
