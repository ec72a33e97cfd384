"""Encoders from elsewhere: any ONNX file, behind a graph that converts our payloads."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto
from onnxruntime import NodeArg

from assay.contract import plain_files
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.encoders import inputs
from assay.encoders.pretrained_inputs import CHANNELS
from assay.training import onnx_graph

_OLDEST = 11  # the first opset whose operators, such as Resize, work as in our graphs
_LONGEST = 6.0  # seconds that two payloads may take; 1,000 would then take almost an hour
_AGAIN = "export it again, for float32 and a free number of examples"


def adapt(path: Path, payload_format: Format, *, portable: bool, threads: int) -> bytes:
    """The graph from our payload to `embedding` (n, dimension).

    Images (n, height, width, channels) uint8 become what the encoder takes: channels first or last,
    its size, float32 normalised like ImageNet. Sounds become float32 samples from -1 to 1. All else
    stays as it is. Outputs with more than two axes are averaged over the axes between, for example
    over the places of a map.

    Parameters
    ----------
    path : an ONNX file, or the folder of a BERT
    payload_format : modality and shape of the payloads
    portable, threads : see `inference.Model`

    Raises
    ------
    InputError
        If the file is missing, is no encoder with one input, or does not take such payloads.
    """
    modality = payload_format["modality"]
    if path.is_dir():
        from_folder = inputs.OF_MODALITY[modality].from_folder
        if from_folder is None:
            raise InputError(f"{path} is a folder: only an encoder of texts can be one")
        return from_folder(path)
    try:
        return _from_file(path, payload_format, portable=portable, threads=threads)
    except (InputError, OSError):
        raise
    except Exception as error:  # the classes of onnx share no base class
        raise InputError(f"{path} cannot be used: {error}: {_AGAIN}") from None


def try_out(
    path: Path, graph: bytes, payload: np.ndarray, *, portable: bool, threads: int
) -> np.ndarray:
    """The embeddings of a few payloads (n, ...), by the graph that `adapt` made of a file.

    Raises
    ------
    InputError
        If it gives no finite vectors, or not in time.
    """
    try:
        vectors = Model(graph, portable=portable, threads=threads).try_out(payload, _LONGEST)
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}: {_AGAIN}") from None
    are_vectors = vectors.ndim == 2 and len(vectors) == len(payload) and vectors.shape[1] > 0
    are_floats = vectors.dtype == np.float32
    if not are_vectors or not are_floats or not np.isfinite(vectors).all():
        what = f"{vectors.dtype} {list(vectors.shape)} for {len(payload)} examples"
        raise InputError(f"{path} gives {what}, no finite vector for each: {_AGAIN}")
    return vectors


def _from_file(path: Path, payload_format: Format, *, portable: bool, threads: int) -> bytes:
    content = plain_files.read(path)
    _check(path, content)
    encoder = Model(path, portable=portable, threads=threads)
    taken, *others = encoder.session.get_inputs()
    if others:
        raise InputError(f"{path} takes {1 + len(others)} inputs: export it with one")
    given = encoder.session.get_outputs()[0]
    opset = onnx_graph.opset_of(content)
    conversion = _conversion(payload_format, taken, path, opset)
    if conversion:
        content = onnx_graph.joined(conversion, content)
    else:
        content = _with_renamed_input(content, taken.name)
    pooling = _pooling(given.shape, taken.shape, opset)
    return onnx_graph.joined(content, pooling, given.name)


def _check(path: Path, content: bytes) -> None:
    """Raise for a graph whose weights lie elsewhere, or that is too old to be joined with ours."""
    constants = onnx.load_from_string(content).graph.initializer
    if any(constant.data_location == TensorProto.EXTERNAL for constant in constants):
        remedy = "save it as one file, with save_as_external_data=False"
        raise InputError(f"{path} keeps its weights in another file: {remedy}")
    opset = onnx_graph.opset_of(content)
    if opset < _OLDEST:
        raise InputError(f"{path} has opset {opset}, and {_OLDEST} or later is read: {_AGAIN}")


def _pooling(given: list, taken: list, opset: int) -> bytes:
    """The graph that averages an output over its places: tokens (n, t, c), maps (n, h, w, c)."""
    axes = list(range(1, len(given) - 1))
    channels_last = len(taken) == 4 and taken[3] in CHANNELS
    if len(given) == 4 and not channels_last:
        axes = [2, 3]  # maps (n, c, h, w)
    graph = onnx_graph.Graph(opset)
    averaged = graph.reduced("ReduceMean", "payload", axes, keepdims=0) if axes else "payload"
    graph("Flatten", averaged, output="embedding")
    return graph.serialised("pooled", (TensorProto.FLOAT, given[1:]))


def _conversion(payload_format: Format, taken: NodeArg, path: Path, opset: int) -> bytes | None:
    """The graph from payload to the encoder's input; None where that is the same."""
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


def _with_renamed_input(content: bytes, name: str) -> bytes:
    """The graph with its input called `payload`."""
    model = onnx.load_from_string(content)
    for node in model.graph.node:
        node.input[:] = ["payload" if value == name else value for value in node.input]
    for value in model.graph.input:
        if value.name == name:
            value.name = "payload"
    return model.SerializeToString()
