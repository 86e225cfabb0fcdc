"""Writes tests/Fixtures/diffusion/stable-diffusion.json: the whole way of a small Stable Diffusion, from the prompt's letters and
the seed to the picture's numbers.

    /usr/bin/python3 tests/Fixtures/make_stable_diffusion.py

The parts are those of the other scripts here: tokenizer, text tower, U-Net and autoencoder in float64, weights by formula. What
this one adds is written from the descriptions: weighted prompts, guidance, DDIM and DPM-Solver++ as Stable Diffusion runs
them, the start of image to image (Meng and others, arXiv 2108.01073), and inpainting that blends by a mask after each step.
"""
import json
import math
import re

import torch

import make_clip_tokenizer as letters
import make_diffusion as parts
from make_text_models import clip, clip_shapes, fill

TEXT = dict(vocabulary=614, width=32, layers=5, heads=4, feed_forward=37, positions=77)
SCALE = 0.18215
PROMPTS = ["a photo of a red flower with white petals", "the (petals:1.4) aren't (yellow:0.5), it's \\(a rose\\)"]
NEGATIVE = "an orange flower"
GUIDANCE = 7.5
SEEDS = [7, 11]

VOCABULARY = json.loads((letters.OUT / "vocab.json").read_text(encoding="utf-8"))
RANKS = {tuple(line.split(" ")): i for i, line in enumerate((letters.OUT / "merges.txt").read_text(encoding="utf-8").splitlines()[1:])}


def weighted(prompt):
    """(text:number) without nesting, which is all the prompts above have."""
    found, at = [], 0
    for match in re.finditer(r"(?<!\\)\(([^():\\]*):([0-9.]+)\)", prompt):
        found += [(prompt[at:match.start()], 1.0), (match[1], float(match[2]))]
        at = match.end()
    return [(text.replace("\\(", "(").replace("\\)", ")"), weight) for text, weight in found + [(prompt[at:], 1.0)] if text]


def encode(prompt, w):
    row = [(letters.BEGIN, 1.0)]
    for text, weight in weighted(prompt):
        row += [(token, weight) for token in letters.tokenize(text, RANKS)]
    row = row[:76] + [(letters.END, 1.0)]
    row += [(letters.END, 1.0)] * (77 - len(row))
    empty = [letters.BEGIN] + [letters.END] * 76
    run = lambda tokens: clip(w, torch.tensor([[VOCABULARY[t] for t in tokens]]), TEXT)[0]
    vectors, nothing = run([t for t, _ in row]), run(empty)
    weights = torch.tensor([weight for _, weight in row], dtype=torch.float64)[:, None]
    return nothing + weights * (vectors - nothing)


def guided(x, t, text, without, w):
    look = lambda words: parts.unet(x, torch.full([len(x)], float(t), dtype=torch.float64), words, None, w, **parts.UNET)
    u, c = look(without), look(text)
    return u + GUIDANCE * (c - u)


def ddim(x, moments, predict, after=lambda x, i: x):
    kept = parts.scaled_linear()
    for i, t in enumerate(moments):
        now, then = kept[t], kept[moments[i + 1]] if i + 1 < len(moments) else kept[0]
        noise = predict(x, t)
        clean = (x - math.sqrt(1 - now) * noise) / math.sqrt(now)
        x = after(math.sqrt(then) * clean + math.sqrt(1 - then) * noise, i + 1)
    return x


def dpm(x, n, predict):
    kept = parts.scaled_linear()
    moments = [round((n - i) * 999 / n) for i in range(n)]
    last = last_lambda = None
    for i, t in enumerate(moments):
        a, s = math.sqrt(kept[t]), math.sqrt(1 - kept[t])
        clean = (x - s * predict(x, t)) / a
        if i + 1 == n:
            return clean
        a2, s2 = math.sqrt(kept[moments[i + 1]]), math.sqrt(1 - kept[moments[i + 1]])
        here, there = math.log(a / s), math.log(a2 / s2)
        step = clean if last is None else clean + 0.5 * (there - here) / (here - last_lambda) * (clean - last)
        x = s2 / s * x - a2 * (math.exp(here - there) - 1) * step
        last, last_lambda = clean, here


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def main():
    text_w, unet_w, vae_w = fill(clip_shapes(**TEXT)), fill(parts.unet_shapes(**parts.UNET)), fill(parts.vae_shapes(**parts.VAE))
    # By formula the network shouts: a quieter last layer keeps the latents near what they should be.
    for name in "conv_out.weight", "conv_out.bias":
        unet_w[name] = (unet_w[name] * 0.05).float().double()
    for name in "decoder.conv_out.weight", "decoder.conv_out.bias":
        vae_w[name] = (vae_w[name] * 0.25).float().double()
    both = torch.stack([encode(p, text_w) for p in PROMPTS])
    away = encode(NEGATIVE, text_w)[None]
    kept = parts.scaled_linear()
    leading = lambda n: [i * (1000 // n) + 1 for i in range(n)][::-1]
    picture = lambda z: parts.vae_decode(z / SCALE, vae_w, **parts.VAE).clamp(-1, 1)
    of_both = lambda x, t: guided(x, t, both, away.expand(2, -1, -1), unet_w)
    of_first = lambda x, t: guided(x, t, both[:1], away, unet_w)

    starts = torch.cat([seeded(seed, 1, 4, 8, 8) for seed in SEEDS])
    made = ddim(starts, leading(4), of_both)
    solved = dpm(starts[:1], 6, of_first)

    given = parts.numbers(2001, 1, 3, 16, 16)
    clean = parts.vae_encode(given, vae_w, **parts.VAE)[0] * SCALE
    noise = seeded(SEEDS[0], 1, 4, 8, 8)
    later = leading(6)[3:]
    changed = ddim(math.sqrt(kept[later[0]]) * clean + math.sqrt(1 - kept[later[0]]) * noise, later, of_first)

    mask = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    mask[:, :, 3:9, 5:] = 1  # cuts through latents: one with a single marked pixel is made anew
    small = torch.nn.functional.max_pool2d(mask, 2)
    moments = leading(4)

    def keep(x, i):
        known = math.sqrt(kept[moments[i]]) * clean + math.sqrt(1 - kept[moments[i]]) * noise if i < len(moments) else clean
        return small * x + (1 - small) * known

    mended = ddim(noise, moments, of_first, keep)
    out = {
        "prompts": PROMPTS, "negative": NEGATIVE, "seeds": SEEDS,
        "text": parts.flat(both[1, :20]), "start": parts.flat(starts[1, 0]),
        "ddim": {"latents": parts.flat(made), "pictures": parts.flat(picture(made))},
        "dpm": {"latents": parts.flat(solved), "pictures": parts.flat(picture(solved))},
        "changed": parts.flat(picture(changed)), "mended": parts.flat(picture(mended)),
    }
    for name in "changed", "mended":
        values = torch.tensor(out[name])
        print(name, "within the range:", float((values.abs() < 1).float().mean()), "deviation", float(values.std()))
    for name in "ddim", "dpm":
        values, latents = torch.tensor(out[name]["pictures"]), torch.tensor(out[name]["latents"])
        print(name, "within the range:", float((values.abs() < 1).float().mean()), "deviation", float(values.std()), "latents", float(latents.std()))
    (parts.OUT / "stable-diffusion.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
