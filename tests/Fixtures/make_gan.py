"""Makes gan.json with PyTorch, in float64: python3 tests/Fixtures/make_gan.py

Weights and inputs are made by formulas that the tests repeat (FormulaWeights, FormulaNumbers). The generator's "resized"
layers are written here as they are explained: repeat each pixel, then convolve.
"""
import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT, CODE, NOISE, WIDTH, BATCH = 6, 5, 4, 4, 4


def numbers(count, stream):
    """`count` numbers in [-1, 1) that any language can repeat: a multiplicative hash of the index."""
    index = np.arange(count, dtype=np.uint64)
    hashed = (index * np.uint64(2654435761) + np.uint64(stream) * np.uint64(40503)) % np.uint64(1 << 32)
    hashed = (hashed ^ (hashed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(1 << 32)
    return (hashed >> np.uint64(8)).astype(np.float64) / (1 << 23) - 1


def values(index, name, count):
    scale = 1 if "norm" in name and name.endswith("weight") else 0
    out = []
    for i in range(count):
        h = ((i + 1) * 2654435761 + (index + 1) * 40503) % 2**32
        h = ((h ^ (h >> 15)) * 2246822519) % 2**32
        h ^= h >> 13
        out.append((h / 4294967296.0 - 0.5) * 0.6 + scale)
    return torch.tensor(out, dtype=torch.float32).double()


def fill(module):
    for index, (name, parameter) in enumerate(sorted(module.named_parameters())):
        parameter.data = values(index, name, parameter.numel()).view_as(parameter)
    return module


def tensor(stream, *shape):
    return torch.tensor(numbers(torch.Size(shape).numel(), stream), dtype=torch.float32).double().view(*shape)


class Text(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.linear = nn.Linear(TEXT, CODE)
        if norm:
            self.norm = nn.BatchNorm1d(CODE)

    def forward(self, x):
        x = self.linear(x)
        return F.leaky_relu(self.norm(x) if hasattr(self, "norm") else x, 0.2)


class Resized(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(a, b, 3, 3))

    def forward(self, x):
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return F.conv2d(x, self.weight.transpose(0, 1).flip(2, 3), padding=1)


class Block(nn.Module):
    def __init__(self, conv, channels):
        super().__init__()
        self.conv, self.norm = conv, nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Generator(nn.Module):
    def __init__(self, resized):
        super().__init__()
        grow = Resized if resized else (lambda a, b: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False))
        self.text = Text(True)
        self.block1 = Block(nn.ConvTranspose2d(NOISE + CODE, 8 * WIDTH, 4, bias=False), 8 * WIDTH)
        self.block2 = Block(grow(8 * WIDTH, 4 * WIDTH), 4 * WIDTH)
        self.block3 = Block(grow(4 * WIDTH, 2 * WIDTH), 2 * WIDTH)
        self.block4 = Block(grow(2 * WIDTH, WIDTH), WIDTH)
        self.last = grow(WIDTH, 3)

    def forward(self, z, e):
        x = torch.cat([z, self.text(e)], 1)[:, :, None, None]
        for block in (self.block1, self.block2, self.block3, self.block4):
            x = block(x)
        return torch.tanh(self.last(x))


class Discriminator(nn.Module):
    def __init__(self, matching, spectral):
        super().__init__()
        def conv(a, b, k, s=1, p=0):
            if not spectral:
                return nn.Conv2d(a, b, k, s, p, bias=False)
            layer = nn.utils.spectral_norm(nn.Conv2d(a, b, k, s, p))
            return layer
        sizes = [3, WIDTH, 2 * WIDTH, 4 * WIDTH, 8 * WIDTH]
        for i in range(4):
            setattr(self, f"conv{i + 1}", conv(sizes[i], sizes[i + 1], 4, 2, 1))
            if i and not spectral:
                setattr(self, f"norm{i + 1}", nn.BatchNorm2d(sizes[i + 1]))
        self.text, self.matching = Text(not spectral), matching
        last = sizes[-1]
        if matching == "Sum":
            self.score = conv(last + CODE, 1, 4)
        elif matching == "Joint":
            self.joint = conv(last + CODE, last, 1)
            if not spectral:
                self.joint_norm = nn.BatchNorm2d(last)
            self.score = conv(last, 1, 4)
        else:
            self.joint, self.project, self.score = conv(last, last // 2, 4), nn.Linear(CODE, last // 2), conv(last // 2, 1, 1)

    def forward(self, x, e):
        for i in range(1, 5):
            x = getattr(self, f"conv{i}")(x)
            if hasattr(self, f"norm{i}"):
                x = getattr(self, f"norm{i}")(x)
            x = F.leaky_relu(x, 0.2)
        code = self.text(e)
        if self.matching == "Projection":
            seen = F.leaky_relu(self.joint(x), 0.2).flatten(1)
            return self.score(seen[:, :, None, None]).flatten() + (self.project(code) * seen).sum(1) / seen.shape[1] ** 0.5
        x = torch.cat([x, code[:, :, None, None].expand(-1, -1, 4, 4)], 1)
        if self.matching == "Joint":
            x = self.joint(x)
            x = F.leaky_relu(self.joint_norm(x) if hasattr(self, "joint_norm") else x, 0.2)
        return self.score(x).flatten()


def spectral_start(module):
    """The weights of spectral_norm stand as weight_orig; the start of its power iteration comes from a formula, too."""
    with torch.no_grad():
        names = sorted(n.replace("weight_orig", "weight") for n, _ in module.named_parameters())
        for name, parameter in module.named_parameters():
            plain = name.replace("weight_orig", "weight")
            parameter.copy_(values(names.index(plain), plain, parameter.numel()).view_as(parameter))
        for name, buffer in module.named_buffers():
            if name.endswith("weight_u"):
                buffer.copy_(F.normalize(tensor(50, len(buffer)), dim=0))
    return module


def main():
    torch.set_default_dtype(torch.float64)
    noise, text, pictures = tensor(1, BATCH, NOISE), tensor(2, BATCH, TEXT), tensor(3, BATCH, 3, 64, 64)
    out = {"generator": {}, "discriminator": {}}
    with torch.no_grad():
        for resized in (False, True):
            drawn = fill(Generator(resized)).train()(noise, text).flatten()
            out["generator"]["Resized" if resized else "Transposed"] = drawn[::997].tolist()
        for matching in ("Sum", "Joint", "Projection"):
            for spectral in (False, True):
                network = Discriminator(matching, spectral).train()
                network = spectral_start(network) if spectral else fill(network)
                out["discriminator"][f"{matching} {'Spectral' if spectral else 'Batch'}"] = network(pictures, text).tolist()
    scores = tensor(4, 8) * 3
    out["losses"] = {
        "real 0.9": F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, 0.9)).item(),
        "fake": F.binary_cross_entropy_with_logits(scores, torch.zeros_like(scores)).item(),
        "generator": F.binary_cross_entropy_with_logits(scores, torch.ones_like(scores)).item(),
    }
    with open(os.path.join(HERE, "gan.json"), "w") as file:
        json.dump(out, file, indent=1)


main()
