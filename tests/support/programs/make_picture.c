/* make_picture KIND OUT: a picture of 96 x 96 that training cannot use as it is. KIND is cmyk
 * (a JPEG in CMYK) or deep (a PNG of 16 bits a sample). */
#include <spng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#define SIDE 96

static int write_all(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");
	int bad = !f || fwrite(bytes, 1, size, f) != size;

	return (f && fclose(f) != 0) || bad;
}

static int cmyk(const char *path)
{
	static unsigned char ink[SIDE * SIDE * 4];
	unsigned char *bytes = NULL;
	unsigned long size = 0;
	tjhandle h = tjInitCompress();
	int bad;

	memset(ink, 90, sizeof(ink));
	bad = tjCompress2(h, ink, SIDE, 0, SIDE, TJPF_CMYK, &bytes, &size,
			  TJSAMP_444, 90, 0) != 0 ||
	      write_all(path, bytes, size);
	tjFree(bytes);
	tjDestroy(h);
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
		return cmyk(argv[2]);
	if (argc == 3 && strcmp(argv[1], "deep") == 0)
		return deep(argv[2]);
	return 2;
}
