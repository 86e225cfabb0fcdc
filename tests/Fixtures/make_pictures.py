"""Makes pictures/*: files of every kind that the reader takes, and beside each NAME.png.expected what Pillow reads in it.

Run with Debian's python3-pil: /usr/bin/python3 make_pictures.py
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

folder = Path(__file__).parent / "pictures"
folder.mkdir(exist_ok=True)

# Six blocks of different colors, wider than high: every way of turning it is another picture.
colors = [[(220, 40, 30), (240, 200, 20), (30, 160, 60)], [(20, 60, 200), (200, 200, 200), (60, 20, 90)]]
blocks = np.kron(np.array(colors, np.uint8), np.ones((16, 16, 1), np.uint8))
picture = Image.fromarray(blocks)


def keep(name, expected=None, **options):
    """Saves `picture`'s variant and, as a plain PNG, what a viewer must see."""
    image = options.pop("image", picture)
    image.save(folder / name, **options)
    with Image.open(folder / name) as read:
        shown = expected or ImageOps.exif_transpose(read).convert("RGB")
        shown.save(folder / f"{name}.expected", "PNG")


for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    keep(f"orientation-{orientation}.jpg", exif=exif, quality=95, subsampling=0)

    keep(f"orientation-{orientation}.png", exif=exif)
for orientation in (3, 6):
    exif = Image.Exif()
    exif[0x0112] = orientation
    keep(f"orientation-{orientation}.webp", exif=exif, lossless=True)

# The chunk may also stand after the pixels, hold either order of bytes, and begin as in JPEG.
plain = (folder / "orientation-6.png").read_bytes()
start = plain.index(b"eXIf") - 4
chunk = plain[start:start + 12 + struct.unpack(">I", plain[start:start + 4])[0]]
without = plain.replace(chunk, b"")
big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
for name, body in (("after", chunk[8:-4]), ("after-big-endian", big)):
    late = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
    (folder / f"orientation-{name}.png").write_bytes(without[:-12] + late + without[-12:])
    (folder / f"orientation-{name}.png.expected").write_bytes((folder / "orientation-6.png.expected").read_bytes())

keep("progressive.jpg", quality=95, subsampling=0, progressive=True)
keep("grey.jpg", image=picture.convert("L"), quality=95)
keep("cmyk.jpg", image=picture.convert("CMYK"), quality=95)
keep("lossless.webp", lossless=True)
keep("lossy.webp", quality=95)
keep("palette.png", image=picture.quantize(8))
keep("grey.png", image=picture.convert("L"))
keep("bilevel.png", image=picture.convert("1"))
keep("tiny.png", image=Image.new("RGB", (1, 1), (12, 200, 99)))

ramp = np.linspace(0, 65535, 48 * 32).reshape(32, 48).astype(np.uint16)
grey = Image.fromarray((ramp.astype(float) / 257).round().astype(np.uint8)).convert("RGB")
keep("grey16.png", expected=grey, image=Image.fromarray(ramp))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color, rows):
    """A PNG by hand, for what Pillow cannot write."""
    squeeze = zlib.compressobj(9)
    data = b"".join(squeeze.compress(b"\0" + row) for row in rows) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


deep = blocks.astype(">u2") * 257
(folder / "rgb16.png").write_bytes(png(48, 32, 16, 2, (row.tobytes() for row in deep)))
picture.save(folder / "rgb16.png.expected", "PNG")

alpha = np.tile(np.linspace(0, 255, 48).round().astype(np.uint8), (32, 1))
clear = Image.fromarray(np.dstack([blocks, alpha]), "RGBA")
a = alpha[..., None].astype(float) / 255
over = Image.fromarray((blocks * a + 255 * (1 - a)).round().astype(np.uint8))
keep("alpha.png", expected=over, image=clear)
keep("alpha.webp", expected=over, image=clear, lossless=True, exact=True)
grey_over = (np.array(picture.convert("L")) * a[..., 0] + 255 * (1 - a[..., 0])).round().astype(np.uint8)
keep("grey-alpha.png", expected=Image.fromarray(grey_over).convert("RGB"), image=clear.convert("LA"))

# Not pictures, or not whole ones.
whole_png = (folder / "lossless.webp").read_bytes(), (folder / "grey16.png").read_bytes()
(folder / "empty.png").write_bytes(b"")
(folder / "text.png").write_text("This is not a picture.\n")
(folder / "cut.webp").write_bytes(whole_png[0][: len(whole_png[0]) // 2])
(folder / "cut.png").write_bytes(whole_png[1][: len(whole_png[1]) // 2])
(folder / "cut.jpg").write_bytes((folder / "progressive.jpg").read_bytes()[:400])
(folder / "cut-late.jpg").write_bytes((folder / "orientation-1.jpg").read_bytes()[:-60])
(folder / "header-only.png").write_bytes(whole_png[1][:20])
