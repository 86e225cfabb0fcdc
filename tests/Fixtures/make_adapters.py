#!/usr/bin/env python3
"""Reference values for lib/Adapters, worked in numpy from the published descriptions alone.

NF4 (QLoRA, arXiv 2305.14314, and bitsandbytes' file layout): weights are flattened, cut into blocks of 64 and divided by
the block's largest absolute value; each becomes the nearest of sixteen codes, the lower one where two are as near; two
codes share a byte, the first in the high half. The blocks' scales, less their mean, are rounded in the same way to the 256
values of the dynamic map, in blocks of 256. LoRA (arXiv 2106.09685): y = Wx + s*B(Ax).

Run it from the repository's root: /usr/bin/python3 tests/Fixtures/make_adapters.py
"""
import json
import os

import numpy as np

CODE = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=np.float32)


def dynamic_map():
    """In float32 throughout, evenly spaced bounds counted from whichever end is nearer, as PyTorch's linspace does."""
    f = np.float32
    values = [f(0), f(1)]
    for decade in range(7):
        parts = 2 ** decade
        step = (f(1) - f(0.1)) / f(parts)
        bounds = [f(0.1) + step * f(i) if i < (parts + 1) // 2 else f(1) - step * f(parts - i) for i in range(parts + 1)]
        for low, high in zip(bounds, bounds[1:]):
            middle = (low + high) / f(2) * f(10.0 ** (decade - 6))
            values += [middle, -middle]
    return np.array(sorted(values), dtype=np.float32)


def rounded(flat, size, code):
    """Codes and scales; distances are exact (float64), ties go to the lower code."""
    blocks = -(-len(flat) // size)
    scales = np.array([np.abs(flat[i * size:(i + 1) * size]).max() for i in range(blocks)], dtype=np.float32)
    codes = []
    for i, value in enumerate(flat):
        scale = max(scales[i // size], np.float32(1e-38))
        share = np.float32(value) * (np.float32(1) / scale)
        share = np.clip(share, np.float32(-1), np.float32(1))
        codes.append(int(np.argmin(np.abs(np.float64(share) - np.float64(code)))))
    return np.array(codes), scales


def quantize(weights):
    flat = weights.reshape(-1).astype(np.float32)
    codes, scales = rounded(flat, 64, CODE)
    padded = np.append(codes, [7] * (len(codes) % 2))
    packed = padded[0::2] * 16 + padded[1::2]
    offset = np.float32(scales.sum(dtype=np.float64) / len(scales))
    table = dynamic_map()
    scale_codes, nested = rounded(scales - offset, 256, table)
    back_scales = table[scale_codes].astype(np.float64) * nested[np.arange(len(scales)) // 256] + offset
    back = CODE[codes].astype(np.float64) * back_scales[np.arange(len(flat)) // 64]
    return dict(packed=packed.tolist(), absmax=[float(x) for x in scales], scale_codes=scale_codes.tolist(),
                nested=[float(x) for x in nested], offset=float(offset), back=[float(x) for x in back[:256]],
                back_sum=float(back.sum()), back_square=float((back ** 2).sum()))


def main():
    rng = np.random.default_rng(11)
    # Multiples of 1/1024: every number and every sum of scales is exact in float32, in whatever order it is added.
    large = np.round(rng.standard_normal((96, 200)) * 40) / 1024
    large.reshape(-1)[64 * 5:64 * 6] = 0  # a block of zeros
    ragged = np.round(rng.standard_normal((7, 31)) * 100) / 1024
    cases = [dict(shape=list(w.shape), units=[int(round(x * 1024)) for x in w.reshape(-1)], **quantize(w)) for w in (large, ragged)]

    # LoRA by hand: rank 2 on a 3x4 matrix, and on a 1x1 convolution of the same numbers.
    w, a, b = rng.standard_normal((3, 4)), rng.standard_normal((2, 4)), rng.standard_normal((3, 2))
    bias, x = rng.standard_normal(3), rng.standard_normal((5, 4))
    lora = dict(w=w.tolist(), a=a.tolist(), b=b.tolist(), bias=bias.tolist(), x=x.tolist(),
                alpha8=(x @ w.T + bias + 8 / 2 * (x @ a.T) @ b.T).tolist(),
                stabilized=(x @ w.T + bias + 8 / np.sqrt(2) * (x @ a.T) @ b.T).tolist(),
                half=(x @ w.T + bias + 0.5 * 8 / 2 * (x @ a.T) @ b.T).tolist(),
                merged=(w + 8 / 2 * b @ a).tolist())
    folder = os.path.join(os.path.dirname(__file__), "adapters")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "adapters.json"), "w") as file:
        json.dump(dict(dynamic_map=[float(x) for x in dynamic_map()], nf4=cases, lora=lora), file)
        file.write("\n")


if __name__ == "__main__":
    main()
