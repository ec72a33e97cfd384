"""The encoder of tables: every feature centred and scaled to unit variance."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def learn(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature of `rows` (n, features); 1 where a feature is constant."""
    scale = rows.std(axis=0, dtype=np.float64)
    return rows.mean(axis=0, dtype=np.float64).astype(np.float32), np.where(scale > 0, scale, 1).astype(np.float32)


def to_onnx(mean: np.ndarray, scale: np.ndarray) -> bytes:
    """The encoder as a graph from `payload` (n, features) float32 to `embedding` (n, features) float32."""
    size = len(mean)
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["payload", "mean"], ["centred"]),
            helper.make_node("Div", ["centred", "scale"], ["embedding"]),
        ],
        "standardize",
        [helper.make_tensor_value_info("payload", TensorProto.FLOAT, ["n", size])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", size])],
        [numpy_helper.from_array(mean, "mean"), numpy_helper.from_array(scale, "scale")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
