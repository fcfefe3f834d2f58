/* protobuf.h - messages in Protocol Buffers' wire format, field by field.
 *
 * For the few messages that other programs read from us; the numbers of their
 * fields stand with who writes them. Nothing is read here. A message inside a
 * message is built in a text of its own and put into the outer one.
 *
 * Source of the format: protobuf.dev, "Encoding".
 */
#ifndef FL_TEXT_PROTOBUF_H
#define FL_TEXT_PROTOBUF_H

#include "base/str.h"

/* A whole number: int32, int64, enum, bool. */
void protobuf_int(struct fl_str *s, int field, int64_t v);
void protobuf_float(struct fl_str *s, int field, float v);
void protobuf_double(struct fl_str *s, int field, double v);
void protobuf_bytes(struct fl_str *s, int field, const void *bytes,
		    size_t size);
void protobuf_text(struct fl_str *s, int field, const char *text);
/* The message into s; then it is released. */
void protobuf_message(struct fl_str *s, int field, struct fl_str *message);
/* What stands before size bytes that the caller writes elsewhere. */
void protobuf_head(struct fl_str *s, int field, size_t size);

#endif
