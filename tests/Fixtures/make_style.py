"""Makes vgg.json, lbfgs.json and style.json with PyTorch, torchvision, NumPy and SciPy: python3 tests/Fixtures/make_style.py

The weights and pictures are made by a formula that the tests repeat, so the files hold only what comes out.
"""
import json
import os

import numpy as np
import scipy.linalg
import torch
import torchvision

HERE = os.path.dirname(os.path.abspath(__file__))


def numbers(count, stream):
    """`count` numbers in [-1, 1) that any language can repeat: a multiplicative hash of the index."""
    index = np.arange(count, dtype=np.uint64)
    hashed = (index * np.uint64(2654435761) + np.uint64(stream) * np.uint64(40503)) % np.uint64(1 << 32)
    hashed = (hashed ^ (hashed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(1 << 32)
    return (hashed >> np.uint64(8)).astype(np.float64) / (1 << 23) - 1


def samples(tensor):
    flat = tensor.double().flatten()
    at = [int(i) for i in np.linspace(0, len(flat) - 1, 6)]
    return {"shape": list(tensor.shape), "mean": flat.mean().item(), "spread": flat.std(unbiased=False).item(),
            "at": at, "values": [flat[i].item() for i in at]}


def vgg(model):
    features = model(weights=None).features.double().eval()
    for i, layer in enumerate(features):
        if isinstance(layer, torch.nn.Conv2d):
            scale = (6 / (9 * layer.in_channels)) ** 0.5
            layer.weight.data = torch.tensor(numbers(layer.weight.numel(), i) * scale).view_as(layer.weight)
            layer.bias.data = torch.tensor(numbers(layer.bias.numel(), 100 + i) * 0.1)
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
    picture = torch.tensor(numbers(3 * 40 * 56, 999) / 2 + 0.5).view(1, 3, 40, 56)
    x = torchvision.transforms.functional.normalize(picture, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    out = []
    with torch.no_grad():
        for layer in features:
            x = layer(x)
            out.append(samples(x))
    return out


def trajectory(function, start, steps):
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], lr=1, max_iter=1, history_size=5, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = function(x)
        loss.backward()
        return loss

    points = []
    for _ in range(steps):
        optimizer.step(closure)
        points.append({"loss": function(x).item(), "x": x.detach().tolist()})
    return {"start": start, "points": points, "evaluations": optimizer.state[x]["func_evals"]}


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def quadratic(x):
    return (torch.logspace(0, 3, len(x), dtype=torch.float64) * (x - 1) ** 2).sum() / 2


def wasserstein():
    a = numbers(3 * 20, 1).reshape(3, 20)
    b = (np.array([[1, .5, 0], [0, 1, -.3], [.2, 0, .6]]) @ numbers(3 * 20, 2).reshape(3, 20)) + 0.3

    def moments(x):
        return x.mean(1), np.cov(x, bias=True) + 1e-4 * np.eye(3)

    (ma, ca), (mb, cb) = moments(a), moments(b)
    root = scipy.linalg.sqrtm(ca)
    cross = scipy.linalg.sqrtm(root @ cb @ root).real
    distance = ((ma - mb) ** 2).sum() + np.trace(ca + cb - 2 * cross)
    return {"style": a.flatten().tolist(), "other": b.flatten().tolist(),
            "relative": distance / (np.trace(ca) + (ma ** 2).sum())}


def sliced():
    """Style of 20 positions, other of 30: the style's sorted values are a curve, read at the 30 places' centers."""
    style = numbers(3 * 20, 3).reshape(3, 20)
    other = numbers(3 * 30, 4).reshape(3, 30) * 0.7 + 0.1
    directions = numbers(4 * 3, 5).reshape(4, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    a, b = np.sort(directions @ style, axis=1), np.sort(directions @ other, axis=1)
    places = (np.arange(30) + 0.5) / 30
    wanted = np.stack([np.interp(places, (np.arange(20) + 0.5) / 20, row) for row in a])
    return {"style": style.flatten().tolist(), "other": other.flatten().tolist(), "directions": directions.flatten().tolist(),
            "relative": ((b - wanted) ** 2).mean() / (a ** 2).mean()}


def gabor():
    """One filter written out with NumPy: size 9, wavelength 6, angle 30 degrees, phase 90 degrees, sigma 2.7."""
    y, x = np.mgrid[-4:5, -4:5].astype(float)
    bell = np.exp(-(x ** 2 + y ** 2) / (2 * 2.7 ** 2))
    wave = bell * np.cos(2 * np.pi / 6 * (x * np.cos(np.pi / 6) + y * np.sin(np.pi / 6)) + np.pi / 2)
    wave = wave - bell * wave.sum() / bell.sum()
    return (wave / np.sqrt((wave ** 2).sum())).flatten().tolist()


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


write("vgg.json", {"vgg19": vgg(torchvision.models.vgg19), "vgg16": vgg(torchvision.models.vgg16)})
write("lbfgs.json", {
    "rosenbrock2": trajectory(rosenbrock, [-1.2, 1.0], 30),
    "rosenbrock6": trajectory(rosenbrock, [-1.2, 1.0, -0.5, 0.8, 1.3, -0.7], 30),
    "quadratic": trajectory(quadratic, [float(i % 5) - 2 for i in range(12)], 30),
})
write("style.json", {"wasserstein": wasserstein(), "sliced": sliced(), "gabor": gabor()})
