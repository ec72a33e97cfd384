"""ONNX graphs that are written out node by node: encoders that no network framework made."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def to_onnx(
    name: str, payload: tuple[int, Sequence], nodes: Sequence[tuple], constants: dict[str, np.ndarray]
) -> bytes:
    """A graph from `payload` (n, ...), of which the element type and shape are given, to `embedding` (n, ...) float32.

    A node is an operator, the names of its inputs with spaces between, that of its output, and what attributes it has.
    """
    kind, shape = payload
    graph = helper.make_graph(
        [helper.make_node(op, inputs.split(), [output], **dict(*rest)) for op, inputs, output, *rest in nodes],
        name,
        [helper.make_tensor_value_info("payload", kind, ["n", *shape])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(np.asarray(value), constant) for constant, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
