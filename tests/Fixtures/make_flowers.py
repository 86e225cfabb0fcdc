"""Makes small files in the true formats of Oxford Flowers-102: archive, .mat, captions, .t7 and HDF5.

Run with Debian's python3 (python3-scipy, python3-pil): python3 make_flowers.py
Twelve pictures of four classes, and in the folder many/ seventy-two of eight, enough for a batch to train on. Picture n (1 to 12) has class (n-1)//3 + 1, is drawn in one color with a
darker left half, and its caption c says "picture n caption c". Element j of the embedding of that caption
is n + c/10 + j/4096, exact in float32.
"""
import gzip, io, os, struct, tarfile
import numpy as np
import scipy.io
from PIL import Image

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flowers102")
os.makedirs(here, exist_ok=True)


def path(name):
    return os.path.join(here, name)


def jpeg(n):
    width, height = (150, 100) if n % 2 else (100, 130)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :] = (20 * n, 255 - 20 * n, 128)
    pixels[:, : width // 2] //= 2
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


def archive(name, files):
    """A .tar.gz with fixed times, so that it comes out the same each time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for file, content in files:
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with open(path(name), "wb") as out, gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as zipped:
        zipped.write(raw.getvalue())


# Torch7's binary serialization, as its File.lua and the tensors' write methods lay it out.
class T7:
    def __init__(self):
        self.out, self.index = io.BytesIO(), 0

    def int(self, *values):
        for value in values:
            self.out.write(struct.pack("<i", value))

    def long(self, *values):
        for value in values:
            self.out.write(struct.pack("<q", value))

    def text(self, value):
        raw = value.encode()
        self.int(len(raw))
        self.out.write(raw)

    def torch(self, name):
        self.index += 1
        self.int(4, self.index)
        self.text("V 1")
        self.text(name)

    def write(self, value):
        if value is None:
            self.int(0)
        elif isinstance(value, bool):
            self.int(5, int(value))
        elif isinstance(value, (int, float)):
            self.int(1)
            self.out.write(struct.pack("<d", value))
        elif isinstance(value, str):
            self.int(2)
            self.text(value)
        elif isinstance(value, dict):
            self.index += 1
            self.int(3, self.index, len(value))
            for key, item in value.items():
                self.write(key)
                self.write(item)
        else:
            self.tensor(value)

    def tensor(self, array, strides=None, offset=1, shape=None):
        kind = {"float32": "Float", "float64": "Double", "uint8": "Byte", "int64": "Long"}[str(array.dtype)]
        shape = shape or array.shape
        strides = strides or [int(np.prod(array.shape[i + 1:])) for i in range(array.ndim)]
        self.torch(f"torch.{kind}Tensor")
        self.int(len(shape))
        self.long(*shape)
        self.long(*strides)
        self.long(offset)
        self.torch(f"torch.{kind}Storage")
        self.long(array.size)
        self.out.write(np.ascontiguousarray(array).tobytes())

    def bytes(self):
        return self.out.getvalue()


def t7(value):
    file = T7()
    file.write(value)
    return file.bytes()


def embedding(n):
    return (n + np.arange(10)[:, None] / 10 + np.arange(1024)[None, :] / 4096).astype(np.float32)


numbers = range(1, 13)
labels = [(n - 1) // 3 + 1 for n in numbers]
captions = {n: [f"picture {n} caption {c}" for c in range(10)] for n in numbers}
archive("102flowers.tgz", [(f"jpg/image_{n:05d}.jpg", jpeg(n)) for n in numbers])

# The published files are compressed, and hold uint8 labels and uint16 sets.
scipy.io.savemat(path("imagelabels.mat"), {"labels": np.array([labels], np.uint8)}, do_compression=True)
sets = {"trnid": [1, 4, 7, 10], "valid": [2, 5, 8, 11], "tstid": [3, 6, 9, 12]}
scipy.io.savemat(path("setid.mat"), {k: np.array([v], np.uint16) for k, v in sets.items()}, do_compression=True)
scipy.io.savemat(path("mixed.mat"), {
    "matrix": np.array([[1.5, -2.25, 3], [4, 5, 6e300]]), "whole": np.array([[-70000, 70000]], np.int32),
    "single": np.array([[0.5]], np.float32), "words": "text", "cell": np.array([["a", 1]], dtype=object),
    "complex": np.array([[1 + 2j]]), "empty": np.zeros((0, 3)), "big": np.array([[2 ** 40]], np.int64)}, do_compression=False)

lists = {"allclasses": [1, 2, 3, 4], "trainclasses": [1, 3], "valclasses": [4], "testclasses": [2], "trainvalclasses": [1, 3, 4]}
text = {f"{k}.txt": "".join(f"class_{c:05d}\n" for c in v).encode() for k, v in lists.items()}
archive("cvpr2016_flowers.tar.gz",
        [(f"cvpr2016_flowers/text_c10/class_{labels[n - 1]:05d}/image_{n:05d}.txt", ("\n".join(captions[n]) + "\n").encode()) for n in numbers]
        + [(f"cvpr2016_flowers/{k}", v) for k, v in text.items()])
archive("flowers_icml.tar.gz",
        [(f"flowers_icml/class_{labels[n - 1]:05d}/image_{n:05d}.t7", t7({"img": f"image_{n:05d}.jpg", "txt": embedding(n)})) for n in numbers]
        + [(f"flowers_icml/{k}", v) for k, v in text.items()])

# More of the same, smaller and plainer, in a folder of their own: a batch of 32 needs as many.
os.makedirs(path("many"), exist_ok=True)
many = {n: (n - 1) // 9 + 1 for n in range(1, 73)}


def plain(n):
    out = io.BytesIO()
    Image.new("RGB", (24, 20), (3 * n, 255 - 3 * n, 30 * many[n])).save(out, "JPEG", quality=80)
    return out.getvalue()


archive("many/102flowers.tgz", [(f"jpg/image_{n:05d}.jpg", plain(n)) for n in many])
scipy.io.savemat(path("many/imagelabels.mat"), {"labels": np.array([list(many.values())], np.uint8)}, do_compression=True)
scipy.io.savemat(path("many/setid.mat"), {k: np.array([[n for n in many if n % 3 == r]], np.uint16) for k, r in (("trnid", 1), ("valid", 2), ("tstid", 0))}, do_compression=True)
archive("many/cvpr2016_flowers.tar.gz",
        [(f"cvpr2016_flowers/text_c10/class_{many[n]:05d}/image_{n:05d}.txt", "".join(f"flower {n} of kind {many[n]}, {c} times\n" for c in range(10)).encode()) for n in many]
        + [(f"cvpr2016_flowers/{k}.txt", "".join(f"class_{c:05d}\n" for c in v).encode()) for k, v in {"trainclasses": range(1, 6), "valclasses": [6], "testclasses": [7, 8]}.items()])

# A table with everything in it: a shared tensor, a view that is transposed and begins inside its storage.
mixed = T7()
mixed.index += 1
mixed.int(3, mixed.index, 7)
mixed.write("number"); mixed.write(2.5)
mixed.write("yes"); mixed.write(True)
mixed.write("nothing"); mixed.write(None)
mixed.write("list"); mixed.write({1: "first", 2: "second"})
mixed.write("view"); mixed.tensor(np.arange(10, dtype=np.float64), strides=[1, 3], offset=2, shape=[3, 2])
shared = mixed.index - 1
mixed.write("again"); mixed.int(4, shared)
mixed.write("bytes"); mixed.write(np.array([[1, 2], [3, 255]], np.uint8))
open(path("mixed.t7"), "wb").write(mixed.bytes())
