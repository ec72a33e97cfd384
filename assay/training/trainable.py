"""Which network is trained: one of ours, or an encoder from elsewhere with a head."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from assay.contract import paths
from assay.contract.inference import Model
from assay.contract.parameters import Parameters
from assay.contract.sections import Train
from assay.contract.stored_rows import StoredRows
from assay.modalities import images, registry
from assay.training import networks, onnx_export, onnx_graph, transformer
from assay.training.batches import Change, Prepare
from assay.training.fine_tuning import GraphEncoder
from assay.training.linear_head import LinearHead


@dataclass
class Trainable:
    """A classifier that can be trained and exported.

    Attributes
    ----------
    prepare : turns payloads (n, ...) into the input of the network
    augment : changes payloads (n, ...) at random, and turns them into the input of the network
    model : the network that learns; it gives logits (n, classes)
    averaging : the network that is exported: `model`, or its average over mirror images; both
        share their weights
    export : makes the ONNX graph from payloads to probabilities, for a temperature
    """

    prepare: Prepare
    augment: Change
    model: keras.Model
    averaging: keras.Model
    export: Callable[[float], bytes]


class OwnNetwork:
    """The set-up of our networks. They read the output of the encoder's front.

    Parameters
    ----------
    example : (1, ...) a payload
    encoder : the content of encoder.json
    params : all parameters; `portable` and `threads` say how the front is run
    shift : pixels by which an image is moved at random, at most
    """

    def __init__(
        self, example: np.ndarray, encoder: dict, params: Parameters, shift: int = 1
    ) -> None:
        self.prepare = Model(paths.ENCODER_FRONT, portable=params.portable, threads=params.threads)
        self.shape = self.prepare(example).shape[1:]
        self.tokens = encoder.get("tokens", {})
        self.change = registry.named(encoder["modality"]).augment
        self.shift = shift

    def augment(self, payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Payloads (n, ...), changed at random, as the input of the network."""
        return self.prepare(self.change(payload, rng, self.shift))

    def first_filters(self, payload: np.ndarray | StoredRows) -> np.ndarray | None:
        """The first filters that `whitened` computes from payloads (n, ...) in colour, or None."""
        if len(self.shape) != 3 or self.shape[2] != images.COLOUR:
            return None
        from assay.training import whitened  # takes 0.25 s; grey images do not need it

        return whitened.filters(payload, self.prepare)

    def build(
        self, n_classes: int, *, large: bool = False, first_filters: np.ndarray | None = None
    ) -> tuple[keras.Model, keras.Model]:
        """The encoder, and the classifier on top of it, with random weights."""
        if first_filters is None:
            encoder = trunk(self.shape, self.tokens, large=large)
            return encoder, networks.classifier(encoder, n_classes)
        encoder = networks.encoder(self.shape, large=large, first_filters=first_filters)
        return encoder, networks.classifier(encoder, n_classes, networks.highest)


def trunk(shape: tuple[int, ...], tokens: dict, *, large: bool = False) -> keras.Model:
    """The network behind a front, without a head: a Transformer if the front gives tokens."""
    return transformer.encoder(shape, tokens) if tokens else networks.encoder(shape, large=large)


def own(
    setup: OwnNetwork,
    n_classes: int,
    params: Train,
    *,
    weights: list[np.ndarray],
    first_filters: np.ndarray | None = None,
) -> Trainable:
    """One of our networks. Its encoder gets the weights or the first filters, if there are any."""
    large = params.network == "large"

    def build() -> tuple[keras.Model, keras.Model, keras.Model]:
        encoder, model = setup.build(n_classes, large=large, first_filters=first_filters)
        return encoder, model, networks.mirrored(model) if params.mirror else model

    encoder, model, averaging = build()
    if weights:
        encoder.set_weights(weights)

    def export(temperature: float) -> bytes:
        content = onnx_export.export_classifier(averaging, lambda: build()[2], temperature)
        return onnx_graph.joined(paths.ENCODER_FRONT.read_bytes(), content)

    return Trainable(setup.prepare, setup.augment, model, averaging, export)


def from_elsewhere(encoder: GraphEncoder, head: LinearHead) -> Trainable:
    """An encoder from elsewhere, with the linear classifier that was fitted on its output.

    A random head would spoil the weights of the encoder at first (Kumar et al. 2022: Fine-Tuning
    can Distort Pretrained Features and Underperform Out-of-Distribution).
    """
    classify = keras.layers.Dense(len(head.intercept), dtype=keras.config.floatx())
    classify.build((None, len(head.coef)))
    classify.set_weights([head.coef, head.intercept])
    model = keras.Model(encoder.payload, classify(encoder(encoder.payload)), name="classifier")

    def export(temperature: float) -> bytes:
        coef, intercept = classify.get_weights()
        return onnx_graph.with_linear_head(encoder.trained_graph(), coef, intercept, temperature)

    def unchanged(payload: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
        return encoder.prepare(payload)

    return Trainable(encoder.prepare, unchanged, model, model, export)
