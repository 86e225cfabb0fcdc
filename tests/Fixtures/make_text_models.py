"""Writes tests/Fixtures/text/{bert,clip-text}.json: outputs of small BERTs and CLIP text towers with weights by formula.

    /usr/bin/python3 tests/Fixtures/make_text_models.py

Both are written here from the papers' formulas with torch.nn.functional, in float64, and share nothing with the library
but the names of the parameters, which are Hugging Face's.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent / "text"


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


def dense(x, w, name):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(x, w, name, epsilon):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], epsilon)


def attend(q, k, v, heads, allowed):
    """allowed: true where a query may see a key, broadcast to [B, heads, T, T]."""
    batch, length, width = q.shape
    split = lambda x: x.reshape(batch, length, heads, width // heads).permute(0, 2, 1, 3)
    scores = torch.einsum("bhqd,bhkd->bhqk", split(q), split(k)) / math.sqrt(width // heads)
    shares = F.softmax(torch.where(allowed, scores, torch.tensor(-1e300, dtype=torch.float64)), dim=-1)
    return torch.einsum("bhqk,bhkd->bhqd", shares, split(v)).permute(0, 2, 1, 3).reshape(batch, length, width), shares


# ---- BERT

BERT = dict(vocabulary=40, width=32, layers=2, heads=4, feed_forward=48, positions=16)


def bert_shapes(vocabulary, width, layers, heads, feed_forward, positions):
    shapes = {
        "embeddings.word_embeddings.weight": (vocabulary, width), "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.token_type_embeddings.weight": (2, width), "embeddings.LayerNorm.weight": (width,), "embeddings.LayerNorm.bias": (width,),
        "pooler.dense.weight": (width, width), "pooler.dense.bias": (width,),
    }
    for i in range(layers):
        for name, to, of in [("attention.self.query", width, width), ("attention.self.key", width, width), ("attention.self.value", width, width),
                             ("attention.output.dense", width, width), ("intermediate.dense", feed_forward, width), ("output.dense", width, feed_forward)]:
            shapes[f"encoder.layer.{i}.{name}.weight"], shapes[f"encoder.layer.{i}.{name}.bias"] = (to, of), (to,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{i}.{name}.weight"] = shapes[f"encoder.layer.{i}.{name}.bias"] = (width,)
    return shapes


def head_shapes(vocabulary, width, **_):
    """The masked-language head and the other parts of the pre-trained file."""
    return {"cls.predictions.bias": (vocabulary,), "cls.predictions.transform.dense.weight": (width, width), "cls.predictions.transform.dense.bias": (width,),
            "cls.predictions.transform.LayerNorm.weight": (width,), "cls.predictions.transform.LayerNorm.bias": (width,)}


def bert(w, ids, mask, config, epsilon=1e-12):
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:ids.shape[1]] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, w, "embeddings.LayerNorm", epsilon)
    maps = []
    for i in range(config["layers"]):
        p = f"encoder.layer.{i}."
        attended, shares = attend(dense(x, w, p + "attention.self.query"), dense(x, w, p + "attention.self.key"), dense(x, w, p + "attention.self.value"),
                                  config["heads"], mask[:, None, None, :])
        maps.append(shares)
        x = norm(x + dense(attended, w, p + "attention.output.dense"), w, p + "attention.output.LayerNorm", epsilon)
        wide = dense(x, w, p + "intermediate.dense")
        wide = wide * 0.5 * (1 + torch.erf(wide / math.sqrt(2)))
        x = norm(x + dense(wide, w, p + "output.dense"), w, p + "output.LayerNorm", epsilon)
    return x, torch.tanh(dense(x[:, 0], w, "pooler.dense")) if "pooler.dense.weight" in w else None, maps


def scores(x, w, words, epsilon=1e-12):
    hidden = dense(x, w, "cls.predictions.transform.dense")
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    return norm(hidden, w, "cls.predictions.transform.LayerNorm", epsilon) @ words.T + w["cls.predictions.bias"]


def numbers(x):
    return [float(f"{v:.7g}") for v in x.flatten().tolist()]


def make_bert():
    rows = [[2, 11, 37, 8, 25, 19, 3], [2, 30, 9, 3], [2, 3]]
    ids = torch.tensor([row + [0] * (7 - len(row)) for row in rows])
    mask = torch.tensor([[True] * len(row) + [False] * (7 - len(row)) for row in rows])
    shapes = bert_shapes(**BERT)
    w = fill(shapes)
    x, pooled, maps = bert(w, ids, mask, BERT)
    mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    long = torch.arange(BERT["positions"])[None] * 7 % 40
    longest, _, _ = bert(w, long, torch.ones_like(long, dtype=torch.bool), BERT)

    # So small that 1e-12 decides: a layer norm with another epsilon gives other numbers.
    small = {name: (v * 3e-6).float().double() if "embeddings.weight" in name else v for name, v in w.items()}
    tiny, _, _ = bert(small, ids, mask, BERT)

    # With its head, weights by the whole names.
    head = {"bert." + name: shape for name, shape in shapes.items() if not name.startswith("pooler")} | head_shapes(**BERT)
    hw = fill(head)
    inner = {name[5:]: v for name, v in hw.items() if name.startswith("bert.")}
    hx, _, _ = bert(inner, ids, mask, BERT)

    base = bert_shapes(30522, 768, 12, 12, 3072, 512)
    base_head = head_shapes(30522, 768)
    dump("bert.json", {
        "config": BERT, "names": {name: list(shape) for name, shape in sorted(shapes.items())}, "head_names": {name: list(shape) for name, shape in sorted(head.items())},
        "ids": ids.flatten().tolist(), "mask": mask.flatten().tolist(), "rows": rows,
        "sequence": numbers(x), "pooled": numbers(pooled), "mean": numbers(mean), "attentions": [numbers(m) for m in maps], "longest": numbers(longest), "tiny": numbers(tiny),
        "scores": numbers(scores(hx, hw, inner["embeddings.word_embeddings.weight"])),
        "base_parameters": sum(math.prod(s) for s in base.values()), "base_names": sorted(base), "base_head_parameters": sum(math.prod(s) for s in base_head.values()),
    })


# ---- CLIP's text tower

CLIP = dict(vocabulary=60, width=32, layers=2, heads=4, feed_forward=37, positions=12)


def clip_shapes(vocabulary, width, layers, heads, feed_forward, positions, projection=None):
    shapes = {"text_model.embeddings.token_embedding.weight": (vocabulary, width), "text_model.embeddings.position_embedding.weight": (positions, width),
              "text_model.final_layer_norm.weight": (width,), "text_model.final_layer_norm.bias": (width,)}
    for i in range(layers):
        p = f"text_model.encoder.layers.{i}."
        for name, to, of in [("self_attn.q_proj", width, width), ("self_attn.k_proj", width, width), ("self_attn.v_proj", width, width), ("self_attn.out_proj", width, width),
                             ("mlp.fc1", feed_forward, width), ("mlp.fc2", width, feed_forward)]:
            shapes[f"{p}{name}.weight"], shapes[f"{p}{name}.bias"] = (to, of), (to,)
        for name in ("layer_norm1", "layer_norm2"):
            shapes[f"{p}{name}.weight"] = shapes[f"{p}{name}.bias"] = (width,)
    if projection:
        shapes["text_projection.weight"] = (projection, width)
    return shapes


def clip(w, ids, config):
    m = "text_model."
    x = w[m + "embeddings.token_embedding.weight"][ids] + w[m + "embeddings.position_embedding.weight"][:ids.shape[1]]
    past = torch.arange(ids.shape[1])[None, :] <= torch.arange(ids.shape[1])[:, None]
    for i in range(config["layers"]):
        p = f"{m}encoder.layers.{i}."
        n = norm(x, w, p + "layer_norm1", 1e-5)
        attended, _ = attend(dense(n, w, p + "self_attn.q_proj"), dense(n, w, p + "self_attn.k_proj"), dense(n, w, p + "self_attn.v_proj"), config["heads"], past[None, None])
        x = x + dense(attended, w, p + "self_attn.out_proj")
        wide = dense(norm(x, w, p + "layer_norm2", 1e-5), w, p + "mlp.fc1")
        x = x + dense(wide / (1 + torch.exp(-1.702 * wide)), w, p + "mlp.fc2")
    return norm(x, w, m + "final_layer_norm", 1e-5)


def make_clip():
    # 59 is the end token. The first row has it twice before the padding ends; the second is padded with 0; the third has no room to pad.
    rows = [[58, 14, 59, 59, 59, 59, 59, 59], [58, 14, 33, 7, 59, 0, 0, 0], [58, 21, 5, 40, 40, 3, 12, 59]]
    ids = torch.tensor(rows)
    shapes = clip_shapes(**CLIP, projection=24)
    w = fill(shapes)
    x = clip(w, ids, CLIP)
    pooled = torch.stack([x[i, row.index(59)] for i, row in enumerate(rows)])
    # Ids in another order: with end token 20 the first 20 counts, with the highest-id rule the first 41.
    other = [[58 % 42, 20, 41, 20, 41, 7, 1, 2]]
    y = clip(w, torch.tensor(other), CLIP)
    small = {name: (v * 0.003).float().double() if "embedding.weight" in name else v for name, v in w.items()}
    dump("clip-text.json", {
        "config": CLIP, "names": {name: list(shape) for name, shape in sorted(shapes.items())}, "ids": ids.flatten().tolist(),
        "sequence": numbers(x), "pooled": numbers(pooled), "projected": numbers(pooled @ w["text_projection.weight"].T), "tiny": numbers(clip(small, ids, CLIP)),
        "other_ids": other[0], "other_first_20": numbers(y[0, 1]), "other_highest": numbers(y[0, 2]),
        "large_parameters": sum(math.prod(s) for s in clip_shapes(49408, 768, 12, 12, 3072, 77).values()), "large_names": sorted(clip_shapes(49408, 768, 12, 12, 3072, 77)),
        "base_parameters": sum(math.prod(s) for s in clip_shapes(49408, 512, 12, 8, 2048, 77, 512).values()),
    })


def dump(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")).replace(',"', ',\n"') + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_bert()
    make_clip()
