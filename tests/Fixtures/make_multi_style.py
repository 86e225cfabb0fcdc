"""Makes multi-style.json with NumPy: python3 tests/Fixtures/make_multi_style.py"""
import json
import os

import numpy as np

C, H, W = 3, 4, 5
style = np.sin(np.arange(C * H * W) * 1.7).reshape(C, H, W) + 0.5
made = np.cos(np.arange(C * 3 * 6) * 0.9).reshape(C, 3, 6)


def table(a, b):
    a, b = a.reshape(C, -1), b.reshape(C, -1)
    return (a - a.mean(1, keepdims=True)) @ (b - b.mean(1, keepdims=True)).T / a.shape[1]


def distance(wanted, found):
    return float(((found - wanted) ** 2).sum() / (table(style, style) ** 2).sum())


def roll(f):
    return np.roll(f, (round(0.5 * f.shape[1]), round(0.2 * f.shape[2])), (1, 2))


def shifted(f, x, y):
    return table(f[:, : f.shape[1] - y, : f.shape[2] - x], f[:, y:, x:])


def scramble(f):
    """The published 90 degrees, on [1, H, W, C] as there."""
    published = f.transpose(1, 2, 0)[None]
    return published.transpose(3, 2, 1, 0).reshape(published.shape)[0].transpose(2, 0, 1)


turn = lambda f: f[:, ::-1, ::-1]
out = {
    "style": style.flatten().tolist(), "made": made.flatten().tolist(),
    "halfTurn": distance(table(style, turn(style)), table(made, turn(made))),
    "roll": distance(table(style, roll(style)), table(made, roll(made))),
    "rollToPlain": distance(table(style, style), table(made, roll(made))),
    # 0.2 of the longer side: 1 of 5, and 1 of 6 in the made map; twice as far with a stretch of 2.
    "shifted": distance(shifted(style, 1, 0), shifted(made, 1, 0)),
    "stretched": distance(shifted(style, 0, 1), shifted(made, 0, 2)),
    "scramble": scramble(style).flatten().tolist(),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "multi-style.json"), "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
