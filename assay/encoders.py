"""Encoders: what turns an example into the vector that the labels are judged by, learned without labels."""

from dataclasses import dataclass

import numpy as np

from assay import patches, standardize
from assay.errors import InputError
from assay.parameters import Pretrain

_BEST = {"image": "patches", "table": "standardize"}  # what measured best for its time, by modality
_MODALITY = {"patches": "image", "standardize": "table", "masked": "image"}


@dataclass
class Encoder:
    """A learned encoder.

    Attributes
    ----------
    method : how it was learned
    dimension : length of an embedding
    onnx : the graph from `payload` to `embedding`
    weights : by name
    trainable : whether they are those of the network that `train` fine-tunes
    """

    method: str
    dimension: int
    onnx: bytes
    weights: dict[str, np.ndarray]
    trainable: bool = False


def learn(kind: dict, payload: np.ndarray, params: Pretrain, *, portable: bool, threads: int) -> Encoder:
    """Learn an encoder of payloads (n, ...) by the method that `params` names."""
    method = _BEST[kind["modality"]] if params.method == "auto" else params.method
    if _MODALITY[method] != kind["modality"]:
        raise InputError(
            f"params.yaml: pretrain.method: {method} is for {_MODALITY[method]}s, the batches hold {kind['modality']}s"
        )
    shape = tuple(kind["shape"])
    if method == "patches":
        bank = patches.learn(payload, params.patches, params.seed)
        return Encoder(method, 8 * params.patches, patches.to_onnx(bank, shape), {"filters": bank.filters})
    if method == "standardize":
        mean, scale = standardize.learn(payload)
        return Encoder(method, len(mean), standardize.to_onnx(mean, scale), {"mean": mean, "scale": scale})
    raise NotImplementedError
