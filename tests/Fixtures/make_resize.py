"""Makes resize/*.png: what Pillow's Image.resize gives. Run with Debian's python3-pil: /usr/bin/python3 make_resize.py"""

from pathlib import Path

import numpy as np
from PIL import Image

SIZES = [(16, 16), (37, 23), (64, 48), (75, 23), (37, 50), (5, 40), (111, 7), (1, 1), (90, 61)]

folder = Path(__file__).parent / "resize"
folder.mkdir(exist_ok=True)
random = np.random.default_rng(5)
y, x = np.mgrid[0:23, 0:37]
smooth = np.stack([x * 7, y * 11, 255 - x * 3 - y * 4], -1)
noise = random.integers(-60, 60, smooth.shape)
edges = np.where(((x // 5 + y // 4) % 2 == 0)[..., None], 40, -40)
rough = smooth + noise + edges
# Pillow clips between the two directions. "soft" stays far from black and white, so that nothing is ever clipped.
soft = 60 + (rough - rough.min()) / (rough.max() - rough.min()) * 135
for source_name, values in (("rough", rough), ("soft", soft)):
    source = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    source.save(folder / f"{source_name}.png")
    for name, filter in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
        for width, height in SIZES:
            source.resize((width, height), filter).save(folder / f"{source_name}-{name}-{width}x{height}.png")
