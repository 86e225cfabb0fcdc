"""Writes tests/Fixtures/metrics/{clip,inception,distances}.json with PyTorch, torchvision, NumPy, SciPy and Pillow:

    /usr/bin/python3 tests/Fixtures/make_metrics.py

CLIP's picture tower is written here from the paper's formulas in float64 and shares nothing with the library but the
names of the parameters, which are Hugging Face's. Inception is torchvision's, changed as the FID's differs from it.
Weights and pictures are made by formulas that the tests repeat.
"""
import json
import math
import pathlib

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image

OUT = pathlib.Path(__file__).parent / "metrics"


def numbers(count, stream):
    """`count` numbers in [-1, 1) that any language can repeat: a multiplicative hash of the index."""
    index = np.arange(count, dtype=np.uint64)
    hashed = (index * np.uint64(2654435761) + np.uint64(stream) * np.uint64(40503)) % np.uint64(1 << 32)
    hashed = (hashed ^ (hashed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(1 << 32)
    return (hashed >> np.uint64(8)).astype(np.float64) / (1 << 23) - 1


def formula(stream, *shape):
    return torch.tensor(numbers(math.prod(shape), stream)).view(shape)


def short(x):
    return [float(f"{v:.7g}") for v in torch.as_tensor(x).flatten().tolist()]


def dump(name, value):
    OUT.mkdir(exist_ok=True)
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")).replace(',"', ',\n"') + "\n", encoding="utf-8", newline="\n")


# ---- CLIP's picture tower

VISION = dict(side=12, patch=4, width=32, layers=2, heads=4, feed_forward=37, projection=24)


def weight(index, count):
    """The values of a parameter: a hash of its place among the sorted names and of the element's place, -0.3 to 0.3."""
    i = torch.arange(1, count + 1, dtype=torch.int64)
    h = (i * 2654435761 + (index + 1) * 40503) & 0xFFFFFFFF
    h = h ^ (h >> 15)
    h = (h * 2246822519) & 0xFFFFFFFF
    h = h ^ (h >> 13)
    return (h.double() / 2 ** 32 - 0.5) * 0.6


def fill(shapes):
    weights = {}
    for index, name in enumerate(sorted(shapes)):
        values = weight(index, math.prod(shapes[name])).reshape(shapes[name])
        if "norm" in name.lower() and name.endswith("weight"):
            values = values + 1
        weights[name] = values.float().double()  # the library holds float32
    return weights


def tower_shapes(prefix, width, layers, feed_forward):
    shapes = {}
    for i in range(layers):
        p = f"{prefix}.encoder.layers.{i}."
        for name, to, of in [("self_attn.q_proj", width, width), ("self_attn.k_proj", width, width), ("self_attn.v_proj", width, width), ("self_attn.out_proj", width, width),
                             ("mlp.fc1", feed_forward, width), ("mlp.fc2", width, feed_forward)]:
            shapes[f"{p}{name}.weight"], shapes[f"{p}{name}.bias"] = (to, of), (to,)
        for name in ("layer_norm1", "layer_norm2"):
            shapes[f"{p}{name}.weight"] = shapes[f"{p}{name}.bias"] = (width,)
    return shapes


def vision_shapes(side, patch, width, layers, heads, feed_forward, projection):
    m = "vision_model."
    shapes = {m + "embeddings.class_embedding": (width,), m + "embeddings.patch_embedding.weight": (width, 3, patch, patch),
              m + "embeddings.position_embedding.weight": ((side // patch) ** 2 + 1, width), "visual_projection.weight": (projection, width)}
    for name in ("pre_layrnorm", "post_layernorm"):
        shapes[f"{m}{name}.weight"] = shapes[f"{m}{name}.bias"] = (width,)
    return shapes | tower_shapes("vision_model", width, layers, feed_forward)


def text_shapes(vocabulary, width, layers, feed_forward, positions, projection):
    m = "text_model."
    return {m + "embeddings.token_embedding.weight": (vocabulary, width), m + "embeddings.position_embedding.weight": (positions, width),
            m + "final_layer_norm.weight": (width,), m + "final_layer_norm.bias": (width,), "text_projection.weight": (projection, width)} \
        | tower_shapes("text_model", width, layers, feed_forward)


def vision(w, pictures, config):
    m, patch, width, heads = "vision_model.", config["patch"], config["width"], config["heads"]
    dense = lambda x, name: x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        centered = x - x.mean(-1, keepdim=True)
        return centered / torch.sqrt((centered ** 2).mean(-1, keepdim=True) + 1e-5) * w[name + ".weight"] + w[name + ".bias"]

    # Patches row by row, each flattened as channel, row, column: a convolution written as a matrix product.
    batch = pictures.shape[0]
    cut = pictures.unfold(2, patch, patch).unfold(3, patch, patch).permute(0, 2, 3, 1, 4, 5).reshape(batch, -1, 3 * patch * patch)
    x = cut @ w[m + "embeddings.patch_embedding.weight"].reshape(width, -1).T
    x = torch.cat([w[m + "embeddings.class_embedding"].expand(batch, 1, width), x], 1) + w[m + "embeddings.position_embedding.weight"]
    x = norm(x, m + "pre_layrnorm")
    split = lambda y: y.reshape(batch, -1, heads, width // heads).permute(0, 2, 1, 3)
    for i in range(config["layers"]):
        p = f"{m}encoder.layers.{i}."
        n = norm(x, p + "layer_norm1")
        q, k, v = (split(dense(n, f"{p}self_attn.{name}_proj")) for name in "qkv")
        shares = torch.softmax(torch.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(width // heads), -1)
        mixed = torch.einsum("bhqk,bhkd->bhqd", shares, v).permute(0, 2, 1, 3).reshape(batch, -1, width)
        x = x + dense(mixed, p + "self_attn.out_proj")
        wide = dense(norm(x, p + "layer_norm2"), p + "mlp.fc1")
        x = x + dense(wide / (1 + torch.exp(-1.702 * wide)), p + "mlp.fc2")
    pooled = norm(x[:, 0], m + "post_layernorm")
    return x, pooled, pooled @ w["visual_projection.weight"].T


def make_clip():
    shapes = vision_shapes(**VISION)
    w = fill(shapes)
    pictures = formula(500, 2, 3, 12, 12).float().double()
    x, pooled, projected = vision(w, pictures, VISION)
    # So small before the first norm that its epsilon decides.
    small = {name: (v * 0.003).float().double() if ".embeddings." in name else v for name, v in w.items()}
    tiny, _, _ = vision(small, pictures, VISION)

    base = vision_shapes(224, 32, 768, 12, 12, 3072, 512) | text_shapes(49408, 512, 12, 2048, 77, 512) | {"logit_scale": ()}

    # Pixels as Hugging Face prepares them: the shorter side to 224 with Pillow's bicubic filter, the middle, mean and deviation.
    prepared = {}
    for width, height in ((301, 233), (150, 333), (64, 64)):
        rgb = np.floor((numbers(width * height * 3, 600 + width) + 1) * 128).astype(np.uint8).reshape(height, width, 3)
        scale = lambda side: int(224 * side / min(width, height))
        picture = Image.fromarray(rgb).resize((scale(width), scale(height)), Image.BICUBIC)
        left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
        pixels = np.asarray(picture.crop((left, top, left + 224, top + 224))).astype(np.float64) / 255
        pixels = (pixels - [.48145466, .4578275, .40821073]) / [.26862954, .26130258, .27577711]
        flat = pixels.transpose(2, 0, 1).flatten()
        at = [int(i) for i in np.linspace(0, flat.size - 1, 40)]
        prepared[f"{width}x{height}"] = {"at": at, "values": short(flat[at]), "mean": float(flat.mean())}

    dump("clip.json", {"config": VISION, "names": {name: list(shape) for name, shape in sorted(shapes.items())},
                       "sequence": short(x), "pooled": short(pooled), "projected": short(projected), "tiny": short(tiny),
                       "base_names": {name: list(shape) for name, shape in sorted(base.items())},
                       "base_parameters": sum(math.prod(s) for s in base.values()), "prepared": prepared})


# ---- Inception as the FID has it

def inside_mean(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def fid_a(self, x):
    return torch.cat([self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), self.branch_pool(inside_mean(x))], 1)


def fid_c(self, x):
    dbl = x
    for i in range(1, 6):
        dbl = getattr(self, f"branch7x7dbl_{i}")(dbl)
    return torch.cat([self.branch1x1(x), self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))), dbl, self.branch_pool(inside_mean(x))], 1)


def fid_e(pool):
    def forward(self, x):
        one = self.branch3x3_1(x)
        dbl = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([self.branch1x1(x), self.branch3x3_2a(one), self.branch3x3_2b(one), self.branch3x3dbl_3a(dbl), self.branch3x3dbl_3b(dbl), self.branch_pool(pool(x))], 1)
    return forward


def fid_inception(variance):
    model = torchvision.models.inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=False, num_classes=1008).double().eval()
    for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        getattr(model, name).forward = fid_a.__get__(getattr(model, name))
    for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        getattr(model, name).forward = fid_c.__get__(getattr(model, name))
    model.Mixed_7b.forward = fid_e(inside_mean).__get__(model.Mixed_7b)
    model.Mixed_7c.forward = fid_e(lambda x: F.max_pool2d(x, 3, stride=1, padding=1)).__get__(model.Mixed_7c)
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("fc.") and not name.endswith("num_batches_tracked")}
    for stream, name in enumerate(sorted(state)):
        value = state[name]
        n = formula(stream, value.numel()).view_as(value)
        if name.endswith("conv.weight"):
            n = n * math.sqrt(6 / (value.numel() / value.shape[0])) * math.sqrt(variance)
        elif name.endswith("bn.weight"):
            n = 1 + 0.2 * n
        elif name.endswith("running_var"):
            n = variance * (1 + 0.5 * n)
        elif name.endswith("running_mean"):
            n = 0.1 * math.sqrt(variance) * n
        else:
            n = 0.1 * n
        value.copy_(n.float().double())
    return model, state


def make_inception():
    out = {}
    for label, variance in (("usual", 1.0), ("small", 1e-3)):
        model, state = fid_inception(variance)
        layers = {}
        for name, child in model.named_children():
            if name.startswith(("Conv2d", "Mixed")):
                child.register_forward_hook(lambda module, given, result, name=name: layers.__setitem__(name, result.detach()))
        picture = formula(999, 1, 3, 107, 107).float().double()
        with torch.no_grad():
            try:
                model(picture)
            except RuntimeError:
                pass  # the classifier does not fit these sizes, and nothing asks for it
        pool = layers["Mixed_7c"].mean((2, 3))[0]
        samples = {}
        for name, value in layers.items():
            flat = value.flatten()
            at = [int(i) for i in np.linspace(0, len(flat) - 1, 6)]
            samples[name] = {"shape": list(value.shape), "mean": flat.mean().item(), "spread": flat.std(unbiased=False).item(), "at": at, "values": short(flat[at])}
        out[label] = {"layers": samples, "pool": short(pool[::16]), "pool_mean": pool.mean().item()}
    out["names"] = {name: list(value.shape) for name, value in sorted(state.items())}
    small = formula(77, 1, 3, 5, 4).float().double()
    out["resized"] = short(F.interpolate(small, size=(299, 299), mode="bilinear", align_corners=False)[0, :, ::60, ::60])
    dump("inception.json", out)


# ---- distances

def frechet(x, y):
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(a @ b)
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root.real))


def kernel(x, y):
    """Pair by pair, as the definition says it."""
    k = lambda p, q: (sum(a * b for a, b in zip(p, q)) / len(p) + 1) ** 3
    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(k(p, q) for p in x for q in y) / (n * m)


def make_distances():
    x = numbers(90 * 12, 1).reshape(90, 12) @ (np.eye(12) + 0.3 * numbers(144, 3).reshape(12, 12))
    y = numbers(70 * 12, 2).reshape(70, 12) * 1.4 + 0.3
    flat_x, flat_y = numbers(8 * 12, 4).reshape(8, 12), numbers(9 * 12, 5).reshape(9, 12)  # fewer samples than numbers: singular covariances
    values = np.sort(numbers(37, 9))
    dump("distances.json", {
        "frechet": frechet(x, y), "frechet_offset": frechet(x + 1000, y + 1000), "kernel": kernel(x[:20].tolist(), y[:15].tolist()),
        "frechet_singular": frechet(flat_x, flat_y), "covariance": short(np.cov(x, rowvar=False)), "mean": short(x.mean(0)),
        "quantiles": [float(np.quantile(values, q)) for q in (0.0, 0.025, 0.5, 0.975, 1.0)],
    })


if __name__ == "__main__":
    make_clip()
    make_inception()
    make_distances()
