"""Graphs that bring payloads into the form that a pretrained encoder takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.training import onnx_graph

# of ImageNet's pixels from 0 to 1, as torchvision has them
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
CHANNELS = (1, 3)
_SIDE = 224  # pixels, where the encoder takes any size
_LARGEST = 4096  # pixels a side, as of `collect.resize`
_FULL_SCALE = 2.0**15  # of 16-bit samples

# from the shape of a payload, the shape that the encoder takes (with as many axes, without the
# batch), whether it takes float32, and the opset: to the graph
Before = Callable[[list[int], list[Any], bool, int], bytes]


def texts(shape: list[int], _taken: list[Any], _floats: bool, _opset: int) -> bytes:
    """Texts as they are."""
    return onnx_graph.identity(TensorProto.STRING, shape)


def numbers(shape: list[int], _taken: list[Any], floats: bool, opset: int) -> bytes:
    """Rows (n, features) float64, as float32 if the encoder takes that."""
    if not floats:
        return onnx_graph.identity(TensorProto.DOUBLE, shape)
    graph = onnx_graph.Graph(opset)
    graph("Cast", "payload", output="embedding", to=TensorProto.FLOAT)
    return graph.serialised("numbers", (TensorProto.DOUBLE, shape))


def sounds(shape: list[int], _taken: list[Any], floats: bool, opset: int) -> bytes:
    """Samples (n, samples) int16, as float32 from -1 to 1 if the encoder takes that."""
    if not floats:
        return onnx_graph.identity(TensorProto.INT16, shape)
    graph = onnx_graph.Graph(opset)
    samples = graph("Cast", "payload", to=TensorProto.FLOAT)
    graph("Div", samples, _FULL_SCALE, output="embedding")
    return graph.serialised("sound", (TensorProto.INT16, shape))


def images(shape: list[int], taken: list[Any], floats: bool, opset: int) -> bytes:
    """Pixels (n, height, width, channels) uint8, in the size and axis order of the encoder's input.

    If the encoder takes float32, they are normalised like ImageNet's pixels.

    Raises
    ------
    InputError
        If the encoder takes other channels, or a size that no image has.
    """
    height, width, channels = shape
    channels_first = taken[0] in CHANNELS
    wanted_channels = taken[0 if channels_first else 2]
    taken_sides = taken[1:] if channels_first else taken[:2]
    sides = [side if isinstance(side, int) else _SIDE for side in taken_sides]
    if wanted_channels not in CHANNELS or not all(1 <= side <= _LARGEST for side in sides):
        remedy = f"export it for {CHANNELS} channels and at most {_LARGEST} pixels a side"
        raise InputError(f"takes images {taken}: {remedy}")
    if wanted_channels < channels:
        raise InputError("takes grey images: set collect.channels to 1")
    graph = onnx_graph.Graph(opset)
    x = graph("Cast", "payload", to=TensorProto.FLOAT)
    x = graph("Transpose", x, perm=[0, 3, 1, 2])  # (n, channels, height, width)
    if channels == 1 and wanted_channels == 3:
        x = graph("Concat", x, x, x, axis=1)
    if [height, width] != sides:
        scales = np.array([1, 1, sides[0] / height, sides[1] / width])
        x = graph("Resize", x, np.zeros(0), scales, mode="linear")
    if floats:
        mean = _MEAN[:wanted_channels, None, None] * 255  # (channels, 1, 1)
        deviation = _DEVIATION[:wanted_channels, None, None] * 255
        x = graph("Div", graph("Sub", x, mean), deviation)
    else:
        x = graph("Round", x)  # resized values have fractions; a cast would cut them off
    if not channels_first:
        x = graph("Transpose", x, perm=[0, 2, 3, 1])
    type_ = TensorProto.FLOAT if floats else TensorProto.UINT8
    graph("Cast", x, to=type_, output="embedding")
    return graph.serialised("pictures", (TensorProto.UINT8, shape), output_type=(type_, 4))
