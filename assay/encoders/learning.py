"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto

from assay.contract import files, paths
from assay.contract.errors import InputError, quiet
from assay.contract.inference import Model
from assay.contract.parameters import Pretrain
from assay.encoders import adapters, bert, columns, log_mel, ngrams, patches, subwords
from assay.modalities import images, registry
from assay.training import onnx_graph

_METHODS = {  # first the one that measured best for its time
    "image": ("patches", "vicreg", "transformer"),
    "audio": ("patches", "vicreg", "transformer"),
    "text": ("ngrams", "transformer"),
    "table": ("columns", "vicreg", "transformer"),
}
_PATCH, _PATCHES = (
    7,
    16,
)  # pixels a side of a token of an image, and tokens along its longer side at most
_MOMENT, _MOMENTS = 5, 128  # frames of a token of a sound, and tokens of one at most
_COLUMNS = 256  # of a table whose cells are tokens, at most: attention goes by their square
_ROWS = 1024  # payloads that become tokens at a time
_FINE_GREY, _FINE_COLOUR, _COARSE = (
    64,
    128,
    200,
)  # filters at full, and, for colour, at half the resolution


@dataclass
class Encoder:
    """A learned encoder.

    Attributes
    ----------
    method : how it was learned
    onnx : the graph from `payload` to `embedding`
    front : the graph from `payload` to what a network takes
    weights : by name
    tokens : what a Transformer's tokens are, see `transformer.encoder`; empty where the network is another
    start : where training starts unless it is told: from these weights (`encoder`), from random ones (`scratch`), or
        with a linear classifier on what the encoder gives (`frozen`)
    """

    method: str
    onnx: bytes
    front: bytes
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    start: str = "scratch"


def learn(
    kind: dict, payload: np.ndarray, params: Pretrain, *, portable: bool, threads: int
) -> Encoder:
    """Learn an encoder of payloads (n, ...), which `kind` describes, by the method that `params` names."""
    if params.encoder:
        path = paths.PRETRAINED / params.encoder
        content = adapters.adapt(path, kind, portable=portable, threads=threads)
        weights = path / bert.WEIGHTS if path.is_dir() else path
        method = f"{paths.ELSEWHERE}{params.encoder}, MD5 {files.md5(weights)}"
        return Encoder(method, content, front(kind, payload), start="frozen")
    methods = _METHODS[kind["modality"]]
    method = methods[0] if params.method == "auto" else params.method
    if method not in methods:
        use = f"use {' or '.join(methods)}; auto takes the first"
        raise InputError(
            f"params.yaml: pretrain.method: {method} is not for {kind['modality']}s: {use}"
        )
    if method == "ngrams":
        onnx = ngrams.learn(payload)
        return Encoder(method, onnx, onnx, start="frozen")
    own, what = tokens(kind, payload) if method == "transformer" else (front(kind, payload), {})
    if method == "columns":
        return Encoder(method, own, own)
    prepare = Model(own, portable=portable, threads=threads)
    if method == "patches":
        return _patches(prepare(payload), own, params)
    with quiet():  # TensorFlow greets on stderr, whatever it is told
        from assay.encoders import self_supervised
        from assay.training import fitting, trainable, transformer

    fitting.fix(params.seed, portable=portable, threads=threads)
    how = {"epochs": params.epochs, "steps": params.steps, "seed": params.seed}
    if method == "transformer":
        blocks = np.array_split(payload, -(-len(payload) // _ROWS))
        trunk = transformer.learn(prepare.over(blocks), what, **how)
    else:
        trunk = self_supervised.learn(
            prepare, payload, registry.named(kind["modality"]).view, **how
        )
    content, weights = fitting.encoder_to_onnx(
        trunk, lambda: trainable.trunk(trunk.input.shape[1:], what)
    )
    named = {f"{number:03}": array for number, array in enumerate(weights)}
    return Encoder(method, onnx_graph.then(own, content), own, named, what, start="encoder")


def front(kind: dict, payload: np.ndarray) -> bytes:
    """The graph from payloads to what a network takes: pixels as they are, the spectrogram of a sound, numbers."""
    if kind["modality"] == "image":
        return onnx_graph.as_it_is(TensorProto.UINT8, kind["shape"])
    if kind["modality"] == "audio":
        return log_mel.to_onnx(kind)
    return ngrams.learn(payload) if kind["modality"] == "text" else columns.to_onnx(payload, kind)


def tokens(kind: dict, payload: np.ndarray) -> tuple[bytes, dict]:
    """The graph from payloads to what a Transformer takes, and what its tokens are."""
    if kind["modality"] == "text":
        own, size = subwords.learn(payload)
        return own, {"vocabulary": size}
    if kind["modality"] == "table":
        if kind["shape"][0] > _COLUMNS:
            many = f"takes tables of at most {_COLUMNS} columns, and this has {kind['shape'][0]}"
            raise InputError(f"params.yaml: pretrain.method: transformer {many}: use columns")
        own, size = columns.to_tokens(payload, kind)
        return own, {"vocabulary": size}
    own = front(kind, payload)
    height, width = Model(own, portable=True, threads=1)(payload[:1]).shape[1:3]
    if kind["modality"] == "audio":
        return own, {"patch": [height, max(_MOMENT, -(-width // _MOMENTS))]}
    return own, {"patch": [max(_PATCH, -(-max(height, width) // _PATCHES))] * 2}


def _patches(pictures: np.ndarray, own: bytes, params: Pretrain) -> Encoder:
    """Filters at one scale or two. `auto` takes colour images for photographs, of which a mirror image is one too."""
    shape = pictures.shape[1:]
    photographs = shape[2] == images.COLOUR
    coarse = photographs * _COARSE if params.coarse_patches == "auto" else params.coarse_patches
    fine = (
        (_FINE_COLOUR if photographs else _FINE_GREY)
        if params.patches == "auto"
        else params.patches
    )
    banks = [patches.learn(pictures, fine, params.seed)]
    if coarse:
        banks.append(patches.learn(pictures, coarse, params.seed, halvings=1))
    mirror = photographs if params.mirror == "auto" else params.mirror
    weights = {
        f"{name}_{scale}": getattr(bank, name)
        for scale, bank in enumerate(banks)
        for name in ("filters", "offset")
    }
    return Encoder(
        "patches", onnx_graph.then(own, patches.to_onnx(banks, shape, mirror=mirror)), own, weights
    )
