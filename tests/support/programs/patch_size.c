/* patch_size IN.jpg OUT.jpg: the same JPEG with a header that claims 65500 x 65500. */
#include <stdio.h>

int main(int argc, char **argv)
{
	static unsigned char b[1 << 20];
	FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
	FILE *out = in ? fopen(argv[2], "wb") : NULL;
	size_t n;

	if (!out)
		return 2;
	n = fread(b, 1, sizeof(b), in);
	for (size_t i = 2; i + 9 < n; i++) {
		if (b[i] != 0xFF || b[i + 1] != 0xC0)
			continue;
		b[i + 5] = b[i + 7] = 65500 >> 8;
		b[i + 6] = b[i + 8] = 65500 & 255;
		break;
	}
	n = fwrite(b, 1, n, out) == n ? 0 : 1;
	return fclose(out) != 0 || n != 0;
}
