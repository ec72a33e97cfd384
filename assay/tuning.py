"""A pretrained encoder as a network that learns on: an ONNX graph's nodes, one by one, in Keras's operations.

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

from assay.errors import InputError
from assay.inference import Model

_SPREAD = 0.02  # standard deviation of the one factor of a difference; the other starts at 0


class Encoder(keras.layers.Layer):
    """From what `prepare` makes of payloads to embeddings (n, width).

    Parameters
    ----------
    content : the graph
    rank : of the differences that are learned; 0: all weights learn
    read : the graph as it can be run

    Attributes
    ----------
    payload : what it takes, without values

    Raises
    ------
    InputError
        If the graph has an operator that is not among those of `_OPERATORS`.
    """

    def __init__(self, content: bytes, rank: int, read: Model) -> None:
        super().__init__(name="encoder")
        self.read, self.content, self.onnx = read, content, onnx.load_from_string(content).graph
        (taken,) = read.session.get_inputs()
        shape = taken.shape[1:]
        if read.tokenizer:  # Keras asks for one length
            self.filling, shape = read.tokenizer.padding["pad_id"], [read.tokenizer.truncation["max_length"]]
            read.tokenizer.enable_padding(length=shape[0], pad_id=self.filling)
        self.prepare = read.prepared
        kind = taken.type.removeprefix("tensor(").removesuffix(")")
        self.payload = keras.Input(shape, dtype="float32" if kind == "float" else kind)
        missing = {node.op_type for node in self.onnx.node} - set(_OPERATORS)
        if missing:
            wrong = f"the pretrained encoder has the operator {min(missing)}, through which it cannot be trained"
            raise InputError(f"params.yaml: train.start: {wrong}: use frozen")
        self.constants = {each.name: numpy_helper.to_array(each) for each in self.onnx.initializer}
        multiplied = {node.input[1] for node in self.onnx.node if node.op_type == "MatMul"}
        self.learned, self.factors = {}, {}
        for name, value in self.constants.items():
            if value.dtype != np.float32 or value.ndim == 0:
                continue
            if not rank:
                self.learned[name] = self.add_weight(value.shape, keras.initializers.Constant(value))
            elif name in multiplied:
                one = self.add_weight((len(value), rank), keras.initializers.RandomNormal(stddev=_SPREAD))
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
        if self.read.tokenizer:
            payload = payload[:, : ops.max(ops.sum(ops.not_equal(payload, self.filling), axis=1))]
        known = {"payload": payload} | {name: self.value(name) for name in self.constants}
        for node in self.onnx.node:
            how = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            known[node.output[0]] = _OPERATORS[node.op_type](*(known[name] for name in node.input), **how)
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
    return ops.reshape(x, [kept[axis] if length == 0 else int(length) for axis, length in enumerate(shape)])


def _normalised(x: keras.KerasTensor, scale: object, offset: object, epsilon: float) -> keras.KerasTensor:
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
    "Transpose": lambda x, perm: ops.transpose(x, axes=perm),
    "Unsqueeze": _unsqueezed,
}
