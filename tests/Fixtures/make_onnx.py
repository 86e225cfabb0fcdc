#!/usr/bin/python3
"""Makes tests/Fixtures/weights/*.onnx with the onnx package (Debian's python3-onnx 1.12).

Numbers are those of make_weights.py: element i of a tensor is (i * 7 % 23 - 11) / 4 for floats, i * 7 % 23 - 11 for integers.
"""
import os

import numpy
import onnx
from onnx import TensorProto, helper

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "weights")


def numbers(kind, shape=(3, 5)):
    values = numpy.arange(numpy.prod(shape)) * 7 % 23 - 11
    if numpy.dtype(kind).kind == "f":
        return (values / 4).astype(kind).reshape(shape)
    return (values + 11 if kind == "u1" else values > 0 if kind == "?" else values).astype(kind).reshape(shape)


def raw(name, kind, code):
    array = numbers(kind)
    return helper.make_tensor(name, code, array.shape, array.tobytes(), raw=True)


def bfloat16():
    bits = (numbers("f4").view("u4") >> 16).astype("u2")
    return helper.make_tensor("bf16", TensorProto.BFLOAT16, bits.shape, bits.tobytes(), raw=True)


def listed(name, kind, code):
    array = numbers(kind)
    return helper.make_tensor(name, code, array.shape, array.flatten().tolist())


def elsewhere():
    tensor = TensorProto(name="elsewhere", data_type=TensorProto.FLOAT, dims=[3, 5], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def main():
    tensors = [
        raw("f64", "f8", TensorProto.DOUBLE), raw("f32", "f4", TensorProto.FLOAT), raw("f16", "f2", TensorProto.FLOAT16), bfloat16(),
        raw("i64", "i8", TensorProto.INT64), raw("i32", "i4", TensorProto.INT32), raw("i16", "i2", TensorProto.INT16),
        raw("i8", "i1", TensorProto.INT8), raw("u8", "u1", TensorProto.UINT8), raw("bool", "?", TensorProto.BOOL),
        listed("floats", "f4", TensorProto.FLOAT), listed("doubles", "f8", TensorProto.DOUBLE),
        listed("integers", "i8", TensorProto.INT64), elsewhere(), raw("complex", "c8", TensorProto.COMPLEX64),
        helper.make_tensor("nothing", TensorProto.FLOAT, (0, 3), b"", raw=True),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "f32"], ["product"], name="first"),
        helper.make_node("Add", ["bias", "product"], ["y"], axis=[1, 2, 3], alpha=0.5),
        helper.make_node("Split", ["y"], ["left", "right"]),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])]
    graph = helper.make_graph(nodes, "types", inputs, [], tensors)
    # The graph last: a file cut anywhere is then cut inside of something.
    model = onnx.ModelProto(ir_version=7, producer_name="onnx", opset_import=[helper.make_opsetid("", 13)])
    head = model.SerializeToString()
    body = onnx.ModelProto(graph=graph).SerializeToString()
    with open(os.path.join(FOLDER, "types.onnx"), "wb") as file:
        file.write(head + body)


if __name__ == "__main__":
    main()
