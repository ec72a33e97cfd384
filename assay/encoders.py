"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from assay import modalities, patches, standardize
from assay.errors import InputError
from assay.parameters import Pretrain

_BEST = {"image": "patches", "table": "standardize"}  # what measured best for its time
_ONLY_FOR = {"patches": "image", "standardize": "table"}


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
    modality = kind["modality"]
    method = _BEST[modality] if params.method == "auto" else params.method
    if _ONLY_FOR.get(method, modality) != modality:
        wrong = f"params.yaml: pretrain.method: {method} is for {_ONLY_FOR[method]}s"
        raise InputError(f"{wrong}, but the batches hold {modality}s: auto would take {_BEST[modality]}")
    if method == "patches":
        bank = patches.learn(payload, params.patches, params.seed)
        return Encoder(method, patches.to_onnx(bank, kind["shape"]), vars(bank))
    if method == "standardize":
        mean, scale = standardize.learn(payload)
        return Encoder(method, standardize.to_onnx(mean, scale), {"mean": mean, "scale": scale})
    from assay import self_supervised, training  # TensorFlow takes seconds to import, and other methods need none

    training.fix(params.seed, portable=portable, threads=threads)
    network = self_supervised.learn(
        kind, payload, modalities.named(modality).view, epochs=params.epochs, steps=params.steps, seed=params.seed
    )
    with TemporaryDirectory() as folder:
        weights = training.export_encoder(network, kind, Path(folder) / "encoder.onnx")
        content = (Path(folder) / "encoder.onnx").read_bytes()
    return Encoder(method, content, {f"{number:03}": array for number, array in enumerate(weights)}, trainable=True)
