"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass

import numpy as np

from assay import patches, standardize
from assay.errors import InputError
from assay.parameters import Pretrain

_BEST = {"image": "patches", "table": "standardize"}  # what measured best for its time
_MODALITY = {"patches": "image", "standardize": "table", "masked": "image"}


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


def learn(kind: dict, payload: np.ndarray, params: Pretrain) -> Encoder:
    """Learn an encoder of payloads (n, ...), which `kind` describes, by the method that `params` names."""
    method = _BEST[kind["modality"]] if params.method == "auto" else params.method
    if _MODALITY[method] != kind["modality"]:
        wrong = f"params.yaml: pretrain.method: {method} is for {_MODALITY[method]}s"
        raise InputError(f"{wrong}, but the batches hold {kind['modality']}s: auto would take {_BEST[kind['modality']]}")
    if method == "patches":
        bank = patches.learn(payload, params.patches, params.seed)
        return Encoder(method, patches.to_onnx(bank, kind["shape"]), vars(bank))
    mean, scale = standardize.learn(payload)
    return Encoder(method, standardize.to_onnx(mean, scale), {"mean": mean, "scale": scale})
