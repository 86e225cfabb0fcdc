#!/usr/bin/python3
"""Makes tests/Fixtures/adapters/kinds.json with PyTorch (Debian's python3-torch 1.13): what LoRA on convolutions and DoRA give.

Worked from the papers alone. LoRA (arXiv 2106.09685) on a layer f with weight W: f(x) + s*B(A(x)), where A looks as f looks.
DoRA (arXiv 2402.09353): with V = W + s*B*A, each row of V over its length, times a learned length m; the bias is left alone.
"""
import json
import math
import os

import torch
import torch.nn.functional as F

torch.manual_seed(3)
CASES = {
    "dense": dict(w=(5, 6), x=(4, 6)),
    "pointwise": dict(w=(5, 6, 1, 1), x=(2, 6, 3, 4)),
    "three": dict(w=(5, 4, 3, 3), x=(2, 4, 5, 6), padding=1),
    "strided": dict(w=(5, 4, 3, 3), x=(2, 4, 7, 6), stride=2, padding=1),
    "dilated": dict(w=(3, 4, 3, 2), x=(1, 4, 8, 8), padding=2, dilation=2),
}
RANK, ALPHA = 2, 6.0


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.double().reshape(-1).tolist()]


def main():
    cases = {}
    for name, case in CASES.items():
        options = {key: case[key] for key in ("stride", "padding", "dilation") if key in case}
        shape = case["w"]
        w, bias, x = torch.randn(shape), torch.randn(shape[0]), torch.randn(case["x"])
        a = torch.randn((RANK,) + shape[1:])
        b = torch.randn((shape[0], RANK) + (1,) * (len(shape) - 2))
        m = torch.rand(shape[0]) * 3 + 0.5
        # In double: the expected numbers are exact to float32's last place.
        wd, ad, bd, md, xd = (value.double() for value in (w, a, b, m, x))
        apply = (lambda weight: F.linear(xd, weight, bias.double())) if len(shape) == 2 else (lambda weight: F.conv2d(xd, weight, bias.double(), **options))
        out = {}
        for rule, scale in (("plain", ALPHA / RANK), ("stabilized", ALPHA / math.sqrt(RANK))):
            delta = scale * (bd.reshape(shape[0], RANK) @ ad.reshape(RANK, -1)).reshape(shape)
            v = wd + delta
            length = v.reshape(shape[0], -1).norm(dim=1)
            dora = v * (md / length).reshape((-1,) + (1,) * (len(shape) - 1))
            out[rule] = dict(lora=numbers(apply(v)), dora=numbers(apply(dora)), weight=numbers(v), decomposed=numbers(dora))
        start = w.double().reshape(shape[0], -1).norm(dim=1)
        cases[name] = dict(shape=list(shape), input=list(case["x"]), stride=options.get("stride", 1), padding=options.get("padding", 0), dilation=options.get("dilation", 1),
                           w=numbers(w), bias=numbers(bias), x=numbers(x), a=numbers(a), b=numbers(b), m=numbers(m), start=numbers(start), **out)
    # Gradients of the dense DoRA with m and both matrices learned; the length takes none (section 4.3).
    case = cases["dense"]
    w, x, a, b, m = (torch.tensor(case[key], dtype=torch.float64).reshape(shape) for key, shape in
                     (("w", (5, 6)), ("x", (4, 6)), ("a", (RANK, 6)), ("b", (5, RANK)), ("m", (5,))))
    for leaf in (a, b, m):
        leaf.requires_grad_()
    v = w + ALPHA / RANK * b @ a
    y = x @ (v * (m / v.detach().norm(dim=1)).unsqueeze(1)).t()
    y.square().sum().backward()
    case["gradients"] = dict(a=numbers(a.grad), b=numbers(b.grad), m=numbers(m.grad))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "adapters", "kinds.json"), "w") as file:
        json.dump(cases, file)
        file.write("\n")


if __name__ == "__main__":
    main()
