"""What encoders need to know of each modality: the one table of modalities in this package.

A new modality is one entry here. An entry names the methods that learn an encoder, and the graphs
from payloads to what a network takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.encoders import columns, log_mel, pretrained_inputs, subwords
from assay.training import onnx_graph

_PATCH = 7  # least side of an image's token, in pixels
_PATCHES = 16  # most tokens along a side of an image
_MOMENT = 5  # least frames of a sound's token
_MOMENTS = 128  # most tokens of a sound
_CELLS = 256  # most columns of a table whose cells are tokens: attention costs their square

Tokens = tuple[bytes, dict[str, Any]]  # a graph, and what its tokens are


@dataclass(frozen=True)
class Inputs:
    """What encoders take of a modality.

    Attributes
    ----------
    methods : how an encoder can be learned; the first had the best results for its time
    front : the graph from payloads to what a network takes
    tokens : the graph from payloads to what a Transformer takes, and what its tokens are
    before_pretrained : the graph from payloads to what a pretrained encoder takes
    """

    methods: tuple[str, ...]
    front: Callable[[Format, np.ndarray], bytes]
    tokens: Callable[[Format, np.ndarray], Tokens]
    before_pretrained: pretrained_inputs.Before


def _pixels(payload_format: Format, _payload: np.ndarray) -> bytes:
    return onnx_graph.identity(TensorProto.UINT8, payload_format["shape"])


def _patches_of_pixels(payload_format: Format, payload: np.ndarray) -> Tokens:
    height, width = payload_format["shape"][:2]
    side = max(_PATCH, -(-max(height, width) // _PATCHES))
    return _pixels(payload_format, payload), {"patch": [side, side]}


def _moments_of_spectrogram(payload_format: Format, payload: np.ndarray) -> Tokens:
    front = log_mel.spectrogram_graph(payload_format)
    pictures = Model(front, portable=True, threads=1)(payload[:1])  # (1, mels, frames, 1)
    mels, frames = pictures.shape[1:3]
    return front, {"patch": [mels, max(_MOMENT, -(-frames // _MOMENTS))]}


def _ngrams(_format: Format, texts: np.ndarray) -> bytes:
    from assay.encoders import ngrams  # scikit-learn takes seconds to import

    return ngrams.learn(texts)


def _pieces_of_words(_format: Format, texts: np.ndarray) -> Tokens:
    graph, vocabulary = subwords.learn(texts)
    return graph, {"vocabulary": vocabulary}


def _cells(payload_format: Format, rows: np.ndarray) -> Tokens:
    count = payload_format["shape"][0]
    if count > _CELLS:
        limit = f"takes tables of at most {_CELLS} columns, and this has {count}"
        raise InputError(f"params.yaml: pretrain.method: transformer {limit}: use columns")
    graph, vocabulary = columns.tokens_graph(rows, payload_format)
    return graph, {"vocabulary": vocabulary}


OF_MODALITY = {
    "image": Inputs(
        methods=("patches", "vicreg", "transformer"),
        front=_pixels,
        tokens=_patches_of_pixels,
        before_pretrained=pretrained_inputs.images,
    ),
    "audio": Inputs(
        methods=("patches", "vicreg", "transformer"),
        front=lambda payload_format, _: log_mel.spectrogram_graph(payload_format),
        tokens=_moments_of_spectrogram,
        before_pretrained=pretrained_inputs.sounds,
    ),
    "text": Inputs(
        methods=("ngrams", "transformer"),
        front=_ngrams,
        tokens=_pieces_of_words,
        before_pretrained=pretrained_inputs.texts,
    ),
    "table": Inputs(
        methods=("columns", "vicreg", "transformer"),
        front=lambda payload_format, rows: columns.numbers_graph(rows, payload_format),
        tokens=_cells,
        before_pretrained=pretrained_inputs.numbers,
    ),
}
