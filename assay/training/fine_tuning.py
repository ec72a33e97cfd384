"""A BERT from elsewhere as a network that learns on: the nodes of its ONNX graph, one by one, in Keras's operations.

Its weights come from the graph and go back into it, so what was trained runs as what it was made from. With LoRA (Hu et
al. 2022: Low-Rank Adaptation of Large Language Models) what the graph multiplies by learns a difference of low rank,
and all else stays.
"""

from collections.abc import Callable

import keras
import numpy as np
import onnx
from keras import ops
from onnx import TensorProto, helper, numpy_helper

from assay.contract.errors import InputError
from assay.contract.inference import Model

_SPREAD = 0.02  # standard deviation of the one factor of a difference; the other starts at 0


class Encoder(keras.layers.Layer):
    """From token ids (n, most tokens), which `prepare` makes of texts, to embeddings (n, width).

    Parameters
    ----------
    content : the graph that `bert.to_onnx` wrote
    rank : of the differences that are learned; 0: all weights learn

    Attributes
    ----------
    payload : what it takes, without values

    Raises
    ------
    InputError
        If the graph has no tokenizer, so is of another origin.
    """

    def __init__(self, content: bytes, rank: int, *, portable: bool, threads: int) -> None:
        super().__init__(name="encoder", dtype=keras.config.floatx())
        read = Model(content, portable=portable, threads=threads)
        if not read.tokenizer:
            only = "of encoders from elsewhere only a folder of a BERT can be trained on, not an ONNX file"
            raise InputError(f"params.yaml: train.start: {only}: use frozen")
        self.content, self.onnx, self.prepare = (
            content,
            onnx.load_from_string(content).graph,
            read.prepared,
        )
        self.filling, most = (
            read.tokenizer.padding["pad_id"],
            read.tokenizer.truncation["max_length"],
        )
        read.tokenizer.enable_padding(length=most, pad_id=self.filling)  # Keras asks for one length
        self.payload = keras.Input([most], dtype="int64")
        self.constants = {each.name: numpy_helper.to_array(each) for each in self.onnx.initializer}
        multiplied = {node.input[1] for node in self.onnx.node if node.op_type == "MatMul"}
        self.learned, self.factors = {}, {}
        for name, value in self.constants.items():
            if value.dtype != np.float32 or value.ndim == 0:
                continue
            if not rank:
                self.learned[name] = self.add_weight(
                    value.shape, keras.initializers.Constant(value)
                )
            elif name in multiplied:
                one = self.add_weight(
                    (len(value), rank), keras.initializers.RandomNormal(stddev=_SPREAD)
                )
                self.factors[name] = one, self.add_weight((rank, value.shape[1]), "zeros")
        self.built = True

    def value(self, name: str) -> keras.KerasTensor | np.ndarray:
        """What a constant of the graph is by now."""
        if name in self.learned:
            return ops.convert_to_tensor(self.learned[name])
        value = self.constants[name]
        if name in self.factors:
            return ops.cast(value, self.compute_dtype) + ops.matmul(*self.factors[name])
        return ops.cast(value, self.compute_dtype) if value.dtype == np.float32 else value

    def call(self, payload: keras.KerasTensor) -> keras.KerasTensor:
        """Go through the graph."""
        payload = payload[:, : ops.max(ops.sum(ops.not_equal(payload, self.filling), axis=1))]
        known = {"payload": payload} | {name: self.value(name) for name in self.constants}
        for node in self.onnx.node:
            how = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            known[node.output[0]] = _OPERATORS[node.op_type](
                *(known[name] for name in node.input), **how
            )
        return known[self.onnx.output[0].name]

    def to_onnx(self) -> bytes:
        """The graph with what was learned."""
        model = onnx.load_from_string(self.content)
        for constant in model.graph.initializer:
            if constant.name in self.learned or constant.name in self.factors:
                value = ops.convert_to_numpy(self.value(constant.name)).astype(np.float32)
                constant.CopyFrom(numpy_helper.from_array(value, constant.name))
        return model.SerializeToString()


def _reshape(x: keras.KerasTensor, shape: np.ndarray) -> keras.KerasTensor:
    kept = ops.shape(x)
    return ops.reshape(
        x, [kept[axis] if length == 0 else int(length) for axis, length in enumerate(shape)]
    )


def _normalised(
    x: keras.KerasTensor, scale: object, offset: object, epsilon: float
) -> keras.KerasTensor:
    mean, variance = ops.moments(x, [-1], keepdims=True)
    return (x - mean) * ops.rsqrt(variance + epsilon) * scale + offset


def _unsqueezed(x: keras.KerasTensor, axes: np.ndarray) -> keras.KerasTensor:
    for axis in axes:
        x = ops.expand_dims(x, int(axis))
    return x


def _cast(x: keras.KerasTensor, to: int) -> keras.KerasTensor:
    return ops.cast(x, keras.config.floatx() if to == TensorProto.FLOAT else "int64")


def _reduced(how: Callable) -> Callable:
    return lambda x, axes, keepdims=1: how(x, axis=tuple(map(int, axes)), keepdims=bool(keepdims))


_OPERATORS = {
    "Add": ops.add,
    "Cast": _cast,
    "Concat": lambda *parts, axis: ops.concatenate(parts, axis),
    "Div": ops.divide,
    "Equal": ops.equal,
    "Erf": ops.erf,
    "Exp": ops.exp,
    "Gather": lambda x, rows: ops.take(x, rows, axis=0),
    "LayerNormalization": _normalised,
    "MatMul": ops.matmul,
    "Mul": ops.multiply,
    "Not": ops.logical_not,
    "ReduceMax": _reduced(ops.max),
    "ReduceSum": _reduced(ops.sum),
    "Reshape": _reshape,
    "Shape": ops.shape,
    "Slice": lambda x, start, end: x[int(start[0]) : end[0]],
    "Sub": ops.subtract,
    "Tanh": ops.tanh,
    "Transpose": lambda x, perm: ops.transpose(x, axes=perm),
    "Unsqueeze": _unsqueezed,
}
