#!/usr/bin/python3
"""Makes tests/Fixtures/checkpoints with PyTorch (Debian's python3-torch 1.13) and, for safetensors, with struct and json alone.

They are checkpoints as people have them: tensors with other things beside them, under the prefixes of trainers, sparse and
quantized ones, pickles of protocol 5. Numbers are those of make_weights.py.
"""
import argparse
import collections
import datetime
import decimal
import fractions
import json
import os
import pathlib
import pickle
import struct
import uuid

import numpy
import torch

from make_weights import numbers

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoints")


def save(name, value, **options):
    torch.save(value, os.path.join(FOLDER, name), **options)


def weights():
    return {"a.weight": numbers((3, 4), torch.float32)}


PASSIVE = {
    "dtype": torch.float16, "more": [torch.bfloat16, torch.qint8, torch.complex64], "device": torch.device("cuda:0"), "layout": torch.strided,
    "counter": collections.Counter({30: 1, 80: 2}), "default": collections.defaultdict(list, {"x": [1]}), "deque": collections.deque([1, 2], 5),
    "complex": 1 + 2j, "bytes": b"\x00\xff", "bytearray": bytearray(b"abc"), "range": range(3), "slice": slice(1, 2),
    "date": datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "span": datetime.timedelta(days=2), "day": datetime.date(2020, 1, 2),
    "path": pathlib.PurePosixPath("/data/x"), "options": argparse.Namespace(lr=0.1, beta=[1, 2]), "decimal": decimal.Decimal("1.5"),
    "fraction": fractions.Fraction(1, 3), "id": uuid.UUID(int=5), "scalar": numpy.float64(1.5), "array": numpy.arange(4),
    "set": {1, 2}, "frozen": frozenset({3}), "class": torch.nn.Parameter,
}

for protocol in (2, 5):
    save(f"passive{protocol}.zip.pth", {"model": weights(), **PASSIVE}, pickle_protocol=protocol)
save("passive2.legacy.pth", {"model": weights(), **PASSIVE}, _use_new_zipfile_serialization=False)

quantized = torch.quantize_per_tensor(numbers((3, 4), torch.float32), 0.25, 3, torch.qint8)
channels = torch.quantize_per_channel(numbers((3, 4), torch.float32), torch.tensor([0.25, 0.5, 1.0]), torch.zeros(3), 0, torch.quint8)
sparse = torch.sparse_coo_tensor(torch.tensor([[0, 1], [1, 0]]), torch.tensor([1.0, 2.0]), (2, 2))
ODD = {**weights(), "q": quantized, "c": channels, "s": sparse, "csr": sparse.to_sparse_csr(), "z": torch.tensor([1 + 2j]), "last": numbers((2,), torch.float16)}
save("odd.zip.pth", ODD)
save("odd.legacy.pth", {key: value for key, value in ODD.items() if key != "csr"}, _use_new_zipfile_serialization=False)
save("expanded.zip.pth", {"a.weight": numbers((4,), torch.float32).expand(3, 4), "b": numbers((6,), torch.float32).as_strided((4, 3), (1, 1))})

parameter = torch.nn.Parameter(numbers((3, 4), torch.float32))
parameter.note = "a parameter with an attribute"
save("attribute.zip.pth", {"a.weight": parameter})


def network(part):
    """Of the layers conv, norm and fc in LoadIntoTests: numbers, or numbers plus part."""
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "norm.weight": (4,), "norm.bias": (4,), "norm.running_mean": (4,), "norm.running_var": (4,),
              "fc.weight": (2, 5), "fc.bias": (2,)}
    return collections.OrderedDict([(key, numbers(shape, torch.float32) + part) for key, shape in shapes.items()]
                                   + [("norm.num_batches_tracked", numbers((), torch.int64))])


def under(prefix, values):
    return {prefix + key: value for key, value in values.items()}


save("trainer.zip.pth", {"epoch": 3, "model": under("module._orig_mod.", network(0)), "model_ema": under("module.", network(1)),
                         "optimizer": {"state": {0: {"exp_avg": numbers((2,), torch.float32)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}})
save("lightning.zip.pth", {"state_dict": under("net.", network(0)), "hyper_parameters": argparse.Namespace(width=3), "callbacks": {}})
save("averages.zip.pth", {"params_ema": network(1)})

# Types that no version of the format's reader here knows, beside one that it does.
header, data = {}, b""
for name, kind, shape, size in (("known", "F32", [2], 8), ("four", "F4", [6], 3), ("complex", "C64", [2], 16), ("future", "X17", [3], 6)):
    header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + size]}
    data += struct.pack("<2f", 1.5, -2.5) if kind == "F32" else bytes(size)
text = json.dumps(header).encode()
with open(os.path.join(FOLDER, "types.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
