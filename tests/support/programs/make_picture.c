/* make_picture KIND OUT: a picture of 96 x 96 as tools seldom write it. KIND is deep (a PNG of 16
 * bits a sample), or a JPEG: cmyk (of ink), 410 (one pair of colours to 8 pixels), arithmetic
 * (another coding of the same numbers). */
#include <spng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define SIDE 96

static int write_all(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");
	int bad = !f || fwrite(bytes, 1, size, f) != size;

	return (f && fclose(f) != 0) || bad;
}

/* Of so many components, the first with these sampling factors. */
static int jpeg(const char *path, int components, J_COLOR_SPACE space, int h,
		int v, boolean arithmetic)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr e;
	unsigned char row[SIDE * 4], *bytes = NULL;
	JSAMPROW rows[1] = { row };
	unsigned long size = 0;
	int bad;

	c.err = jpeg_std_error(&e);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &bytes, &size);
	c.image_width = c.image_height = SIDE;
	c.input_components = components;
	c.in_color_space = space;
	jpeg_set_defaults(&c);
	c.comp_info[0].h_samp_factor = h;
	c.comp_info[0].v_samp_factor = v;
	c.arith_code = arithmetic;
	jpeg_start_compress(&c, TRUE);
	for (int y = 0; y < SIDE; y++) {
		for (int i = 0; i < SIDE * components; i++)
			row[i] = (unsigned char)(i * 2 +
						 y * (1 + i % components));
		jpeg_write_scanlines(&c, rows, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	bad = write_all(path, bytes, size);
	free(bytes);
	return bad;
}

static int deep(const char *path)
{
	static unsigned short samples[SIDE * SIDE * 3];
	struct spng_ihdr header = { .width = SIDE,
				    .height = SIDE,
				    .bit_depth = 16,
				    .color_type = SPNG_COLOR_TYPE_TRUECOLOR };
	spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
	size_t size = 0;
	void *bytes = NULL;
	int status, bad;

	spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
	spng_set_ihdr(ctx, &header);
	status = spng_encode_image(ctx, samples, sizeof(samples), SPNG_FMT_PNG,
				   SPNG_ENCODE_FINALIZE);
	if (status == 0)
		bytes = spng_get_png_buffer(ctx, &size, &status);
	bad = status != 0 || write_all(path, bytes, size);
	free(bytes);
	spng_ctx_free(ctx);
	return bad;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "cmyk") == 0)
		return jpeg(argv[2], 4, JCS_CMYK, 1, 1, FALSE);
	if (argc == 3 && strcmp(argv[1], "410") == 0)
		return jpeg(argv[2], 3, JCS_RGB, 4, 2, FALSE);
	if (argc == 3 && strcmp(argv[1], "arithmetic") == 0)
		return jpeg(argv[2], 3, JCS_RGB, 2, 2, TRUE);
	if (argc == 3 && strcmp(argv[1], "deep") == 0)
		return deep(argv[2]);
	return 2;
}
