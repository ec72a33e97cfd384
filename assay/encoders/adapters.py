"""Encoders from elsewhere: any ONNX file, behind a graph that converts our payloads."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto
from onnxruntime import NodeArg

from assay.contract import plain_files
from assay.contract.errors import InputError, say
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.encoders import bert, inputs
from assay.encoders.pretrained_inputs import CHANNELS
from assay.training import onnx_graph

_OLDEST = 11  # the first opset whose operators, such as Resize, work as in our graphs
_LONGEST = 6.0  # seconds that two payloads may take; 1,000 would then take almost an hour
_AGAIN = "export it again, for float32 and a free number of examples"


def adapt(path: Path, payload_format: Format, **runtime: Any) -> bytes:
    """The graph from our payload to `embedding` (n, dimension).

    Images (n, height, width, channels) uint8 become what the encoder takes: channels first or last,
    its size, float32 normalised like ImageNet. If the encoder takes float32, sounds become samples
    from -1 to 1, and rows of tables become float32. Texts stay as they are. An output with more
    than two axes is averaged over its places: the tokens of a text, or the rows and columns of a
    map. Axes of a map are assumed to have the order of the input. A message says what is averaged.

    Parameters
    ----------
    path : an ONNX file, or the folder of a BERT
    payload_format : modality and shape of the payloads
    runtime : `portable` and `threads`, see `inference.Model`

    Raises
    ------
    InputError
        If the file is missing, is no encoder with one input, or does not take these payloads.
    """
    if path.is_dir():
        if payload_format["modality"] != "text":
            raise InputError(f"{path} is a folder: only an encoder of texts can be one")
        return bert.encoder_graph(path)
    try:
        return _from_file(path, payload_format, **runtime)
    except (InputError, OSError):
        raise
    except Exception as error:  # the classes of onnx share no base class
        raise InputError(f"{path} cannot be used: {error}: {_AGAIN}") from None


def try_out(path: Path, graph: bytes, payload: np.ndarray, **runtime: Any) -> None:
    """Raise InputError unless the graph that `adapt` made of a file embeds payloads (n, ...).

    It must give finite vectors, in time.
    """
    try:
        vectors = Model(graph, **runtime).try_out(payload, _LONGEST)
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}: {_AGAIN}") from None
    are_vectors = vectors.ndim == 2 and len(vectors) == len(payload) and vectors.shape[1] > 0
    are_floats = vectors.dtype == np.float32
    if not are_vectors or not are_floats or not np.isfinite(vectors).all():
        what = f"{vectors.dtype} {list(vectors.shape)} for {len(payload)} examples"
        raise InputError(f"{path} gives {what}, no finite vector for each: {_AGAIN}")


def _from_file(path: Path, payload_format: Format, **runtime: Any) -> bytes:
    content = plain_files.read(path)
    opset = _opset(path, content)
    encoder = Model(path, **runtime)
    taken, *others = encoder.session.get_inputs()
    if others:
        raise InputError(f"{path} takes {1 + len(others)} inputs: export it with one")
    given = encoder.session.get_outputs()[0]
    conversion = _conversion(payload_format, taken, path, opset)
    axes = _places(given.shape, taken.shape)
    if axes:
        _say_averaged(path, given.shape, axes)
    pooling = _pooling(given.shape, axes, opset)
    return onnx_graph.joined(onnx_graph.joined(conversion, content), pooling, given.name)


def _opset(path: Path, content: bytes) -> int:
    """The opset of a graph. Raise if it is too old for our graphs, or if weights are elsewhere."""
    constants = onnx.load_from_string(content).graph.initializer
    if any(constant.data_location == TensorProto.EXTERNAL for constant in constants):
        remedy = "save it as one file, with save_as_external_data=False"
        raise InputError(f"{path} keeps its weights in another file: {remedy}")
    opset = onnx_graph.opset_of(content)
    if opset < _OLDEST:
        raise InputError(f"{path} has opset {opset}, and {_OLDEST} or later is read: {_AGAIN}")
    return opset


def _places(given: list, taken: list) -> list[int]:
    """The axes of an output that are places: of tokens (n, t, c), of maps (n, h, w, c)."""
    channels_last = len(taken) == 4 and taken[3] in CHANNELS
    if len(given) == 4 and not channels_last:
        return [2, 3]  # maps (n, c, h, w)
    return list(range(1, len(given) - 1))


def _say_averaged(path: Path, given: list, axes: list[int]) -> None:
    """Say over which axes an output is averaged: its shape does not tell which axes are places."""
    shape = " × ".join(str(side or "?") for side in given[1:])
    over = f"{'axis' if len(axes) == 1 else 'axes'} {' and '.join(map(str, axes))}"
    remedy = "if these are no places, export the encoder with its output averaged"
    say(f"{path}: averages an output of {shape} over its {over}: {remedy}")


def _pooling(given: list, axes: list[int], opset: int) -> bytes:
    """The graph that averages an output over axes."""
    graph = onnx_graph.Graph(opset)
    averaged = graph.reduced("ReduceMean", "payload", axes, keepdims=0) if axes else "payload"
    graph("Flatten", averaged, output="embedding")
    return graph.serialised("pooled", (TensorProto.FLOAT, given[1:]))


def _conversion(payload_format: Format, taken: NodeArg, path: Path, opset: int) -> bytes:
    """The graph from payload to the encoder's input."""
    modality = payload_format["modality"]
    our_shape = payload_format["shape"]
    shape = taken.shape[1:]
    if len(shape) != len(our_shape):
        raise InputError(f"{path} takes {taken.shape}, but {modality} payloads are {our_shape}")
    floats = taken.type == "tensor(float)"
    try:
        return inputs.OF_MODALITY[modality].before_pretrained(our_shape, shape, floats, opset)
    except InputError as error:
        raise InputError(f"{path} {error}") from None
