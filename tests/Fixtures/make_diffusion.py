"""Writes tests/Fixtures/diffusion/{models,samplers}.json: a small autoencoder and U-Net with weights by formula, and the ways of
the samplers with a stand-in for the model.

    /usr/bin/python3 tests/Fixtures/make_diffusion.py

All of it is written here from the papers' formulas and the published descriptions, in float64 with torch.nn.functional and
plain Python, and shares nothing with the library but the names of the parameters, which are diffusers'.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

from make_text_models import fill, weight

OUT = pathlib.Path(__file__).parent / "diffusion"


# ---- blocks: every function takes all weights and the prefix of its own

def conv(x, w, name, stride=1, padding=1):
    return F.conv2d(x, w[name + ".weight"], w[name + ".bias"], stride=stride, padding=padding)


def dense(x, w, name):
    return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def group_norm(x, w, name, groups, epsilon):
    b, c, h, width = x.shape
    parts = x.reshape(b, groups, -1)
    parts = (parts - parts.mean(-1, keepdim=True)) / torch.sqrt(parts.var(-1, unbiased=False, keepdim=True) + epsilon)
    return parts.reshape(x.shape) * w[name + ".weight"][:, None, None] + w[name + ".bias"][:, None, None]


def silu(x):
    return x / (1 + torch.exp(-x))


def resnet(x, w, name, groups, epsilon, moment=None):
    h = conv(silu(group_norm(x, w, name + ".norm1", groups, epsilon)), w, name + ".conv1")
    if moment is not None:
        h = h + dense(silu(moment), w, name + ".time_emb_proj")[:, :, None, None]
    h = conv(silu(group_norm(h, w, name + ".norm2", groups, epsilon)), w, name + ".conv2")
    if name + ".conv_shortcut.weight" in w:
        x = conv(x, w, name + ".conv_shortcut", padding=0)
    return x + h


def attend(q, k, v, heads, mask=None):
    split = lambda x: x.reshape(x.shape[0], x.shape[1], heads, -1).permute(0, 2, 1, 3)
    scores = split(q) @ split(k).transpose(-1, -2) / math.sqrt(q.shape[-1] // heads)
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], -1e300)
    return (scores.softmax(-1) @ split(v)).permute(0, 2, 1, 3).reshape(q.shape)


# ---- the autoencoder

VAE = dict(channels=[32, 64], layers=1, latent=4, groups=32)


def resnet_shapes(name, inputs, outputs, time=None):
    shapes = {f"{name}.norm1.weight": [inputs], f"{name}.norm1.bias": [inputs], f"{name}.conv1.weight": [outputs, inputs, 3, 3],
              f"{name}.conv1.bias": [outputs], f"{name}.norm2.weight": [outputs], f"{name}.norm2.bias": [outputs],
              f"{name}.conv2.weight": [outputs, outputs, 3, 3], f"{name}.conv2.bias": [outputs]}
    if time:
        shapes |= {f"{name}.time_emb_proj.weight": [outputs, time], f"{name}.time_emb_proj.bias": [outputs]}
    if inputs != outputs:
        shapes |= {f"{name}.conv_shortcut.weight": [outputs, inputs, 1, 1], f"{name}.conv_shortcut.bias": [outputs]}
    return shapes


def both(name, *shape):
    return {name + ".weight": list(shape), name + ".bias": [shape[0]]}


def vae_shapes(channels, layers, latent, groups):
    shapes = both("encoder.conv_in", channels[0], 3, 3, 3)
    last = channels[0]
    for i, c in enumerate(channels):
        for j in range(layers):
            shapes |= resnet_shapes(f"encoder.down_blocks.{i}.resnets.{j}", last, c)
            last = c
        if i < len(channels) - 1:
            shapes |= both(f"encoder.down_blocks.{i}.downsamplers.0.conv", c, c, 3, 3)
    shapes |= both("decoder.conv_in", last, latent, 3, 3)
    for i, c in enumerate(reversed(channels)):
        for j in range(layers + 1):
            shapes |= resnet_shapes(f"decoder.up_blocks.{i}.resnets.{j}", last, c)
            last = c
        if i < len(channels) - 1:
            shapes |= both(f"decoder.up_blocks.{i}.upsamplers.0.conv", c, c, 3, 3)
    top = channels[-1]
    for part in "encoder", "decoder":
        for j in range(2):
            shapes |= resnet_shapes(f"{part}.mid_block.resnets.{j}", top, top)
        attention = f"{part}.mid_block.attentions.0"
        shapes |= both(attention + ".group_norm", top)
        for name in "to_q", "to_k", "to_v", "to_out.0":
            shapes |= both(f"{attention}.{name}", top, top)
    shapes |= both("encoder.conv_norm_out", top) | both("encoder.conv_out", 2 * latent, top, 3, 3)
    shapes |= both("decoder.conv_norm_out", channels[0]) | both("decoder.conv_out", 3, channels[0], 3, 3)
    return shapes | both("quant_conv", 2 * latent, 2 * latent, 1, 1) | both("post_quant_conv", latent, latent, 1, 1)


def vae_middle(x, w, name, groups):
    x = resnet(x, w, name + ".resnets.0", groups, 1e-6)
    a = name + ".attentions.0"
    b, c, h, width = x.shape
    places = group_norm(x, w, a + ".group_norm", groups, 1e-6).reshape(b, c, -1).transpose(1, 2)
    seen = dense(attend(dense(places, w, a + ".to_q"), dense(places, w, a + ".to_k"), dense(places, w, a + ".to_v"), 1), w, a + ".to_out.0")
    x = x + seen.transpose(1, 2).reshape(x.shape)
    return resnet(x, w, name + ".resnets.1", groups, 1e-6)


def vae_encode(x, w, channels, layers, latent, groups):
    x = conv(x, w, "encoder.conv_in")
    for i in range(len(channels)):
        for j in range(layers):
            x = resnet(x, w, f"encoder.down_blocks.{i}.resnets.{j}", groups, 1e-6)
        if i < len(channels) - 1:
            # Zeros at the right and at the bottom only.
            x = conv(F.pad(x, (0, 1, 0, 1)), w, f"encoder.down_blocks.{i}.downsamplers.0.conv", stride=2, padding=0)
    x = vae_middle(x, w, "encoder.mid_block", groups)
    x = conv(silu(group_norm(x, w, "encoder.conv_norm_out", groups, 1e-6)), w, "encoder.conv_out")
    x = conv(x, w, "quant_conv", padding=0)
    return x[:, :latent], x[:, latent:].clamp(-30, 20)


def vae_decode(z, w, channels, layers, latent, groups):
    x = conv(conv(z, w, "post_quant_conv", padding=0), w, "decoder.conv_in")
    x = vae_middle(x, w, "decoder.mid_block", groups)
    for i in range(len(channels)):
        for j in range(layers + 1):
            x = resnet(x, w, f"decoder.up_blocks.{i}.resnets.{j}", groups, 1e-6)
        if i < len(channels) - 1:
            x = conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3), w, f"decoder.up_blocks.{i}.upsamplers.0.conv")
    return conv(silu(group_norm(x, w, "decoder.conv_norm_out", groups, 1e-6)), w, "decoder.conv_out")


# ---- the U-Net

UNET = dict(channels=[32, 64], looks=[False, True], context=32, layers=2, heads=8, groups=32, latent=4)


def transformer_shapes(name, c, context):
    block = name + ".transformer_blocks.0"
    shapes = both(name + ".norm", c) | both(name + ".proj_in", c, c, 1, 1) | both(name + ".proj_out", c, c, 1, 1)
    for i in 1, 2, 3:
        shapes |= both(f"{block}.norm{i}", c)
    for attention, width in ("attn1", c), ("attn2", context):
        shapes |= {f"{block}.{attention}.to_q.weight": [c, c], f"{block}.{attention}.to_k.weight": [c, width], f"{block}.{attention}.to_v.weight": [c, width]}
        shapes |= both(f"{block}.{attention}.to_out.0", c, c)
    return shapes | both(block + ".ff.net.0.proj", 8 * c, c) | both(block + ".ff.net.2", c, 4 * c)


def patch_shapes(latent, width):
    return (both("conv1", width, 3, 4, 4) | both("conv2", 2 * width, width, 4, 4) | both("norm2", 2 * width)
            | both("conv3", 2 * width, 2 * width + latent, 3, 3) | both("norm3", 2 * width) | both("score", 1, 2 * width, 3, 3))


def patches(x, z, w):
    def bent(value):
        return torch.where(value > 0, value, 0.2 * value)

    h = bent(conv(x, w, "conv1", stride=2))
    h = bent(group_norm(conv(h, w, "conv2", stride=2), w, "norm2", 6, 1e-5))
    return conv(bent(group_norm(conv(torch.cat([h, z], 1), w, "conv3"), w, "norm3", 6, 1e-5)), w, "score")


def unet_shapes(channels, looks, context, layers, heads, groups, latent):
    time = 4 * channels[0]
    shapes = both("conv_in", channels[0], latent, 3, 3) | both("time_embedding.linear_1", time, channels[0]) | both("time_embedding.linear_2", time, time)
    last, kept = channels[0], [channels[0]]
    for i, c in enumerate(channels):
        for j in range(layers):
            shapes |= resnet_shapes(f"down_blocks.{i}.resnets.{j}", last, c, time)
            if looks[i]:
                shapes |= transformer_shapes(f"down_blocks.{i}.attentions.{j}", c, context)
            last = c
            kept.append(c)
        if i < len(channels) - 1:
            shapes |= both(f"down_blocks.{i}.downsamplers.0.conv", c, c, 3, 3)
            kept.append(c)
    for j in 0, 1:
        shapes |= resnet_shapes(f"mid_block.resnets.{j}", last, last, time)
    shapes |= transformer_shapes("mid_block.attentions.0", last, context)
    for i, c in enumerate(reversed(channels)):
        for j in range(layers + 1):
            shapes |= resnet_shapes(f"up_blocks.{i}.resnets.{j}", last + kept.pop(), c, time)
            if looks[::-1][i]:
                shapes |= transformer_shapes(f"up_blocks.{i}.attentions.{j}", c, context)
            last = c
        if i < len(channels) - 1:
            shapes |= both(f"up_blocks.{i}.upsamplers.0.conv", c, c, 3, 3)
    return shapes | both("conv_norm_out", channels[0]) | both("conv_out", latent, channels[0], 3, 3)


def transformer(x, w, name, groups, heads, context, mask):
    b, c, h, width = x.shape
    block = name + ".transformer_blocks.0"
    y = conv(group_norm(x, w, name + ".norm", groups, 1e-6), w, name + ".proj_in", padding=0).reshape(b, c, -1).transpose(1, 2)

    def layer_norm(value, i):
        return F.layer_norm(value, (c,), w[f"{block}.norm{i}.weight"], w[f"{block}.norm{i}.bias"], 1e-5)

    def attention(value, other, which, allowed):
        a = f"{block}.{which}"
        return dense(attend(dense(value, w, a + ".to_q"), dense(other, w, a + ".to_k"), dense(other, w, a + ".to_v"), heads, allowed), w, a + ".to_out.0")

    own = layer_norm(y, 1)
    y = y + attention(own, own, "attn1", None)
    y = y + attention(layer_norm(y, 2), context, "attn2", mask)
    value, gate = dense(layer_norm(y, 3), w, block + ".ff.net.0.proj").chunk(2, -1)
    y = y + dense(value * (gate * 0.5 * (1 + torch.erf(gate / math.sqrt(2)))), w, block + ".ff.net.2")
    return x + conv(y.transpose(1, 2).reshape(x.shape), w, name + ".proj_out", padding=0)


def unet(x, moments, text, mask, w, channels, looks, context, layers, heads, groups, latent):
    half = channels[0] // 2
    angles = moments[:, None] * torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    moment = dense(silu(dense(torch.cat([angles.cos(), angles.sin()], 1), w, "time_embedding.linear_1")), w, "time_embedding.linear_2")
    x = conv(x, w, "conv_in")
    kept = [x]
    for i in range(len(channels)):
        for j in range(layers):
            x = resnet(x, w, f"down_blocks.{i}.resnets.{j}", groups, 1e-5, moment)
            if looks[i]:
                x = transformer(x, w, f"down_blocks.{i}.attentions.{j}", groups, heads, text, mask)
            kept.append(x)
        if i < len(channels) - 1:
            x = conv(x, w, f"down_blocks.{i}.downsamplers.0.conv", stride=2)
            kept.append(x)
    x = resnet(x, w, "mid_block.resnets.0", groups, 1e-5, moment)
    x = transformer(x, w, "mid_block.attentions.0", groups, heads, text, mask)
    x = resnet(x, w, "mid_block.resnets.1", groups, 1e-5, moment)
    for i in range(len(channels)):
        for j in range(layers + 1):
            x = resnet(torch.cat([x, kept.pop()], 1), w, f"up_blocks.{i}.resnets.{j}", groups, 1e-5, moment)
            if looks[::-1][i]:
                x = transformer(x, w, f"up_blocks.{i}.attentions.{j}", groups, heads, text, mask)
        if i < len(channels) - 1:
            x = conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3), w, f"up_blocks.{i}.upsamplers.0.conv")
    return conv(silu(group_norm(x, w, "conv_norm_out", groups, 1e-5)), w, "conv_out")


def numbers(stream, *shape):
    """Numbers of the formula that fills weights, as inputs: -1 to 1."""
    return (weight(stream, math.prod(shape)) / 0.3).float().double().reshape(shape)


def flat(values):
    return [float(f"{v:.9g}") for v in values.reshape(-1).tolist()]


def models():
    vae_w = fill(vae_shapes(**VAE))
    mean, log_variance = vae_encode(numbers(1000, 2, 3, 16, 16), vae_w, **VAE)
    picture = vae_decode(numbers(1001, 1, 4, 6, 4), vae_w, **VAE)
    unet_w = fill(unet_shapes(**UNET))
    x, text = numbers(1002, 2, 4, 8, 8), numbers(1003, 2, 5, 32)
    mask = torch.tensor([[True] * 5, [True, True, True, False, False]])
    moments = torch.tensor([10.0, 981.5], dtype=torch.float64)
    patch_w = fill(patch_shapes(4, 6))
    return {
        "patches": {"names": patch_shapes(4, 6), "logits": flat(patches(numbers(1004, 2, 3, 16, 12), numbers(1005, 2, 4, 4, 3), patch_w))},
        "vae": {"names": vae_shapes(**VAE), "mean": flat(mean), "logVariance": flat(log_variance), "picture": flat(picture)},
        "unet": {"names": unet_shapes(**UNET), "open": flat(unet(x, moments, text, None, unet_w, **UNET)),
                 "masked": flat(unet(x, moments, text, mask, unet_w, **UNET))},
        "counts": {"vae": [len(vae_shapes([128, 256, 512, 512], 2, 4, 32)), sum(math.prod(s) for s in vae_shapes([128, 256, 512, 512], 2, 4, 32).values())],
                   "unet": [len(s := unet_shapes([320, 640, 1280, 1280], [True, True, True, False], 768, 2, 8, 32, 4)), sum(math.prod(v) for v in s.values())]},
    }


# ---- schedules and samplers, one number at a time

def kept_shares(betas):
    product, result = 1.0, []
    for beta in betas:
        product *= 1 - beta
        result.append(product)
    return result


def scaled_linear(first=0.00085, last=0.012, n=1000):
    return kept_shares([(math.sqrt(first) + i / (n - 1) * (math.sqrt(last) - math.sqrt(first))) ** 2 for i in range(n)])


def linear(first=1e-4, last=0.02, n=1000):
    return kept_shares([first + i / (n - 1) * (last - first) for i in range(n)])


def cosine(n=1000):
    share = lambda u: math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    return kept_shares([min(1 - share((i + 1) / n) / share(i / n), 0.999) for i in range(n)])


def sigmoid(first=1e-4, last=0.02, n=1000):
    return kept_shares([first + (last - first) / (1 + math.exp(6 - 12 * i / (n - 1))) for i in range(n)])


def zero_terminal(kept):
    roots = [math.sqrt(k) for k in kept]
    return [((r - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2 for r in roots]


def model(x, t):
    """A stand-in for a network: any smooth function of latents and moment does."""
    return [0.5 * math.sin(v) + 0.2 * v + 0.3 * t / 1000 * math.cos(3 * v) for v in x]


def clean_and_noise(kind, out, x, a, s):
    if kind == "epsilon":
        return [(v - s * o) / a for v, o in zip(x, out)], out
    return [a * v - s * o for v, o in zip(x, out)], [s * v + a * o for v, o in zip(x, out)]


def spaced(spacing, n, total=1000, offset=0):
    if spacing == "leading":
        return [float(i * (total // n) + offset) for i in range(n)][::-1]
    if spacing == "linspace":
        return [i * (total - 1) / (n - 1) for i in range(n)][::-1]
    return [float(round(total - i * total / n) - 1) for i in range(n)]


START = [float(v) for v in numbers(1010, 6)]


def ddim(kept, kind, moments, final, eta=0.0):
    x, rows = START, []
    for i, t in enumerate(moments):
        t = round(t)
        now, after = kept[t], kept[round(moments[i + 1])] if i + 1 < len(moments) else final
        x0, e = clean_and_noise(kind, model(x, t), x, math.sqrt(now), math.sqrt(1 - now))
        s = eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))
        x = [math.sqrt(after) * a + math.sqrt(max(0, 1 - after - s * s)) * b for a, b in zip(x0, e)]
        rows.append({"x": x, "deviation": s})  # what noise would add is left out of the way
    return rows


def plms(kept, kind, moments, final):
    """Liu and others, arXiv 2202.09778, as Stable Diffusion runs it: the first step twice, then Adams and Bashforth's sums."""
    looks = moments if len(moments) == 1 else [moments[0], moments[1]] + moments[1:]
    gap = moments[0] - moments[1] if len(moments) > 1 else 0
    share = lambda t: kept[round(t)] if t >= 0 else final
    sums = {1: [1], 2: [1.5, -0.5], 3: [23 / 12, -16 / 12, 5 / 12], 4: [55 / 24, -59 / 24, 37 / 24, -9 / 24]}
    x, first, past, rows = START, START, [], []
    for i, t in enumerate(looks):
        e = model(x, t)
        if i == 1:
            begin, now, after, e = first, share(t + gap), share(t), [(a + b) / 2 for a, b in zip(e, past[-1])]
        else:
            past.append(e)
            recent = past[-4:][::-1]
            begin, now, after = x, share(t), share(t - gap)
            e = [sum(w * r[k] for w, r in zip(sums[len(recent)], recent)) for k in range(len(x))]
        _, e = clean_and_noise(kind, e, begin, math.sqrt(now), math.sqrt(1 - now))
        below = now * math.sqrt(1 - after) + math.sqrt(now * (1 - now) * after)
        x = [math.sqrt(after / now) * b - (after - now) * n / below for b, n in zip(begin, e)]
        rows.append({"x": x, "deviation": 0.0})
    return {"moments": looks, "scale": 1.0, "way": rows}


def ddpm(kept, kind, moments):
    x, rows = START, []
    for i, t in enumerate(moments):
        t = round(t)
        now, after = kept[t], kept[round(moments[i + 1])] if i + 1 < len(moments) else 1.0
        alpha = now / after
        beta = 1 - alpha
        x0, _ = clean_and_noise(kind, model(x, t), x, math.sqrt(now), math.sqrt(1 - now))
        x = [math.sqrt(after) * beta / (1 - now) * a + math.sqrt(alpha) * (1 - after) / (1 - now) * v for a, v in zip(x0, x)]
        rows.append({"x": x, "deviation": math.sqrt(max(beta * (1 - after) / (1 - now), 1e-20)) if t > 0 else 0.0})
    return rows


def level(kept):
    sigmas = [math.sqrt((1 - k) / k) for k in [max(k, 2.0 ** -24) for k in kept]]

    def at(t):
        low = min(int(math.floor(t)), len(sigmas) - 2)
        return sigmas[low] + (t - low) * (sigmas[low + 1] - sigmas[low])

    def back(sigma):
        logs = [math.log(v) for v in sigmas]
        low = max([i for i, v in enumerate(logs) if v <= math.log(sigma) + 1e-12] or [0])
        low = min(low, len(logs) - 2)
        return low + min(1, max(0, (math.log(sigma) - logs[low]) / (logs[low + 1] - logs[low])))

    return at, back


def karras(high, low, n, rho=7):
    return [(high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(n)]


def sigma_way(kept, kind, moments, method, use_karras=False):
    at, back = level(kept)
    sigmas = [at(t) for t in moments]
    if use_karras:
        sigmas = karras(sigmas[0], sigmas[-1], len(sigmas))
        moments = [back(s) for s in sigmas]
    sigmas = sigmas + [0.0]

    def slope(x, sigma, t):
        root = math.sqrt(sigma ** 2 + 1)
        x0, _ = clean_and_noise(kind, model([v / root for v in x], t), [v / root for v in x], 1 / root, sigma / root)
        return [(v - c) / sigma for v, c in zip(x, x0)]

    x, rows, looks = [v * sigmas[0] for v in START], [], []
    for i, t in enumerate(moments):
        s, n = sigmas[i], sigmas[i + 1]
        d = slope(x, s, t)
        looks.append(t)
        if method == "ancestral":
            up = math.sqrt(n ** 2 * (s ** 2 - n ** 2) / s ** 2)
            x = [v + (math.sqrt(n ** 2 - up ** 2) - s) * k for v, k in zip(x, d)]
            rows.append({"x": x, "deviation": up})
            continue
        tried = [v + (n - s) * k for v, k in zip(x, d)]
        rows.append({"x": tried, "deviation": 0.0})
        if method == "heun" and n > 0:
            e = slope(tried, n, moments[i + 1])
            looks.append(moments[i + 1])
            tried = [v + (n - s) * (k + m) / 2 for v, k, m in zip(x, d, e)]
            rows.append({"x": tried, "deviation": 0.0})
        x = tried
    return {"moments": looks, "scale": sigmas[0], "way": rows}


def dpm(kept, kind, n, spacing, offset=0, use_karras=False, total=1000):
    at, back = level(kept)
    if spacing == "leading":
        moments = [float(i * (total // (n + 1)) + offset) for i in range(n + 1)][::-1][:-1]
    elif spacing == "linspace":
        moments = [float(round(i * (total - 1) / n)) for i in range(n + 1)][::-1][:-1]
    else:
        moments = spaced("trailing", n)
    sigmas = [at(t) for t in moments]
    if use_karras:
        sigmas = karras(at(total - 1), at(0), n)
        moments = [float(round(back(s))) for s in sigmas]
    x, rows, last, last_lambda = START, [], None, None
    for i, t in enumerate(moments):
        a = 1 / math.sqrt(sigmas[i] ** 2 + 1)
        s = sigmas[i] * a
        m, _ = clean_and_noise(kind, model(x, t), x, a, s)
        lam = math.log(a) - math.log(s)
        if i + 1 == n:
            x = m
        else:
            a2 = 1 / math.sqrt(sigmas[i + 1] ** 2 + 1)
            s2 = sigmas[i + 1] * a2
            h = math.log(a2) - math.log(s2) - lam
            d = [0.0] * len(m) if last is None else [(p - q) / ((lam - last_lambda) / h) for p, q in zip(m, last)]
            x = [s2 / s * v - a2 * (math.exp(-h) - 1) * (p + 0.5 * q) for v, p, q in zip(x, m, d)]
        last, last_lambda = m, lam
        rows.append({"x": x, "deviation": 0.0})
    return {"moments": moments, "scale": 1.0, "way": rows}


def samplers():
    sd, straight, cos = scaled_linear(), linear(), cosine()
    zero = zero_terminal(sd)
    moment = lambda moments, way: {"moments": moments, "scale": 1.0, "way": way}
    lead, trail = spaced("leading", 10, offset=1), spaced("trailing", 10)
    return {
        "start": START,
        "schedules": {"scaled_linear": sd[::111], "linear": straight[::111], "cosine": cos[::111], "sigmoid": sigmoid()[::111], "zero": zero[::111]},
        "ways": {
            "ddim": moment(lead, ddim(sd, "epsilon", lead, sd[0])),
            "ddim-v": moment(trail, ddim(zero, "v", trail, 1.0)),
            "ddim-eta": moment(lead, ddim(sd, "epsilon", lead, sd[0], 0.5)),
            "ddpm": moment(spaced("leading", 10), ddpm(straight, "epsilon", spaced("leading", 10))),
            "ddpm-v": moment(trail, ddpm(cos, "v", trail)),
            "euler": sigma_way(sd, "epsilon", spaced("linspace", 10), "euler"),
            "euler-leading": sigma_way(sd, "epsilon", lead, "euler"),
            "euler-karras-v": sigma_way(sd, "v", spaced("linspace", 10), "euler", True),
            "ancestral": sigma_way(sd, "epsilon", spaced("linspace", 10), "ancestral"),
            "heun": sigma_way(sd, "epsilon", spaced("linspace", 6), "heun"),
            "heun-karras": sigma_way(sd, "epsilon", spaced("linspace", 6), "heun", True),
            "dpm": dpm(sd, "epsilon", 20, "linspace"),
            "dpm-leading": dpm(sd, "epsilon", 20, "leading", 1),
            "dpm-trailing-v": dpm(zero, "v", 10, "trailing"),
            "plms": plms(sd, "epsilon", lead, sd[0]),
            "plms-v": plms(cos, "v", spaced("leading", 10), 1.0),
            "plms-short": plms(sd, "epsilon", spaced("leading", 2, offset=1), sd[0]),
            "dpm-karras": dpm(sd, "epsilon", 10, "linspace", use_karras=True),
        },
    }


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, content in ("models", models()), ("samplers", samplers()):
        (OUT / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
