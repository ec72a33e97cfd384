"""Estimate the memory that an ONNX graph takes for one example, from the shapes in the graph."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import TypeProto

_UNKNOWN = 1  # the size of a dimension that shape inference cannot find
_SCRATCH = 1.5  # factor: operators take more memory than their inputs and outputs


def bytes_of_example(graph: bytes, shape: Sequence[int]) -> int:
    """The largest number of bytes that the results of one example take at the same time, about.

    A result counts from the node that makes it to the last node that reads it.

    Parameters
    ----------
    graph : the content of an ONNX file with one input
    shape : of one example, without the axis of examples
    """
    import onnx  # takes 0.3 s, and not every stage needs it

    model = onnx.load_from_string(graph)
    constants = {constant.name for constant in model.graph.initializer}
    (payload,) = (value for value in model.graph.input if value.name not in constants)
    for axis, size in zip(payload.type.tensor_type.shape.dim, (1, *shape), strict=False):
        axis.dim_value = size
    del model.graph.value_info[:]  # its shapes are for any number of examples
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    known = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    size_of = {
        value.name: _bytes(value.type.tensor_type)
        for value in (*known.input, *known.value_info, *known.output)
    }
    last_reader: dict[str, int] = {}  # by result: the number of the last node that reads it
    for number, node in enumerate(known.node):
        last_reader |= dict.fromkeys(node.input, number)
    alive = size_of.get(payload.name, 0)
    most = alive
    for number, node in enumerate(known.node):
        alive += sum(size_of.get(name, 0) for name in node.output)
        most = max(most, alive)
        read_last = {name for name in node.input if last_reader[name] == number}
        alive -= sum(size_of.get(name, 0) for name in read_last if name not in constants)
    return int(most * _SCRATCH)


def _bytes(tensor: "TypeProto.Tensor") -> int:
    from onnx import helper

    sides = (axis.dim_value or _UNKNOWN for axis in tensor.shape.dim)
    return prod(sides) * np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)).itemsize
