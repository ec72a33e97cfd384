"""Encoders from elsewhere: an ONNX file of any origin, put behind what brings our payloads into the form it takes."""

from pathlib import Path

import onnx
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import inputs
from assay.encoders.pretrained_inputs import CHANNELS
from assay.training import onnx_graph


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
        from_folder = inputs.of_modality(kind["modality"]).from_folder
        if from_folder is None:
            may = "which may hold an encoder of texts"
            raise InputError(f"{path} is a folder, {may}, not of {kind['modality']} examples")
        return from_folder(path)
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
    if len(given.shape) == 4 and not (len(taken.shape) == 4 and taken.shape[3] in CHANNELS):
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
    of_modality = inputs.of_modality(kind["modality"])
    before = of_modality.before_pretrained(kind["shape"], shape, floats, opset)
    if before is None and len(shape) != len(kind["shape"]):
        raise InputError(
            f"{path} takes {taken.shape}, which {kind['modality']} payloads {kind['shape']} do not fit"
        )
    return before


def _renamed(content: bytes, name: str) -> bytes:
    """The graph with its input called `payload`."""
    model = onnx.load_from_string(content)
    for node in model.graph.node:
        node.input[:] = ["payload" if each == name else each for each in node.input]
    next(each for each in model.graph.input if each.name == name).name = "payload"
    return model.SerializeToString()
