"""Which network is trained: one of ours, or an encoder from elsewhere with a head."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from assay.contract import paths
from assay.contract.inference import Model
from assay.contract.parameters import Parameters
from assay.modalities import registry
from assay.training import networks, onnx_export, onnx_graph, transformer
from assay.training.batches import Change, Prepare
from assay.training.fine_tuning import GraphEncoder
from assay.training.linear_head import LinearHead


@dataclass
class Trainable:
    """A classifier that can be trained and exported.

    Attributes
    ----------
    prepare : payloads (n, ...) to the input of the network
    augment : the same, after a random change
    model : the network that learns, to logits (n, classes)
    averaging : the network that is exported; it shares its weights with `model`
    export : temperature to the ONNX graph from payloads to probabilities
    """

    prepare: Prepare
    augment: Change
    model: keras.Model
    averaging: keras.Model
    export: Callable[[float], bytes]


class OwnNetwork:
    """The set-up of our networks, which read what the front of the encoder gives.

    Parameters
    ----------
    one : (1, ...) a payload
    encoder : the content of encoder.json
    params : they say how the front is run
    shift : pixels by which an image is moved at random, at most
    large : build the large network of images
    """

    def __init__(
        self,
        one: np.ndarray,
        encoder: dict,
        params: Parameters,
        *,
        shift: int = 1,
        large: bool = False,
    ) -> None:
        self.prepare = Model(paths.ENCODER_FRONT, portable=params.portable, threads=params.threads)
        self.shape = self.prepare(one).shape[1:]
        self.tokens = encoder.get("tokens", {})
        self.change = registry.named(encoder["modality"]).augment
        self.shift, self.large = shift, large

    def augment(self, payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Payloads (n, ...), changed at random, as the input of the network."""
        return self.prepare(self.change(payload, rng, self.shift))

    def build(self, n_classes: int) -> tuple[keras.Model, keras.Model]:
        """The encoder, and the classifier on top of it, with random weights."""
        encoder = trunk(self.shape, self.tokens, large=self.large)
        return encoder, networks.classifier(encoder, n_classes)


def trunk(shape: tuple[int, ...], tokens: dict, *, large: bool = False) -> keras.Model:
    """The network behind a front, without a head: a Transformer if the front gives tokens."""
    return transformer.encoder(shape, tokens) if tokens else networks.encoder(shape, large=large)


def own(setup: OwnNetwork, n_classes: int, *, weights: list[np.ndarray], mirror: bool) -> Trainable:
    """A network of ours.

    Parameters
    ----------
    setup : how it is built
    n_classes : of the labels
    weights : of the encoder; none: random ones
    mirror : average over an image and its mirror image
    """

    def averaging(model: keras.Model) -> keras.Model:
        return networks.mirrored(model) if mirror and len(setup.shape) == 3 else model

    def export(temperature: float) -> bytes:
        def build() -> keras.Model:
            return averaging(setup.build(n_classes)[1])

        content = onnx_export.export_classifier(averaged, build, temperature)
        return onnx_graph.joined(paths.ENCODER_FRONT.read_bytes(), content)

    encoder, model = setup.build(n_classes)
    averaged = averaging(model)
    if weights:
        encoder.set_weights(weights)
    return Trainable(setup.prepare, setup.augment, model, averaged, export)


def from_elsewhere(encoder: GraphEncoder, head: LinearHead) -> Trainable:
    """An encoder from elsewhere, with the linear classifier that was fitted on its output.

    A random head would spoil the weights of the encoder at first (Kumar et al. 2022: Fine-Tuning
    can Distort Pretrained Features and Underperform Out-of-Distribution).
    """
    classify = keras.layers.Dense(
        len(head.intercept),
        kernel_initializer=keras.initializers.Constant(head.coef),
        bias_initializer=keras.initializers.Constant(head.intercept),
        dtype=keras.config.floatx(),
    )
    model = keras.Model(encoder.payload, classify(encoder(encoder.payload)), name="classifier")

    def export(temperature: float) -> bytes:
        coef, intercept = classify.get_weights()
        return onnx_graph.with_linear_head(encoder.trained_graph(), coef, intercept, temperature)

    def prepare(payload: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
        return encoder.prepare(payload)

    return Trainable(encoder.prepare, prepare, model, model, export)
