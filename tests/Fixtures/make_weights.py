#!/usr/bin/python3
"""Makes tests/Fixtures/weights with PyTorch (Debian's python3-torch 1.13) and, for safetensors, with struct and json alone.

Every file holds numbers that the tests know by formula, so nothing but the files is needed to run them:
element i of a tensor is (i * 7 % 23 - 11) / 4 for floats, exact in float16 and bfloat16, and i * 7 % 23 - 11 for integers.
"""
import collections
import json
import os
import pickle
import struct

import torch

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "weights")


def numbers(shape, dtype):
    count = 1
    for size in shape:
        count *= size
    values = torch.arange(count, dtype=torch.int64) * 7 % 23 - 11
    if dtype == torch.bool:
        return (values > 0).reshape(shape)
    if dtype == torch.uint8:
        return (values + 11).to(dtype).reshape(shape)
    if dtype.is_floating_point:
        return (values.double() / 4).to(dtype).reshape(shape)
    return values.to(dtype).reshape(shape)


TYPES = collections.OrderedDict([
    ("f64", torch.float64), ("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16), ("i64", torch.int64),
    ("i32", torch.int32), ("i16", torch.int16), ("i8", torch.int8), ("u8", torch.uint8), ("bool", torch.bool)])


def all_types():
    return collections.OrderedDict((name, numbers((3, 5), dtype)) for name, dtype in TYPES.items())


def views():
    base = numbers((6, 8), torch.float32)
    return {
        "whole": base,                       # four names, one storage
        "transposed": base.t(),
        "middle": base[1:5, 2:7],
        "every_other": base.reshape(-1)[3::2],
        "one": torch.tensor(2.5),            # no dimensions
        "empty": torch.zeros(0, 4),
        "parameter": torch.nn.Parameter(numbers((2, 3), torch.float32)),
        "half_columns": numbers((4, 6), torch.float16)[:, ::3],
    }


def nested():
    return {"state_dict": collections.OrderedDict([("net.0.weight", numbers((2, 3), torch.float32)), ("net.0.bias", numbers((2,), torch.float32))]),
            "optimizer": {"lr": 0.1, "steps": [1, 2, 3], "averages": [numbers((2,), torch.float64), None]},
            "epoch": 7, "name": "Blütenmodell", "big": 1 << 80, "done": True, "tags": {"a", "b"}, "raw": b"\x00\xff",
            "shape": torch.Size([2, 3])}


def module():
    net = torch.nn.Sequential(collections.OrderedDict([
        ("conv", torch.nn.Conv2d(3, 4, 3)), ("norm", torch.nn.BatchNorm2d(4)), ("fc", torch.nn.Linear(5, 2))]))
    state = net.state_dict()                 # carries _metadata, which pickle writes with BUILD
    for name in state:
        state[name].copy_(numbers(state[name].shape, state[name].dtype))
    return state


def layers():
    """The first layers of a VGG: 110 kB, to be cut at every kilobyte."""
    return collections.OrderedDict([
        ("features.0.weight", numbers((48, 3, 3, 3), torch.float32)), ("features.0.bias", numbers((48,), torch.float32)),
        ("features.2.weight", numbers((48, 48, 3, 3), torch.float32)), ("features.2.bias", numbers((48,), torch.float32)),
        ("classifier.weight", numbers((10, 480), torch.float32)), ("classifier.bias", numbers((10,), torch.float32))])


class OldTensor:
    """What PyTorch before 0.4 wrote: _rebuild_tensor with four arguments."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce_ex__(self, protocol):
        t = self.tensor
        return torch._utils._rebuild_tensor, (t.storage(), t.storage_offset(), tuple(t.size()), t.stride())


class Harmful:
    def __reduce__(self):
        return os.system, ("echo a pickle ran code",)


def save(name, value, **options):
    torch.save(value, os.path.join(FOLDER, name + ".zip.pth"), _use_new_zipfile_serialization=True, **options)
    torch.save(value, os.path.join(FOLDER, name + ".legacy.pth"), _use_new_zipfile_serialization=False, **options)


def safetensors(name, tensors, metadata=None):
    header, data, at = {}, b"", 0
    if metadata:
        header["__metadata__"] = metadata
    for key, (dtype, tensor) in tensors.items():
        raw = bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""
        header[key] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        data += raw
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    save("types", all_types())
    save("views", views())
    save("nested", nested())
    save("module", module())
    save("layers", layers())
    save("harmful", {"weight": numbers((2,), torch.float32), "trap": Harmful()})
    save("protocol4", {"weight": numbers((2, 3), torch.float32), "tags": frozenset([1]), "more": [(1, 2, 3, 4), {"x": 1.5}]}, pickle_protocol=4)
    save("model", torch.nn.Linear(2, 2))
    torch.save({"weight": OldTensor(numbers((3, 4), torch.float32).t())}, os.path.join(FOLDER, "old.legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(numbers((2, 2), torch.float32), os.path.join(FOLDER, "bare.zip.pth"))

    names = {"f64": "F64", "f32": "F32", "f16": "F16", "bf16": "BF16", "i64": "I64", "i32": "I32", "i16": "I16", "i8": "I8", "u8": "U8", "bool": "BOOL"}
    types = {name: (names[name], tensor) for name, tensor in all_types().items()}
    types["empty"] = ("F32", torch.zeros(0, 4))
    types["one"] = ("F32", torch.tensor(2.5))
    safetensors("types.safetensors", types, {"format": "pt", "made by": "tests/Fixtures/make_weights.py"})
    safetensors("module.safetensors", {name: ("I64" if tensor.dtype == torch.int64 else "F32", tensor) for name, tensor in module().items()})
    state = list(module().items())
    parts = ["shards-00001-of-00002.safetensors", "shards-00002-of-00002.safetensors"]
    for part, items in zip(parts, (state[:4], state[4:])):
        safetensors(part, {name: ("I64" if tensor.dtype == torch.int64 else "F32", tensor) for name, tensor in items})
    with open(os.path.join(FOLDER, "shards.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {"total_size": 1}, "weight_map": {name: parts[i >= 4] for i, (name, _) in enumerate(state)}}, file)
    with open(os.path.join(FOLDER, "list.pkl"), "wb") as file:
        pickle.dump([1, 2, 3], file, protocol=2)


if __name__ == "__main__":
    main()
