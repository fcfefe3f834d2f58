/* The four kinds of fields: a varint, eight bytes, four bytes, and bytes with
 * their length before them. Who writes a message calls in the order of
 * its fields. */
#include "text/protobuf.h"

#include "base/bytes.h"

#include <string.h>

enum protobuf_wire {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5
};

/* Seven bits a byte, the low ones first; the top bit says that more follow. A
 * negative number is its 64 bits, so it takes ten bytes. */
static void put_varint(struct fl_str *s, uint64_t v)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (unsigned char)(v & 0x7f);
		v >>= 7;
		if (v)
			bytes[n] |= 0x80;
		n++;
	} while (v);
	fl_str_addn(s, bytes, n);
}

static void put_key(struct fl_str *s, int field, enum protobuf_wire wire)
{
	put_varint(s, (uint64_t)field << 3 | wire);
}

static void put_bits(struct fl_str *s, uint64_t bits, int size)
{
	unsigned char bytes[8];

	fl_put(bytes, bits, size);
	fl_str_addn(s, bytes, (size_t)size);
}

void protobuf_int(struct fl_str *s, int field, int64_t v)
{
	put_key(s, field, WIRE_VARINT);
	put_varint(s, (uint64_t)v);
}

void protobuf_float(struct fl_str *s, int field, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_key(s, field, WIRE_32);
	put_bits(s, bits, sizeof(bits));
}

void protobuf_double(struct fl_str *s, int field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_key(s, field, WIRE_64);
	put_bits(s, bits, sizeof(bits));
}

void protobuf_head(struct fl_str *s, int field, size_t size)
{
	put_key(s, field, WIRE_BYTES);
	put_varint(s, size);
}

void protobuf_bytes(struct fl_str *s, int field, const void *bytes, size_t size)
{
	protobuf_head(s, field, size);
	fl_str_addn(s, bytes, size);
}

void protobuf_text(struct fl_str *s, int field, const char *text)
{
	protobuf_bytes(s, field, text, strlen(text));
}

/* Inner messages need their length first, so each is made apart. */
void protobuf_message(struct fl_str *s, int field, struct fl_str *message)
{
	protobuf_bytes(s, field, fl_str_get(message), message->len);
	fl_str_release(message);
}
