#!/usr/bin/env python3
"""Small pictures of every kind that flotilla reads, and what OpenCV makes of each.

    make_pictures.py OUT [FILE...]      writes OUT/pictures.bin, all files behind each other, and OUT/pictures.tsv: name, first byte,
                                        bytes, SHA-256 of the RGB pixels (or "refused"), width, height

FILEs join them: build/programs/make_picture writes JPEG that Python's libraries do not.
Needs opencv-python-headless 5.0.0.93, pillow 13.0.0, tifffile with imagecodecs, numpy 2.4.6. OpenCV judges, by imdecode(..., IMREAD_COLOR).
"""
import hashlib, io, os, struct, sys, zlib
import cv2, numpy as np, tifffile
from PIL import Image, ImageDraw

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
W, H = 37, 29
files = {}

def base(w=W, h=H):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([x * 6 % 256, y * 8 % 256, (x * y) % 256], -1).astype(np.uint8)
    a[h // 4:h // 2, w // 4:w // 2] = (250, 30, 40)
    a[h // 2:, : w // 3] = (20, 180, 60)
    return a

def pil(im, fmt, **kw):
    b = io.BytesIO(); im.save(b, fmt, **kw); return b.getvalue()

rgb = Image.fromarray(base())
grey = rgb.convert("L")
rgba = rgb.convert("RGBA"); rgba.putalpha(Image.fromarray((np.mgrid[0:H, 0:W][1] * 7 % 256).astype(np.uint8)))
la = grey.convert("LA"); la.putalpha(rgba.getchannel("A"))
pal = rgb.quantize(40)
one = grey.convert("1")

# ---- JPEG
def at(b, marker, from_=2):
    i = from_
    while i + 4 <= len(b):
        assert b[i] == 0xFF, hex(b[i])
        if b[i + 1] == marker: return i
        i += 2 + struct.unpack(">H", b[i + 2:i + 4])[0]
    raise KeyError(hex(marker))

def patch(b, i, *values):
    return b[:i] + bytes(values) + b[i + len(values):]

def insert(b, i, more): return b[:i] + more + b[i:]

j = pil(rgb, "JPEG", quality=85)
files["jpeg_420.jpg"] = j
files["jpeg_444.jpg"] = pil(rgb, "JPEG", quality=85, subsampling=0)
files["jpeg_422.jpg"] = pil(rgb, "JPEG", quality=85, subsampling=1)
files["jpeg_progressive.jpg"] = pil(rgb, "JPEG", quality=85, progressive=True)
files["jpeg_grey.jpg"] = pil(grey, "JPEG", quality=85)
files["jpeg_restart.jpg"] = pil(rgb, "JPEG", quality=85, restart_marker_blocks=2)
for name, s in (("411", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411), ("440", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440)):
    files[f"jpeg_{name}.jpg"] = cv2.imencode(".jpg", base(), [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, s])[1].tobytes()
files["jpeg_rgb_components.jpg"] = pil(rgb, "JPEG", quality=85, keep_rgb=True)
cmyk = rgb.convert("CMYK")
c = pil(cmyk, "JPEG", quality=85)
files["jpeg_cmyk_adobe.jpg"] = c
i = at(c, 0xEE); n = 2 + struct.unpack(">H", c[i + 2:i + 4])[0]
files["jpeg_cmyk_plain.jpg"] = c[:i] + c[i + n:]
files["jpeg_ycck.jpg"] = patch(c, i + 15, 2)
files["jpeg_adobe_transform_7.jpg"] = patch(c, i + 15, 7)
s = at(j, 0xDA)
ns = j[s + 4]
se = s + 5 + 2 * ns + 1
files["jpeg_sos_se_0.jpg"] = patch(j, se, 0)
files["jpeg_sos_ss_1.jpg"] = patch(j, se - 1, 1)
files["jpeg_sos_ah_al.jpg"] = patch(j, se + 1, 0x11)
files["jpeg_bytes_before_marker.jpg"] = insert(j, s, b"\0\0\0\0")
files["jpeg_fill_ff_before_marker.jpg"] = insert(j, s, b"\xff\xff\xff")
files["jpeg_trailing_text.jpg"] = j + b"trailing bytes of another program"
files["jpeg_trailing_jpeg.jpg"] = j + files["jpeg_grey.jpg"]
files["jpeg_no_eoi.jpg"] = j[:-2]
files["jpeg_half_eoi.jpg"] = j[:-1]
files["jpeg_bytes_before_eoi.jpg"] = j[:-2] + b"\0\0\0\0\0\0\0\0" + j[-2:]
files["jpeg_zeros_for_eoi.jpg"] = j[:-2] + b"\0" * 600
files["jpeg_cut_in_last_row.jpg"] = j[:-12]
files["jpeg_cut_half.jpg"] = j[:s + 14 + (len(j) - s) // 2]
files["jpeg_cut_half_eoi.jpg"] = j[:s + 14 + (len(j) - s) // 2] + b"\xff\xd9"
files["jpeg_zeros_inside.jpg"] = j[:-60] + b"\0" * 30 + j[-30:]
r = files["jpeg_restart.jpg"]
k = next(k for k in range(at(r, 0xDA) + 14, len(r)) if r[k] == 0xFF and 0xD0 <= r[k + 1] <= 0xD7)
files["jpeg_restart_lost.jpg"] = r[:k] + r[k + 2:]
files["jpeg_restart_wrong.jpg"] = patch(r, k + 1, 0xD5)
files["jpeg_app0_odd_length.jpg"] = insert(j, 2, b"\xff\xe0\0\x07JFIF\0")
files["jpeg_jfif_3.jpg"] = patch(j, at(j, 0xE0) + 9, 3)
files["jpeg_no_jfif.jpg"] = j[:2] + j[2 + 18:]
files["jpeg_dnl_zero_height.jpg"] = patch(j, at(j, 0xC0) + 5, 0, 0)
files["jpeg_precision_12.jpg"] = patch(j, at(j, 0xC0) + 4, 12)
files["jpeg_two_soi.jpg"] = b"\xff\xd8" + j
files["jpeg_padding_in_front.jpg"] = b"\0" + j
p = files["jpeg_progressive.jpg"]
files["jpeg_progressive_cut.jpg"] = p[:len(p) * 2 // 3]
files["jpeg_progressive_no_eoi.jpg"] = p[:-2]
def exif(o, endian="<"):
    t = (b"II" if endian == "<" else b"MM") + struct.pack(endian + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, o, 0, 0)
    return t
def exif_jpeg(t, order="after"):
    seg = b"\xff\xe1" + struct.pack(">H", len(t) + 8) + b"Exif\0\0" + t
    return insert(j, 2 if order == "before" else 20, seg)
for o in range(0, 10):
    files[f"jpeg_exif_{o}.jpg"] = exif_jpeg(exif(o, "<" if o % 2 else ">"))
files["jpeg_exif_before_jfif.jpg"] = exif_jpeg(exif(6), "before")
files["jpeg_exif_long.jpg"] = exif_jpeg(b"II" + struct.pack("<HIHHHIII", 42, 8, 1, 0x0112, 4, 1, 6, 0))
files["jpeg_exif_byte.jpg"] = exif_jpeg(b"II" + struct.pack("<HIHHHIII", 42, 8, 1, 0x0112, 1, 1, 6, 0))
files["jpeg_exif_long_big_endian.jpg"] = exif_jpeg(b"MM" + struct.pack(">HIHHHIII", 42, 8, 1, 0x0112, 4, 1, 6, 0))
files["jpeg_exif_damaged.jpg"] = exif_jpeg(b"II*\0\xff\xff\xff\x7f" + b"\0" * 12)
files["jpeg_exif_two.jpg"] = insert(exif_jpeg(exif(6)), 20, b"\xff\xe1" + struct.pack(">H", len(exif(3)) + 8) + b"Exif\0\0" + exif(3))
xmp = b"http://ns.adobe.com/xap/1.0/\0<x/>"
files["jpeg_xmp_then_exif.jpg"] = insert(exif_jpeg(exif(6)), 20, b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp)
files["jpeg_exif_after_dqt.jpg"] = insert(j, at(j, 0xDA), b"\xff\xe1" + struct.pack(">H", len(exif(6)) + 8) + b"Exif\0\0" + exif(6))
files["jpeg_exif_cmyk.jpg"] = insert(c, 2, b"\xff\xe1" + struct.pack(">H", len(exif(6)) + 8) + b"Exif\0\0" + exif(6))

# ---- PNG
W, H = 19, 11
rgb = Image.fromarray(base(W, H))
grey = rgb.convert("L")
rgba = rgb.convert("RGBA"); rgba.putalpha(Image.fromarray((np.mgrid[0:H, 0:W][1] * 13 % 256).astype(np.uint8)))
la = grey.convert("LA"); la.putalpha(rgba.getchannel("A"))
pal = rgb.quantize(40)
one = grey.convert("1")
cmyk = rgb.convert("CMYK")
def chunk(kind, data, bad=False):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", (zlib.crc32(kind + data) ^ (1 if bad else 0)) & 0xffffffff)
def png(w, h, depth, color, raw, before=b"", interlace=0, after=b""):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, interlace)) + before + \
        chunk(b"IDAT", zlib.compress(raw)) + after + chunk(b"IEND", b"")
a = base(W, H)
def rows(arr):
    return b"".join(b"\0" + arr[y].tobytes() for y in range(arr.shape[0]))
files["png_rgb.png"] = pil(rgb, "PNG")
files["png_rgba.png"] = pil(rgba, "PNG")
files["png_grey.png"] = pil(grey, "PNG")
files["png_grey_alpha.png"] = pil(la, "PNG")
files["png_palette.png"] = pil(pal, "PNG")
files["png_palette_trns.png"] = pil(pal, "PNG", transparency=bytes(range(0, 200, 5)))
files["png_one_bit.png"] = pil(one, "PNG")
files["png_palette_4bit.png"] = pil(rgb.quantize(12), "PNG", bits=4)
files["png_palette_1bit.png"] = pil(rgb.quantize(2), "PNG", bits=1)
g2 = np.packbits(np.unpackbits((np.array(grey) >> 6)[..., None], axis=-1)[..., 6:].reshape(H, -1), axis=1)
files["png_grey_2bit.png"] = png(W, H, 2, 0, rows(g2))
g4 = np.packbits(np.unpackbits((np.array(grey) >> 4)[..., None], axis=-1)[..., 4:].reshape(H, -1), axis=1)
files["png_grey_4bit.png"] = png(W, H, 4, 0, rows(g4))
rng = np.random.default_rng(1)
deep = ((a.astype(np.uint16) << 8) | rng.integers(0, 256, a.shape, dtype=np.uint16)).astype(">u2")
files["png_16.png"] = png(W, H, 16, 2, rows(deep))
files["png_16_grey.png"] = png(W, H, 16, 0, rows(deep[..., 0]))
files["png_16_grey_alpha.png"] = png(W, H, 16, 4, rows(deep[..., :2].copy()))
deep4 = np.concatenate([deep, deep[..., :1]], -1)
files["png_16_rgba.png"] = png(W, H, 16, 6, rows(deep4))
files["png_trns_rgb.png"] = png(W, H, 8, 2, rows(a), chunk(b"tRNS", struct.pack(">HHH", 20, 180, 60)))
files["png_trns_grey.png"] = png(W, H, 8, 0, rows(np.array(grey)), chunk(b"tRNS", struct.pack(">H", 100)))
files["png_trns_grey_16.png"] = png(W, H, 16, 0, rows(deep[..., 0]), chunk(b"tRNS", struct.pack(">H", 100)))
files["png_gamma_1.png"] = png(W, H, 8, 2, rows(a), chunk(b"gAMA", struct.pack(">I", 100000)))
files["png_gamma_16.png"] = png(W, H, 16, 2, rows(deep), chunk(b"gAMA", struct.pack(">I", 45455)))
files["png_gamma_palette.png"] = insert(files["png_palette.png"], 33, chunk(b"gAMA", struct.pack(">I", 100000)))
files["png_srgb_chrm.png"] = png(W, H, 8, 2, rows(a), chunk(b"sRGB", b"\1") + chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)))
files["png_sbit_bkgd.png"] = png(W, H, 8, 6, rows(np.array(rgba)), chunk(b"sBIT", bytes([5, 6, 5, 8])) + chunk(b"bKGD", struct.pack(">HHH", 255, 0, 0)))
files["png_text_crc_bad.png"] = png(W, H, 8, 2, rows(a), chunk(b"tEXt", b"a\0b", bad=True))
files["png_gama_crc_bad.png"] = png(W, H, 8, 2, rows(a), chunk(b"gAMA", struct.pack(">I", 45455), bad=True))
files["png_unknown_chunk.png"] = png(W, H, 8, 2, rows(a), chunk(b"zzZz", b"hello"))
files["png_iccp_bad.png"] = png(W, H, 8, 2, rows(a), chunk(b"iCCP", b"x\0\0nonsense"))
files["png_iccp_srgb_twice.png"] = png(W, H, 8, 2, rows(a), chunk(b"gAMA", struct.pack(">I", 45455)) * 2)
files["png_trns_after_idat.png"] = png(W, H, 8, 2, rows(a), after=chunk(b"tRNS", b"\0" * 6))
files["png_time_bad.png"] = png(W, H, 8, 2, rows(a), chunk(b"tIME", b"\0\0\x20\x20\x20\x20\x20"))
files["png_phys_short.png"] = png(W, H, 8, 2, rows(a), chunk(b"pHYs", b"\0\0\0"))
files["png_text_no_nul.png"] = png(W, H, 8, 2, rows(a), chunk(b"tEXt", b"no separator at all"))
files["png_palette_too_long_for_bits.png"] = png(W, H, 8, 3, rows((np.array(pal))), chunk(b"PLTE", bytes(range(240)) ))
files["png_palette_index_out.png"] = png(W, H, 8, 3, rows((np.array(pal))), chunk(b"PLTE", bytes(range(30))))
files["png_trailing.png"] = files["png_rgb.png"] + b"trailing bytes"
files["png_no_iend.png"] = files["png_rgb.png"][:-12]
files["png_iend_cut.png"] = files["png_rgb.png"][:-4]
files["png_idat_cut.png"] = files["png_rgb.png"][:-40]
files["png_idat_crc_bad.png"] = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows(a)), bad=True) + chunk(b"IEND", b"")
files["png_short_rows.png"] = png(W, H, 8, 2, rows(a)[:-90])
files["png_long_rows.png"] = png(W, H, 8, 2, rows(a) + b"\0" * 100)
files["png_adler_bad.png"] = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows(a))[:-1] + b"\7") + chunk(b"IEND", b"")
z = zlib.compress(rows(a))
files["png_many_idat.png"] = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 0)) + b"".join(chunk(b"IDAT", z[i:i + 9]) for i in range(0, len(z), 9)) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
for o in (1, 3, 6):
    files[f"png_exif_{o}.png"] = png(W, H, 8, 2, rows(a), chunk(b"eXIf", exif(o)))
files["png_exif_after_idat.png"] = png(W, H, 8, 2, rows(a), after=chunk(b"eXIf", exif(6)))
files["png_exif_prefixed.png"] = png(W, H, 8, 2, rows(a), chunk(b"eXIf", b"Exif\0\0" + exif(6)))
# interlaced by hand: Adam7
def adam7(arr):
    raw = b""
    for x0, y0, dx, dy in ((0,0,8,8),(4,0,8,8),(0,4,4,8),(2,0,4,4),(0,2,2,4),(1,0,2,2),(0,1,1,2)):
        part = arr[y0::dy, x0::dx]
        if part.size: raw += rows(np.ascontiguousarray(part))
    return raw
files["png_interlaced.png"] = png(W, H, 8, 2, adam7(a), interlace=1)
files["png_interlaced_16.png"] = png(W, H, 16, 6, adam7(deep4), interlace=1)
frames = [rgb, Image.fromarray(255 - a)]
b = io.BytesIO(); frames[0].save(b, "PNG", save_all=True, append_images=frames[1:], duration=100); files["png_animated.png"] = b.getvalue()
b = io.BytesIO(); frames[0].save(b, "PNG", save_all=True, append_images=frames[1:], duration=100, default_image=True); files["png_animated_default_image.png"] = b.getvalue()

# ---- BMP
def bmp(w, h, bits, body, comp=0, palette=b"", header=40, masks=b"", extra=b"", used=0):
    if header == 12:
        head = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, w, h, 1, bits, comp, len(body), 2835, 2835, used, 0) + extra
    off = 14 + len(head) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", off + len(body), 0, 0, off) + head + masks + palette + body
def brows(arr, top=False):
    arr = arr if top else arr[::-1]
    r = b""
    for row in arr:
        t = row.tobytes(); r += t + b"\0" * (-len(t) % 4)
    return r
bgr = a[..., ::-1].copy()
files["bmp_24.bmp"] = bmp(W, H, 24, brows(bgr))
files["bmp_24_top_down.bmp"] = bmp(W, -H, 24, brows(bgr, True))
bgra = np.concatenate([bgr, np.array(rgba)[..., 3:]], -1)
files["bmp_32.bmp"] = bmp(W, H, 32, brows(bgra))
files["bmp_32_top_down.bmp"] = bmp(W, -H, 32, brows(bgra, True))
files["bmp_32_bitfields.bmp"] = bmp(W, H, 32, brows(bgra), 3, masks=struct.pack("<III", 0xff0000, 0xff00, 0xff))
files["bmp_32_bitfields_rgba.bmp"] = bmp(W, H, 32, brows(bgra), 3, masks=struct.pack("<III", 0xff, 0xff00, 0xff0000))
v4 = struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0xff000000) + b"BGRs" + b"\0" * 48
files["bmp_32_v4.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=108, extra=v4)
files["bmp_32_v5.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=124, extra=v4 + b"\0" * 16)
v5rgb = struct.pack("<IIII", 0, 0, 0, 0) + b"BGRs" + b"\0" * 48
files["bmp_24_v5.bmp"] = bmp(W, H, 24, brows(bgr), 0, header=124, extra=v5rgb + b"\0" * 16)
files["bmp_24_v3.bmp"] = bmp(W, H, 24, brows(bgr), 0, header=56, extra=b"\0" * 16)
v4rgba = struct.pack("<IIII", 0xff, 0xff00, 0xff0000, 0xff000000) + b"BGRs" + b"\0" * 48
files["bmp_32_v4_red_first.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=108, extra=v4rgba)
files["bmp_32_v4_alpha_first.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=108, extra=struct.pack("<IIII", 0xff000000, 0xff0000, 0xff00, 0xff) + b"BGRs" + b"\0" * 48)
files["bmp_32_v3_red_first.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=56, extra=v4rgba[:16])
files["bmp_32_v2_red_first.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=52, extra=v4rgba[:12])
files["bmp_32_v5_rgb.bmp"] = bmp(W, H, 32, brows(bgra), 0, header=124, extra=v4rgba + b"\0" * 16)
files["bmp_32_v5_masks_none.bmp"] = bmp(W, H, 32, brows(bgra), 3, header=124, extra=b"\0" * 84)
f565 = ((bgr[..., 2].astype(np.uint16) >> 3) << 11 | (bgr[..., 1].astype(np.uint16) >> 2) << 5 | bgr[..., 0] >> 3).astype("<u2")
f555 = ((bgr[..., 2].astype(np.uint16) >> 3) << 10 | (bgr[..., 1].astype(np.uint16) >> 3) << 5 | bgr[..., 0] >> 3).astype("<u2")
files["bmp_16_555.bmp"] = bmp(W, H, 16, brows(f555))
files["bmp_16_bitfields_565.bmp"] = bmp(W, H, 16, brows(f565), 3, masks=struct.pack("<III", 0xf800, 0x7e0, 0x1f))
files["bmp_16_bitfields_555.bmp"] = bmp(W, H, 16, brows(f555), 3, masks=struct.pack("<III", 0x7c00, 0x3e0, 0x1f))
pimg = np.array(pal); pl = np.array(pal.getpalette()[:120], np.uint8).reshape(-1, 3)
pad = np.zeros((256, 4), np.uint8); pad[:40, :3] = pl[:, ::-1]
files["bmp_8.bmp"] = bmp(W, H, 8, brows(pimg), palette=pad.tobytes())
files["bmp_8_short_palette.bmp"] = bmp(W, H, 8, brows(pimg), palette=pad[:40].tobytes(), used=40)
files["bmp_8_top_down.bmp"] = bmp(W, -H, 8, brows(pimg, True), palette=pad.tobytes())
gp = np.zeros((256, 4), np.uint8); gp[:, :3] = np.arange(256)[:, None]
files["bmp_8_grey.bmp"] = bmp(W, H, 8, brows(np.array(grey)), palette=gp.tobytes())
q16 = np.array(rgb.quantize(16)); p16 = np.zeros((16, 4), np.uint8); _p = np.array(rgb.quantize(16).getpalette()[:48], np.uint8).reshape(-1, 3); p16[:len(_p), :3] = _p[:, ::-1]
def nibbles(arr):
    if arr.shape[1] % 2: arr = np.concatenate([arr, np.zeros((arr.shape[0], 1), arr.dtype)], 1)
    return (arr[:, 0::2] << 4 | arr[:, 1::2]).astype(np.uint8)
files["bmp_4.bmp"] = bmp(W, H, 4, brows(nibbles(q16)), palette=p16.tobytes())
bits = np.packbits(np.array(one), axis=1)
files["bmp_1.bmp"] = bmp(W, H, 1, brows(bits), palette=bytes([10, 20, 30, 0, 200, 210, 220, 0]))
files["bmp_os2_24.bmp"] = bmp(W, H, 24, brows(bgr), header=12)
files["bmp_os2_8.bmp"] = bmp(W, H, 8, brows(pimg), palette=pad[:, :3].copy().tobytes(), header=12)
def rle8(arr, deltas=False):
    r = b""
    for y, row in enumerate(arr[::-1]):
        x = 0
        while x < len(row):
            n = 1
            while x + n < len(row) and row[x + n] == row[x] and n < 255: n += 1
            if n == 1 and len(row) - x >= 3:
                m = min(5, len(row) - x)
                if m >= 3:
                    r += bytes([0, m]) + row[x:x + m].tobytes() + (b"\0" if m % 2 else b""); x += m; continue
            r += bytes([n, row[x]]); x += n
        r += b"\0\0"
    return r + b"\0\1"
files["bmp_rle8.bmp"] = bmp(W, H, 8, rle8(pimg), 1, palette=pad.tobytes())
files["bmp_rle8_delta.bmp"] = bmp(W, H, 8, b"\5\3\0\2\4\2\6\5\0\0\7\1\0\1", 1, palette=pad.tobytes())
files["bmp_rle8_no_end.bmp"] = bmp(W, H, 8, rle8(pimg)[:-2], 1, palette=pad.tobytes())
def rle4(arr):
    r = b""
    for row in arr[::-1]:
        x = 0
        while x < len(row):
            n = 1
            while x + n < len(row) and row[x + n] == row[x] and n < 255: n += 1
            m = min(6, len(row) - x)
            if n == 1 and m >= 3:
                v = list(row[x:x + m]) + [0] * (-m % 4)
                by = bytes(v[i] << 4 | v[i + 1] for i in range(0, len(v), 2))
                r += bytes([0, m]) + by; x += m; continue
            r += bytes([n, row[x] << 4 | row[x]]); x += n
        r += b"\0\0"
    return r + b"\0\1"
files["bmp_rle4.bmp"] = bmp(W, H, 4, rle4(q16), 2, palette=p16.tobytes())
files["bmp_cut.bmp"] = files["bmp_24.bmp"][:-200]
files["bmp_cut_last_byte.bmp"] = files["bmp_24.bmp"][:-1]
files["bmp_cut_padding.bmp"] = bmp(W, H, 24, brows(bgr)[:-1])
files["bmp_trailing.bmp"] = files["bmp_24.bmp"] + b"more"
files["bmp_zero_size_field.bmp"] = patch(files["bmp_24.bmp"], 2, 0, 0, 0, 0)
files["bmp_gap_before_pixels.bmp"] = (lambda f: patch(f[:54] + b"\0" * 10 + f[54:], 10, 64, 0, 0, 0))(files["bmp_24.bmp"])

# ---- WebP
files["webp_lossy.webp"] = pil(rgb, "WEBP", quality=80)
files["webp_lossless.webp"] = pil(rgb, "WEBP", lossless=True)
files["webp_lossy_alpha.webp"] = pil(rgba, "WEBP", quality=80)
files["webp_lossless_alpha.webp"] = pil(rgba, "WEBP", lossless=True, exact=True)
for o in (3, 6, 8):
    files[f"webp_exif_{o}.webp"] = pil(rgb, "WEBP", quality=80, exif=exif(o))
files["webp_exif_prefixed.webp"] = pil(rgb, "WEBP", quality=80, exif=b"Exif\0\0" + exif(6))
files["webp_animated.webp"] = pil(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, quality=80)
b = io.BytesIO(); rgba.save(b, "WEBP", save_all=True, append_images=[la.convert("RGBA")], duration=100, lossless=True, exact=True); files["webp_animated_alpha.webp"] = b.getvalue()
files["webp_trailing.webp"] = files["webp_lossy.webp"] + b"trailing"
files["webp_cut.webp"] = files["webp_lossy.webp"][:-30]
files["webp_cut_one.webp"] = files["webp_lossy.webp"][:-1]
files["webp_named.jpg"] = files["webp_lossy.webp"]
files["webp_riff_size_small.webp"] = patch(files["webp_lossy.webp"], 4, 20, 0, 0, 0)

# ---- TIFF
def tif(im, **kw): return pil(im, "TIFF", **kw)
files["tiff_rgb.tif"] = tif(rgb)
for comp in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "tiff_deflate", "zstd", "lzma", "webp"):
    try: files[f"tiff_{comp.replace('tiff_', '')}.tif"] = tif(rgb, compression=comp)
    except Exception as e: print("no", comp, e)
files["tiff_grey.tif"] = tif(grey)
files["tiff_palette.tif"] = tif(pal)
files["tiff_one.tif"] = tif(one)
files["tiff_group4.tif"] = tif(one, compression="group4")
files["tiff_rgba.tif"] = tif(rgba)
files["tiff_la.tif"] = tif(la)
files["tiff_cmyk.tif"] = tif(cmyk)
files["tiff_16_grey.tif"] = tif(Image.fromarray(deep[..., 0].astype("<u2")))
ok, t16 = cv2.imencode(".tiff", deep.astype(np.uint16)); files["tiff_16_rgb.tif"] = t16.tobytes()
ok, t16 = cv2.imencode(".tiff", deep4.astype(np.uint16)); files["tiff_16_rgba.tif"] = t16.tobytes()
ok, t = cv2.imencode(".tiff", (base(W, H).astype(np.float32) / 255)); files["tiff_float.tif"] = t.tobytes()
ok, t = cv2.imencode(".tiff", (base(W, H).astype(np.float64))); files["tiff_double.tif"] = t.tobytes()
for o in range(1, 9):
    im = rgb.copy(); x = Image.Exif(); x[0x0112] = o
    files[f"tiff_orient_{o}.tif"] = tif(im, tiffinfo={0x0112: o})
for o in (2, 6): files[f"tiff_16_orient_{o}.tif"] = tif(Image.fromarray(deep[..., 0].astype("<u2")), tiffinfo={0x0112: o})
b = io.BytesIO(); rgb.save(b, "TIFF", big_tiff=True); files["tiff_big.tif"] = b.getvalue()
b = io.BytesIO(); rgb.save(b, "TIFF", save_all=True, append_images=frames[1:]); files["tiff_pages.tif"] = b.getvalue()
files["tiff_predictor.tif"] = cv2.imencode(".tiff", bgr, [cv2.IMWRITE_TIFF_PREDICTOR, 2])[1].tobytes()
files["tiff_strips.tif"] = cv2.imencode(".tiff", bgr, [cv2.IMWRITE_TIFF_ROWSPERSTRIP, 3])[1].tobytes()
files["tiff_cut.tif"] = files["tiff_rgb.tif"][:-200]
files["tiff_minwhite.tif"] = tif(one, tiffinfo={262: 0})
files["tiff_unassociated.tif"] = tif(rgba, tiffinfo={338: 2})
files["tiff_signed8.tif"] = cv2.imencode(".tiff", (base(W, H).astype(np.int16) - 128).astype(np.int8))[1].tobytes()
files["tiff_int16.tif"] = cv2.imencode(".tiff", deep.astype(np.int16))[1].tobytes()
files["tiff_int32.tif"] = cv2.imencode(".tiff", deep.astype(np.int32))[1].tobytes()
lab = rgb.convert("LAB"); files["tiff_lab.tif"] = tif(lab)
ycc = rgb.convert("YCbCr"); files["tiff_ycbcr.tif"] = tif(ycc)

def tf(arr, **kw):
    b = io.BytesIO(); tifffile.imwrite(b, arr, **kw); return b.getvalue()
files["tiff_tiled.tif"] = tf(a, tile=(16, 16), photometric="rgb")
files["tiff_planar.tif"] = tf(np.moveaxis(a, -1, 0).copy(), planarconfig="separate", photometric="rgb")
files["tiff_planar_16.tif"] = tf(np.moveaxis(deep, -1, 0).astype(np.uint16), planarconfig="separate", photometric="rgb")
files["tiff_tiled_16_grey.tif"] = tf(deep[..., 0].astype(np.uint16), tile=(16, 16))
files["tiff_big_endian.tif"] = tf(a, byteorder=">", photometric="rgb")
files["tiff_big_endian_16.tif"] = tf(deep.astype(np.uint16), byteorder=">", photometric="rgb")
files["tiff_16_unassociated.tif"] = tf(deep4.astype(np.uint16), photometric="rgb", extrasamples=["unassalpha"])
files["tiff_8_associated.tif"] = tf(np.array(rgba), photometric="rgb", extrasamples=["assocalpha"])
files["tiff_grey_unassociated.tif"] = tf(np.array(la), photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig")
files["tiff_5_bands.tif"] = tf(np.concatenate([a, a[..., :2]], -1), photometric="rgb", extrasamples=["unspecified"] * 2)
files["tiff_6_bands_grey.tif"] = tf(np.concatenate([a, a], -1), photometric="minisblack", planarconfig="contig")
files["tiff_minwhite_8.tif"] = tf(np.array(grey), photometric="miniswhite")
files["tiff_cut_directory.tif"] = files["tiff_16_rgb.tif"][:-30]
files["tiff_no_page.tif"] = b"II*\0\0\0\0\0"
for extra in sys.argv[2:]:
    files["jpeg_" + os.path.basename(extra)] = open(extra, "rb").read()
blob, lines = b"", []
for name, data in sorted(files.items()):
    try:
        im = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        im = None
    said = "refused\t0\t0"
    if im is not None:
        assert im.dtype == np.uint8 and im.shape[2] == 3
        rgb8 = np.ascontiguousarray(im[..., ::-1])
        said = f"{hashlib.sha256(rgb8.tobytes()).hexdigest()}\t{rgb8.shape[1]}\t{rgb8.shape[0]}"
    lines.append(f"{name}\t{len(blob)}\t{len(data)}\t{said}")
    blob += data
open(os.path.join(out, "pictures.bin"), "wb").write(blob)
open(os.path.join(out, "pictures.tsv"), "w").write("\n".join(lines) + "\n")
print(len(lines), "pictures,", len(blob), "bytes")
