"""A BERT from elsewhere as a Keras layer that can be trained: its ONNX graph, node by node.

The layer takes its weights from the graph and writes them back, so the trained encoder runs like
the original. With LoRA the weights of matrix products learn a difference of low rank. All other
weights stay as they are.

E. Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models. ICLR 2022.
"""

from collections.abc import Callable

import keras
import numpy as np
import onnx
from keras import KerasTensor, ops
from onnx import TensorProto, helper, numpy_helper

from assay.contract.errors import InputError
from assay.contract.inference import Model

_DEVIATION = 0.02  # of the first values of one factor of a difference; the other starts at 0


class GraphEncoder(keras.layers.Layer):
    """From token ids (n, tokens), which `prepare` makes of texts, to embeddings (n, width).

    Parameters
    ----------
    content : the graph that `bert.encoder_graph` wrote
    rank : of the learned differences; 0: all weights learn
    portable, threads : see `inference.Model`

    Attributes
    ----------
    payload : the Keras input of token ids

    Raises
    ------
    InputError
        If the graph has no tokenizer, so that `bert.encoder_graph` cannot have written it.
    """

    def __init__(self, content: bytes, rank: int, *, portable: bool, threads: int) -> None:
        super().__init__(name="encoder", dtype=keras.config.floatx())
        model = Model(content, portable=portable, threads=threads)
        tokenizer = model.tokenizer
        if not (tokenizer and tokenizer.padding and tokenizer.truncation):
            raise InputError("params.yaml: train.start: an ONNX file cannot be trained: use frozen")
        self.content = content
        self.prepare = model.prepared
        self.onnx = onnx.load_from_string(content).graph
        self.padding = tokenizer.padding["pad_id"]
        length = tokenizer.truncation["max_length"]
        tokenizer.enable_padding(length=length, pad_id=self.padding)  # Keras needs one length
        self.payload = keras.Input([length], dtype="int64")
        self.constants = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in self.onnx.initializer
        }
        self.learned: dict[str, keras.Variable] = {}
        self.factors: dict[str, tuple[keras.Variable, keras.Variable]] = {}
        self._add_weights(rank)
        self.built = True

    def _add_weights(self, rank: int) -> None:
        multiplied = {node.input[1] for node in self.onnx.node if node.op_type == "MatMul"}
        for name, value in self.constants.items():
            if value.dtype != np.float32 or value.ndim == 0:
                continue
            if not rank:
                constant = keras.initializers.Constant(value)
                self.learned[name] = self.add_weight(value.shape, constant)
            elif name in multiplied:
                rows, columns = value.shape
                normal = keras.initializers.RandomNormal(stddev=_DEVIATION)
                left = self.add_weight((rows, rank), normal)
                right = self.add_weight((rank, columns), "zeros")
                self.factors[name] = (left, right)

    def value(self, name: str) -> KerasTensor | np.ndarray:
        """The current value of a constant of the graph."""
        if name in self.learned:
            return ops.convert_to_tensor(self.learned[name])
        value = self.constants[name]
        if value.dtype != np.float32:
            return value
        value = ops.cast(value, self.compute_dtype)
        if name in self.factors:
            return value + ops.matmul(*self.factors[name])
        return value

    def call(self, payload: KerasTensor) -> KerasTensor:
        """Run the graph."""
        lengths = ops.sum(ops.not_equal(payload, self.padding), axis=1)
        values = {"payload": payload[:, : ops.max(lengths)]}
        values |= {name: self.value(name) for name in self.constants}
        for node in self.onnx.node:
            inputs = [values[name] for name in node.input]
            attributes = {
                attribute.name: helper.get_attribute_value(attribute)
                for attribute in node.attribute
            }
            values[node.output[0]] = _OPERATORS[node.op_type](*inputs, **attributes)
        return values[self.onnx.output[0].name]

    def trained_graph(self) -> bytes:
        """The graph with the trained weights."""
        model = onnx.load_from_string(self.content)
        for constant in model.graph.initializer:
            if constant.name in self.learned or constant.name in self.factors:
                value = ops.convert_to_numpy(self.value(constant.name)).astype(np.float32)
                constant.CopyFrom(numpy_helper.from_array(value, constant.name))
        return model.SerializeToString()


def _reshape(x: KerasTensor, shape: np.ndarray) -> KerasTensor:
    lengths = ops.shape(x)
    return ops.reshape(x, [int(side) or lengths[axis] for axis, side in enumerate(shape)])


def _layer_norm(x: KerasTensor, scale: object, offset: object, epsilon: float) -> KerasTensor:
    mean, variance = ops.moments(x, [-1], keepdims=True)
    return (x - mean) * ops.rsqrt(variance + epsilon) * scale + offset


def _unsqueeze(x: KerasTensor, axes: np.ndarray) -> KerasTensor:
    for axis in axes:
        x = ops.expand_dims(x, int(axis))
    return x


def _cast(x: KerasTensor, to: int) -> KerasTensor:
    return ops.cast(x, keras.config.floatx() if to == TensorProto.FLOAT else "int64")


def _reduce(operation: Callable) -> Callable:
    def reduced(x: KerasTensor, axes: np.ndarray, keepdims: int = 1) -> KerasTensor:
        return operation(x, axis=tuple(map(int, axes)), keepdims=bool(keepdims))

    return reduced


_OPERATORS = {
    "Add": ops.add,
    "Cast": _cast,
    "Concat": lambda *parts, axis: ops.concatenate(parts, axis),
    "Div": ops.divide,
    "Equal": ops.equal,
    "Erf": ops.erf,
    "Exp": ops.exp,
    "Gather": lambda x, rows: ops.take(x, rows, axis=0),
    "LayerNormalization": _layer_norm,
    "MatMul": ops.matmul,
    "Mul": ops.multiply,
    "Not": ops.logical_not,
    "ReduceMax": _reduce(ops.max),
    "ReduceSum": _reduce(ops.sum),
    "Reshape": _reshape,
    "Shape": ops.shape,
    "Slice": lambda x, start, end: x[int(start[0]) : end[0]],
    "Sub": ops.subtract,
    "Tanh": ops.tanh,
    "Transpose": lambda x, perm: ops.transpose(x, axes=perm),
    "Unsqueeze": _unsqueeze,
}
