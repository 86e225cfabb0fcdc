#!/usr/bin/python3
"""Makes tests/Fixtures/text/kinds.json and openai-clip.safetensors with PyTorch (Debian's python3-torch 1.13).

Pairs of sentences through the BERT of make_text_models.py, the cased words of make_wordpiece.py's description, and a small CLIP
built of torch.nn modules under the names of OpenAI's code (https://github.com/openai/CLIP): nn.MultiheadAttention, quick GELU.
"""
import json
import os
import struct

import torch
from torch import nn

import make_text_models as models
import make_wordpiece as wordpiece

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "text")


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().double().reshape(-1).tolist()]


def pairs():
    """One row, so that the second sentence's vector can stand in the positions' table."""
    ids, second = [2, 11, 37, 3, 8, 25, 19, 3], 4
    weights = models.fill(models.bert_shapes(**models.BERT))
    segments = weights["embeddings.token_type_embeddings.weight"]
    weights["embeddings.position_embeddings.weight"][second:len(ids)] += segments[1] - segments[0]
    x, pooled, _ = models.bert(weights, torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool), models.BERT)
    return dict(ids=ids, second=second, sequence=numbers(x), pooled=numbers(pooled))


def cased(text):
    """make_wordpiece.py's words, without lower case and with their marks."""
    cleaned = ""
    for c in text:
        if ord(c) in (0, 0xFFFD) or wordpiece.is_control(c):
            continue
        cleaned += " " if wordpiece.is_space(c) else f" {c} " if any(first <= ord(c) <= last for first, last in wordpiece.CHINESE) else c
    words = []
    for token in cleaned.split():
        word = ""
        for c in token:
            if wordpiece.is_punctuation(c):
                words += [word] if word else []
                words.append(c)
                word = ""
            else:
                word += c
        words += [word] if word else []
    return words


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width, heads, wide):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, wide))
        self.mlp.add_module("gelu", QuickGelu())
        self.mlp.add_module("c_proj", nn.Linear(wide, width))

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width, layers, heads, wide):
        super().__init__()
        self.resblocks = nn.ModuleList([Block(width, heads, wide) for _ in range(layers)])

    def forward(self, x, mask=None, stop=None):  # [T, B, W]
        for block in self.resblocks[:stop]:
            x = block(x, mask)
        return x


class Visual(nn.Module):
    def __init__(self, side, patch, width, layers, heads, wide, out):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width))
        self.positional_embedding = nn.Parameter(torch.randn((side // patch) ** 2 + 1, width) * 0.3)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, heads, wide)
        self.proj = nn.Parameter(torch.randn(width, out))

    def forward(self, x):
        x = self.conv1(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x).permute(1, 0, 2)).permute(1, 0, 2)
        return self.ln_post(x[:, 0]) @ self.proj


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Visual(12, 4, 24, 2, 4, 30, 10)
        self.transformer = Transformer(16, 3, 2, 20)
        self.token_embedding = nn.Embedding(30, 16)
        self.positional_embedding = nn.Parameter(torch.randn(9, 16) * 0.3)
        self.ln_final = nn.LayerNorm(16)
        self.text_projection = nn.Parameter(torch.randn(16, 10))
        self.logit_scale = nn.Parameter(torch.tensor(1.5))

    def text(self, ids, stop=None):
        x = self.token_embedding(ids) + self.positional_embedding[:ids.shape[1]]
        mask = torch.full((ids.shape[1], ids.shape[1]), -1e30).triu(1)
        x = self.ln_final(self.transformer(x.permute(1, 0, 2), mask, stop).permute(1, 0, 2))
        return x, x[torch.arange(len(ids)), ids.argmax(-1)] @ self.text_projection


def main():
    torch.manual_seed(2)
    clip = Clip().eval()
    for parameter in clip.parameters():  # norms and biases of their own, too
        if parameter.dim() == 1:
            parameter.data += torch.randn_like(parameter) * 0.2
    ids = torch.tensor([[1, 5, 9, 29, 29, 29, 29, 29, 29], [1, 7, 3, 2, 11, 28, 4, 6, 29]])
    pictures = torch.randn(2, 3, 12, 12)
    sequence, projected = clip.text(ids)
    skipped, _ = clip.text(ids, stop=-1)
    texts = ["Café, 花! A Red-Rose", "İSTANBUL straße", "e\u0301 UN\u200bAFFABLE", "Hoa hồng đỏ"]
    with open(os.path.join(FOLDER, "kinds.json"), "w") as file:
        json.dump(dict(pairs=pairs(), cased=[[text, cased(text)] for text in texts],
                       clip=dict(ids=ids.reshape(-1).tolist(), pictures=numbers(pictures), sequence=numbers(sequence), projected=numbers(projected), skipped=numbers(skipped),
                                 seen=numbers(clip.visual(pictures)))), file)
        file.write("\n")
    header, data = {}, b""
    for name, value in clip.state_dict().items():
        raw = value.float().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(os.path.join(FOLDER, "openai-clip.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
