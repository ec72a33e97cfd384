"""Encoders from elsewhere: an ONNX file of any origin, put behind what brings our payloads into the form it takes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from assay import bert, graphs
from assay.errors import InputError
from assay.inference import Model

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}  # of pixels 0 to 1, as torchvision has
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
            raise InputError(
                f"{path} is a folder, which may hold an encoder of texts, not of {kind['modality']} examples"
            )
        return bert.to_onnx(path)
    encoder = Model(path, portable=portable, threads=threads)  # raises what is wrong with the file
    content = path.read_bytes()
    taken, *others = encoder.session.get_inputs()
    if others:
        raise InputError(f"{path} takes {1 + len(others)} inputs, {taken.name} and so on: export it with one")
    before = _before(kind, taken, path, graphs.opset(content))
    given = encoder.session.get_outputs()[0]
    joined = graphs.then(before, content) if before else _renamed(content, taken.name)
    axes = list(range(1, len(given.shape) - 1))  # of places: tokens (n, t, c), maps (n, h, w, c)
    if len(given.shape) == 4 and not (len(taken.shape) == 4 and taken.shape[3] in _CHANNELS):
        axes = [2, 3]  # maps (n, c, h, w)
    return _pooled(joined, given.name, axes)


def _before(kind: dict, taken: object, path: Path, opset: int) -> bytes | None:
    """The graph from payload to what the encoder takes; None where that is the same."""
    shape, floats = taken.shape[1:], taken.type == "tensor(float)"
    if kind["modality"] == "image" and len(shape) == 3:
        return _images(kind["shape"], shape, floats, opset)
    if kind["modality"] == "audio" and floats and len(shape) == 1:
        nodes = [("Cast", "payload", "samples", {"to": TensorProto.FLOAT}), ("Div", "samples full", "embedding")]
        return graphs.to_onnx(
            "sound", (TensorProto.INT16, kind["shape"]), nodes, {"full": np.float32(2**15)}, opset=opset
        )
    if len(shape) != len(kind["shape"]):
        raise InputError(f"{path} takes {taken.shape}, which {kind['modality']} payloads {kind['shape']} do not fit")
    return None


def _images(own: list[int], wanted: list, floats: bool, opset: int) -> bytes:
    height, width, channels = own
    first = wanted[0] in _CHANNELS  # channels before height and width
    sides = wanted[1:] if first else wanted[:2]
    sides = [side if isinstance(side, int) else _SIDE for side in sides]
    asked = wanted[0 if first else 2]
    nodes = [
        ("Cast", "payload", "pixels", {"to": TensorProto.FLOAT}),
        ("Transpose", "pixels", "planes", {"perm": [0, 3, 1, 2]}),
    ]
    constants = {
        "none": np.zeros(0, np.float32),
        "scales": np.array([1, 1, sides[0] / height, sides[1] / width], np.float32),
    }
    x = "planes"
    if channels == 1 and asked == 3:
        nodes.append(("Concat", "planes planes planes", "colour", {"axis": 1}))
        x = "colour"
    if [height, width] != sides:
        nodes.append(("Resize", f"{x} none scales", "resized", {"mode": "linear"}))
        x = "resized"
    if floats:
        mean, deviation = (np.array(_IMAGENET[name], np.float32)[:asked] * 255 for name in ("mean", "deviation"))
        constants |= {"mean": mean[:, None, None], "deviation": deviation[:, None, None]}
        nodes += [("Sub", f"{x} mean", "centred"), ("Div", "centred deviation", "normalised")]
        x = "normalised"
    if not first:
        nodes.append(("Transpose", x, "last", {"perm": [0, 2, 3, 1]}))
        x = "last"
    kind = TensorProto.FLOAT if floats else TensorProto.UINT8
    nodes.append(("Cast", x, "embedding", {"to": kind}))
    return graphs.to_onnx("pictures", (TensorProto.UINT8, own), nodes, constants, gives=(kind, 4), opset=opset)


def _renamed(content: bytes, name: str) -> bytes:
    """The graph with its input called `payload`."""
    model = onnx.load_from_string(content)
    for node in model.graph.node:
        node.input[:] = ["payload" if each == name else each for each in node.input]
    next(each for each in model.graph.input if each.name == name).name = "payload"
    return model.SerializeToString()


def _pooled(content: bytes, name: str, axes: list[int]) -> bytes:
    """The graph with the output `name`, averaged over some axes, as its one output `embedding`."""
    model = onnx.load_from_string(content)  # the names below may be its own too
    model, name = onnx.compose.add_prefix(model, "encoder_", rename_inputs=False), f"encoder_{name}"
    if axes and graphs.opset(content) >= 18:
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(axes), "places"))
        model.graph.node.append(onnx.helper.make_node("ReduceMean", [name, "places"], ["averaged"], keepdims=0))
    elif axes:
        model.graph.node.append(onnx.helper.make_node("ReduceMean", [name], ["averaged"], keepdims=0, axes=axes))
    model.graph.node.append(onnx.helper.make_node("Flatten", ["averaged" if axes else name], ["embedding"]))
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", None]))
    return model.SerializeToString()
