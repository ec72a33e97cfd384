"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from assay import graphs, images, modalities, patches
from assay.errors import InputError
from assay.parameters import Pretrain

_METHODS = {"image": ("patches", "vicreg"), "table": ("standardize", "vicreg")}  # first the one that measured best
_FINE_GREY, _FINE_COLOUR, _COARSE = 64, 128, 200  # filters at full, and, for colour, at half the resolution


@dataclass
class Encoder:
    """A learned encoder.

    Attributes
    ----------
    method : how it was learned
    onnx : the graph from `payload` to `embedding`
    weights : by name
    trainable : whether they are those of the network that `train` fine-tunes
    """

    method: str
    onnx: bytes
    weights: dict[str, np.ndarray]
    trainable: bool = False


def learn(kind: dict, payload: np.ndarray, params: Pretrain, *, portable: bool, threads: int) -> Encoder:
    """Learn an encoder of payloads (n, ...), which `kind` describes, by the method that `params` names."""
    methods = _METHODS[kind["modality"]]
    method = methods[0] if params.method == "auto" else params.method
    if method not in methods:
        use = f"use {' or '.join(methods)}; auto takes the first"
        raise InputError(f"params.yaml: pretrain.method: {method} is not for {kind['modality']}s: {use}")
    if method == "patches":
        return _patches(kind, payload, params)
    if method == "standardize":
        return _standardize(payload)
    from assay import self_supervised, training  # TensorFlow takes seconds to import, and other methods need none

    training.fix(params.seed, portable=portable, threads=threads)
    view = modalities.named(kind["modality"]).view
    network = self_supervised.learn(kind, payload, view, epochs=params.epochs, steps=params.steps, seed=params.seed)
    content, weights = training.encoder_to_onnx(network, kind)
    return Encoder(method, content, {f"{number:03}": array for number, array in enumerate(weights)}, trainable=True)


def _patches(kind: dict, payload: np.ndarray, params: Pretrain) -> Encoder:
    """Filters at one scale or two. `auto` takes colour images for photographs, of which a mirror image is one too."""
    photographs = kind["shape"][2] == images.COLOUR
    coarse = photographs * _COARSE if params.coarse_patches == "auto" else params.coarse_patches
    fine = (_FINE_COLOUR if photographs else _FINE_GREY) if params.patches == "auto" else params.patches
    banks = [patches.learn(payload, fine, params.seed)]
    if coarse:
        banks.append(patches.learn(payload, coarse, params.seed, halvings=1))
    mirror = photographs if params.mirror == "auto" else params.mirror
    weights = {
        f"{name}_{scale}": getattr(bank, name) for scale, bank in enumerate(banks) for name in ("filters", "offset")
    }
    return Encoder("patches", patches.to_onnx(banks, kind["shape"], mirror=mirror), weights)


def _standardize(rows: np.ndarray) -> Encoder:
    """The encoder of tables: every feature of `rows` (n, features) centred and scaled to unit variance."""
    deviation = rows.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, deviation, 1)  # a feature may be constant
    weights = {"mean": rows.mean(axis=0, dtype=np.float64).astype(np.float32), "scale": scale.astype(np.float32)}
    nodes = [("Sub", "payload mean", "centred"), ("Div", "centred scale", "embedding")]
    onnx = graphs.to_onnx("standardize", (TensorProto.FLOAT, rows.shape[1:]), nodes, weights)
    return Encoder("standardize", onnx, weights)
