"""Encoders from elsewhere: an ONNX file of any origin, put behind what brings our payloads into the form it takes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import bert
from assay.training import onnx_graph

_MEAN, _DEVIATION = (
    (0.485, 0.456, 0.406),
    (0.229, 0.224, 0.225),
)  # of ImageNet's pixels 0 to 1, as torchvision has
_CHANNELS = (1, 3)
_SIDE = 224  # pixels, where the encoder takes any size


def adapt(path: Path, kind: dict, *, portable: bool, threads: int) -> bytes:
    """The graph from our payload, which `kind` describes, to `embedding` (n, dimension).

    Images (n, height, width, channels) uint8 become what the encoder takes: channels first or last, its size, and
    float32 as ImageNet is normalised; sounds become float32 samples from -1 to 1; all else is taken as it is. Outputs
    with more axes than two are averaged over those between (a map over its places, say).

    Raises
    ------
    InputError
        If the file is missing, is no encoder with one input, or takes something else than payloads like these.
    """
    if path.is_dir():
        if kind["modality"] != "text":
            may = "which may hold an encoder of texts"
            raise InputError(f"{path} is a folder, {may}, not of {kind['modality']} examples")
        return bert.to_onnx(path)
    encoder = Model(path, portable=portable, threads=threads)  # raises what is wrong with the file
    content = path.read_bytes()
    taken, *others = encoder.session.get_inputs()
    if others:
        raise InputError(
            f"{path} takes {1 + len(others)} inputs, {taken.name} and so on: export it with one"
        )
    before = _before(kind, taken, path, onnx_graph.opset(content))
    given = encoder.session.get_outputs()[0]
    joined = onnx_graph.then(before, content) if before else _renamed(content, taken.name)
    axes = list(range(1, len(given.shape) - 1))  # of places: tokens (n, t, c), maps (n, h, w, c)
    if len(given.shape) == 4 and not (len(taken.shape) == 4 and taken.shape[3] in _CHANNELS):
        axes = [2, 3]  # maps (n, c, h, w)
    graph = onnx_graph.Graph(onnx_graph.opset(content))
    averaged = graph.reduced("ReduceMean", "payload", axes, keepdims=0) if axes else "payload"
    graph("Flatten", averaged, output="embedding")
    return onnx_graph.then(
        joined, graph.to_onnx("pooled", (TensorProto.FLOAT, given.shape[1:])), given.name
    )


def _before(kind: dict, taken: object, path: Path, opset: int) -> bytes | None:
    """The graph from payload to what the encoder takes; None where that is the same."""
    shape, floats = taken.shape[1:], taken.type == "tensor(float)"
    if kind["modality"] == "image" and len(shape) == 3:
        return _images(kind["shape"], shape, floats, opset)
    if kind["modality"] == "audio" and floats and len(shape) == 1:
        graph = onnx_graph.Graph(opset)
        graph(
            "Div", graph("Cast", "payload", to=TensorProto.FLOAT), float(2**15), output="embedding"
        )
        return graph.to_onnx("sound", (TensorProto.INT16, kind["shape"]))
    if len(shape) != len(kind["shape"]):
        raise InputError(
            f"{path} takes {taken.shape}, which {kind['modality']} payloads {kind['shape']} do not fit"
        )
    return None


def _images(own: list[int], wanted: list, floats: bool, opset: int) -> bytes:
    height, width, channels = own
    first = wanted[0] in _CHANNELS  # channels before height and width
    sides = wanted[1:] if first else wanted[:2]
    sides = [side if isinstance(side, int) else _SIDE for side in sides]
    asked = wanted[0 if first else 2]
    graph = onnx_graph.Graph(opset)
    x = graph("Transpose", graph("Cast", "payload", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    if channels == 1 and asked == 3:
        x = graph("Concat", x, x, x, axis=1)
    if [height, width] != sides:
        x = graph(
            "Resize",
            x,
            np.zeros(0),
            np.array([1, 1, sides[0] / height, sides[1] / width]),
            mode="linear",
        )
    if floats:
        mean, deviation = (
            np.array(each, np.float32)[:asked, None, None] * 255 for each in (_MEAN, _DEVIATION)
        )
        x = graph("Div", graph("Sub", x, mean), deviation)
    else:
        x = graph("Round", x)  # of what lies between pixels; a cast would cut off
    if not first:
        x = graph("Transpose", x, perm=[0, 2, 3, 1])
    kind = TensorProto.FLOAT if floats else TensorProto.UINT8
    graph("Cast", x, to=kind, output="embedding")
    return graph.to_onnx("pictures", (TensorProto.UINT8, own), gives=(kind, 4))


def _renamed(content: bytes, name: str) -> bytes:
    """The graph with its input called `payload`."""
    model = onnx.load_from_string(content)
    for node in model.graph.node:
        node.input[:] = ["payload" if each == name else each for each in node.input]
    next(each for each in model.graph.input if each.name == name).name = "payload"
    return model.SerializeToString()
