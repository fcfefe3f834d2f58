/* bmp.c - BMP, by ourselves: no library of Debian that is small and looked
 * after reads it. All that Windows and OS/2 write is read, judged against
 * OpenCV, which asks for the masks of 32 bits only where they lie within the
 * header, and fills what run lengths leave out with the first colour. Written
 * are 24 bits a pixel.
 *
 * Bounds: each row lies within the file before anything is allocated for
 * uncompressed kinds; a run never leaves its row, nor the picture. */
#include "image/codec.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* As the file numbers them. 4 and 5 are JPEG and PNG in a BMP's coat, which
 * only printers are sent, 6 is masks with alpha: fits() refuses all three. */
enum {
	BMP_RGB,
	BMP_RLE8,
	BMP_RLE4,
	BMP_BITFIELDS
};

/* Bytes. OS/2's header has sides of 16 bits and a palette of three bytes an
 * entry; Windows' has 32 and four. Later versions of Windows' go on behind the
 * same 40 bytes, the masks first. */
#define FILE_HEADER 14
#define OS2_HEADER 12
#define WINDOWS_HEADER 40
#define HEADER_WITH_MASKS 56

struct bmp {
	const uint8_t *bytes;
	size_t size, pixels; /* pixels: where they begin */
	int w, h, bits, green_bits;
	uint8_t place[3]; /* of 24 and 32 bits: the bytes of red, green, blue */
	bool top_down;
	unsigned compression;
	uint8_t palette[256][3];
};

/* Little-endian everywhere, and nothing is aligned. */
static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[1] << 8 | p[0];
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p + 2) << 16 | u16(p);
}

static int broken(struct fl_err *err, const char *what)
{
	return fl_fail(err, FL_EDATA, "a damaged or truncated BMP: %s", what);
}

/* Entries of so many bytes: blue, green, red. Those past the file are black. */
static void take_palette(struct bmp *b, size_t at, size_t entry, size_t count)
{
	for (size_t i = 0; i < count && at + entry <= b->size; i++, at += entry)
		for (int k = 0; k < 3; k++)
			b->palette[i][k] = b->bytes[at + 2 - (size_t)k];
}

/* The bits a pixel that go with each compression. A row of the table ends in
 * zeros, so 24 and 32 without compression, of which it has no room, stand
 * apart. */
static bool fits(const struct bmp *b)
{
	static const uint8_t bits[4][4] = { [BMP_RGB] = { 1, 4, 8, 16 },
					    [BMP_RLE8] = { 8 },
					    [BMP_RLE4] = { 4 },
					    [BMP_BITFIELDS] = { 16, 32 } };

	if (b->compression == BMP_RGB && (b->bits == 24 || b->bits == 32))
		return true;
	for (int i = 0; b->bits && b->compression < 4 && i < 4; i++)
		if (bits[b->compression][i] == b->bits)
			return true;
	return false;
}

/* Which byte is the mask? Each must be one whole byte: others would need
 * shifting and scaling, and end in the sentence that asks for PNG. */
static bool take_place(uint32_t mask, uint8_t *place)
{
	for (uint8_t i = 0; i < 4; i++)
		if (mask == (uint32_t)0xFF << 8 * i) {
			*place = i;
			return true;
		}
	return false;
}

/* Masks of 32 bits count only where they lie within a header (OpenCV's rule):
 * behind a header of 40 bytes they are read over, and blue comes first. All
 * zero means the same. Of 16 bits there are two kinds, five bits each or six
 * for green. */
static bool take_masks(struct bmp *b, size_t header)
{
	const uint8_t *m = b->bytes + FILE_HEADER + WINDOWS_HEADER;

	if (b->compression != BMP_BITFIELDS ||
	    (b->bits == 32 && header < HEADER_WITH_MASKS))
		return true;
	if (b->size < FILE_HEADER + WINDOWS_HEADER + 12)
		return false;
	if (b->bits == 32 && !(u32(m) | u32(m + 4) | u32(m + 8)))
		return true;
	if (b->bits == 32)
		return take_place(u32(m), &b->place[0]) &&
		       take_place(u32(m + 4), &b->place[1]) &&
		       take_place(u32(m + 8), &b->place[2]);
	if (u32(m) == 0xF800 && u32(m + 4) == 0x7E0 && u32(m + 8) == 0x1F)
		b->green_bits = 6;
	return b->green_bits == 6 ||
	       (u32(m) == 0x7C00 && u32(m + 4) == 0x3E0 && u32(m + 8) == 0x1F);
}

static int take_windows(struct bmp *b, size_t header, struct fl_err *err)
{
	const uint8_t *p = b->bytes + FILE_HEADER;
	/* A negative height says that the first row is the uppermost. */
	int32_t h = (int32_t)u32(p + 8), w = (int32_t)u32(p + 4);
	size_t used = u32(p + 32);

	/* INT32_MIN has no positive twin, and its negation would be
	 * undefined. */
	if (w < 1 || h == 0 || h == INT32_MIN)
		return broken(err, "its width or height is none");
	b->w = w;
	b->h = h < 0 ? -h : h;
	b->top_down = h < 0;
	b->bits = (int)u16(p + 14);
	b->compression = u32(p + 16);
	if (!fits(b) || !take_masks(b, header))
		return fl_fail(
			err, FL_EDATA,
			"a BMP of %d bits a pixel and compression %u, which flotilla does not read; save it as PNG",
			b->bits, b->compression);
	if (b->bits > 8)
		return 0;
	if (used > 256)
		return broken(err, "its palette has more than 256 colours");
	/* 0 colours in use stands for all that the bits can name. */
	take_palette(b, FILE_HEADER + header, 4,
		     used ? used : (size_t)1 << b->bits);
	return 0;
}

/* place: blue, green, red is the order without masks. */
static int take_header(struct bmp *b, const uint8_t *bytes, size_t size,
		       struct fl_err *err)
{
	size_t header;

	*b = (struct bmp){ .bytes = bytes,
			   .size = size,
			   .green_bits = 5,
			   .place = { 2, 1, 0 } };
	if (size < FILE_HEADER + OS2_HEADER)
		return broken(err, "its header is cut short");
	header = u32(bytes + FILE_HEADER);
	b->pixels = u32(bytes + 10);
	/* OpenCV takes any header from 36 bytes on for Windows' and reads the
	 * fields of 40: so do we, if the file has as many. */
	if (header >= 36 && size >= FILE_HEADER + WINDOWS_HEADER)
		return take_windows(b, header, err);
	if (header != OS2_HEADER)
		return broken(err, "its header has a length that is unknown");
	b->w = (int)u16(bytes + 18);
	b->h = (int)u16(bytes + 20);
	b->bits = (int)u16(bytes + 24);
	if (!b->w || !b->h || !fits(b))
		return broken(err, "its size or bits a pixel are unknown");
	if (b->bits <= 8)
		take_palette(b, FILE_HEADER + OS2_HEADER, 3,
			     (size_t)1 << b->bits);
	return 0;
}

int bmp_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	      struct fl_err *err)
{
	struct bmp b;
	int rc = take_header(&b, bytes, size, err);

	if (rc == 0)
		*info = (struct image_info){ .kind = IMAGE_BMP,
					     .w = b.w,
					     .h = b.h,
					     .components = b.bits <= 8	 ? 1
							   : b.bits < 32 ? 3
									 : 4,
					     .bits = b.bits <= 8 ? b.bits : 8,
					     .orientation = 1 };
	return rc;
}

/* Rows are stored from the bottom up unless the height is negative. */
static uint8_t *row_of(const struct bmp *b, const struct image *out, int y)
{
	int at = b->top_down ? y : b->h - 1 - y;

	return out->rgb + (size_t)at * (size_t)b->w * 3;
}

static void paint(const struct bmp *b, uint8_t *to, unsigned color)
{
	memcpy(to, b->palette[color & 0xFF], 3);
}

/* Pixels below a byte begin at its highest bit. Five bits are shifted, not
 * spread to 255: white of 16 bits is 248 with OpenCV, and so it is here. */
static void take_pixel(const struct bmp *b, const uint8_t *row, size_t x,
		       uint8_t *to)
{
	unsigned v;

	switch (b->bits) {
	case 1:
		paint(b, to, row[x / 8] >> (7 - x % 8) & 1);
		break;
	case 4:
		paint(b, to, row[x / 2] >> (x % 2 ? 0 : 4) & 15);
		break;
	case 8:
		paint(b, to, row[x]);
		break;
	case 16:
		v = u16(row + 2 * x);
		to[0] = (uint8_t)((v >> (5 + b->green_bits) & 31) << 3);
		to[1] = (uint8_t)((v >> 5 & ((1u << b->green_bits) - 1))
				  << (8 - b->green_bits));
		to[2] = (uint8_t)((v & 31) << 3);
		break;
	default:
		row += x * (size_t)(b->bits / 8);
		for (int k = 0; k < 3; k++)
			to[k] = row[b->place[k]];
	}
}

static int take_rows(const struct bmp *b, struct image *out, struct fl_err *err)
{
	size_t w = (size_t)b->w, h = (size_t)b->h;
	/* Rows are padded to four bytes. The last one may not lack its padding:
	 * OpenCV refuses that file. */
	size_t stride = (w * (size_t)b->bits + 31) / 32 * 4;

	if (b->pixels > b->size || (b->size - b->pixels) / stride < h)
		return broken(err, "its pixels are cut short");
	image_resize_buffer(out, b->w, b->h);
	for (size_t y = 0; y < h; y++) {
		const uint8_t *row = b->bytes + b->pixels + y * stride;
		uint8_t *to = row_of(b, out, (int)y);

		for (size_t x = 0; x < w; x++)
			take_pixel(b, row, x, to + 3 * x);
	}
	return 0;
}

/* Run lengths: a pen that moves over the picture. */
struct pen {
	const struct bmp *b;
	struct image *out;
	size_t at; /* next byte of the file */
	int x, y;
};

/* What a run has beyond its row is dropped; the next command says where the pen
 * goes. */
static void draw(struct pen *p, unsigned color)
{
	if (p->x < p->b->w && p->y < p->b->h)
		paint(p->b, row_of(p->b, p->out, p->y) + 3 * p->x++, color);
}

/* The count colours after a zero and a count, padded to two bytes; the padding
 * of the last ones may be missing. false: the file ends within them. */
static bool draw_literal(struct pen *p, unsigned count)
{
	bool four = p->b->bits == 4;
	size_t bytes = four ? (count + 1) / 2 : count;
	const uint8_t *from = p->b->bytes + p->at;

	if (bytes > p->b->size - p->at)
		return false;
	for (unsigned i = 0; i < count; i++)
		draw(p, four ? from[i / 2] >> (i % 2 ? 0 : 4) & 15 : from[i]);
	bytes += bytes % 2;
	p->at = bytes < p->b->size - p->at ? p->at + bytes : p->b->size;
	return true;
}

/* false: the file ends within this run. *done: the picture ends here. */
static bool draw_run(struct pen *p, bool *done)
{
	const uint8_t *b = p->b->bytes + p->at;
	bool four = p->b->bits == 4;

	if (p->b->size - p->at < 2)
		return false;
	p->at += 2;
	for (unsigned i = 0; i < b[0]; i++)
		draw(p, four ? b[1] >> (i % 2 ? 0 : 4) & 15 : b[1]);
	/* A count and a colour; or 0 and 0 to 2 for the end of the row, the end
	 * of the picture and a jump; or 0 and how many colours follow one by
	 * one. */
	if (b[0] || b[1] > 2)
		return b[0] || draw_literal(p, b[1]);
	if (b[1] == 0) {
		p->x = 0;
		p->y++;
	}
	*done = b[1] == 1;
	if (b[1] != 2)
		return true;
	if (p->b->size - p->at < 2)
		return false;
	/* A jump may lead below the picture, where nothing is drawn and reading
	 * ends, but not beyond its row: the pen's place is an index. */
	p->x = p->x + b[2] < p->b->w ? p->x + b[2] : p->b->w;
	p->y += b[3];
	p->at += 2;
	return true;
}

static int take_runs(const struct bmp *b, struct image *out, struct fl_err *err)
{
	struct pen p = { .b = b, .out = out, .at = b->pixels };
	bool done = false;

	if (b->pixels > b->size)
		return broken(err, "its pixels are cut short");
	image_resize_buffer(out, b->w, b->h);
	/* What is jumped over keeps the first colour. */
	for (size_t i = 0; i < (size_t)b->w * (size_t)b->h; i++)
		paint(b, out->rgb + 3 * i, 0);
	while (!done && p.y < b->h)
		if (!draw_run(&p, &done))
			return broken(err, "its pixels are cut short");
	return 0;
}

int bmp_decode(const uint8_t *bytes, size_t size, struct image *out,
	       struct fl_err *err)
{
	struct bmp b;
	int rc = take_header(&b, bytes, size, err);

	if (rc != 0)
		return rc;
	return b.compression == BMP_RLE8 || b.compression == BMP_RLE4
		       ? take_runs(&b, out, err)
		       : take_rows(&b, out, err);
}

static void put32(uint8_t *to, size_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

int bmp_encode(const struct image *im, int quality, uint8_t **out, size_t *size,
	       struct fl_err *err)
{
	const size_t head = FILE_HEADER + WINDOWS_HEADER;
	size_t w = (size_t)im->w, h = (size_t)im->h;
	size_t stride = (w * 3 + 3) / 4 * 4;
	uint8_t *b = fl_calloc(head + stride * h, 1);

	/* Without loss, and nothing here can fail: memory that is not there
	 * ends the process in fl_calloc. */
	(void)quality;
	(void)err;
	*out = b;
	*size = head + stride * h;
	memcpy(b, "BM", 2);
	put32(b + 2, *size);
	put32(b + 10, head);
	put32(b + 14, WINDOWS_HEADER);
	put32(b + 18, w);
	put32(b + 22, h);
	b[26] = 1; /* plane */
	b[28] = 24;
	put32(b + 34, stride * h);
	for (size_t y = 0; y < h; y++)
		for (size_t x = 0; x < w; x++)
			for (size_t k = 0; k < 3; k++)
				b[head + (h - 1 - y) * stride + 3 * x + k] =
					im->rgb[(y * w + x) * 3 + 2 - k];
	return 0;
}
