"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass, field

import numpy as np

from assay.contract import files, paths
from assay.contract.errors import InputError, quiet
from assay.contract.inference import Model
from assay.contract.parameters import Pretrain
from assay.encoders import adapters, bert, inputs, ngrams, patches
from assay.modalities import images, registry
from assay.training import onnx_graph

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
    of_modality = inputs.of_modality(kind["modality"])
    if params.encoder:
        path = paths.PRETRAINED / params.encoder
        content = adapters.adapt(path, kind, portable=portable, threads=threads)
        weights = path / bert.WEIGHTS if path.is_dir() else path
        method = f"{paths.ELSEWHERE}{params.encoder}, MD5 {files.md5(weights)}"
        return Encoder(method, content, of_modality.front(kind, payload), start="frozen")
    methods = of_modality.methods
    method = methods[0] if params.method == "auto" else params.method
    if method not in methods:
        use = f"use {' or '.join(methods)}; auto takes the first"
        raise InputError(
            f"params.yaml: pretrain.method: {method} is not for {kind['modality']}s: {use}"
        )
    if method == "ngrams":
        onnx = ngrams.learn(payload)
        return Encoder(method, onnx, onnx, start="frozen")
    if method == "transformer":
        own, what = of_modality.tokens(kind, payload)
    else:
        own, what = of_modality.front(kind, payload), {}
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
