"""Which network is trained: one of ours, from random weights or those of its encoder, or a pretrained one."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from assay.contract import files, paths
from assay.contract.inference import Model
from assay.contract.parameters import Parameters
from assay.modalities import registry
from assay.training import fine_tuning, fitting, networks, onnx_graph, transformer
from assay.training.linear_head import LinearHead


@dataclass
class Plan:
    """Attributes
    ----------
    prepare : payloads (n, ...) to what the network takes
    augment : the same, changed a little by the generator that is the second argument
    model, answers : the network that learns, and the one that answers
    to_onnx : at a temperature, the graph from payloads to probabilities
    """

    prepare: Callable
    augment: Callable
    model: keras.Model
    answers: keras.Model
    to_onnx: Callable[[float], bytes]


def trunk(shape: tuple[int, ...], tokens: dict, *, large: bool = False) -> keras.Model:
    """The network of what a front gives, without its head: a Transformer where it gives tokens."""
    return transformer.encoder(shape, tokens) if tokens else networks.encoder(shape, large=large)


def ours(one: np.ndarray, start: str, modality: str, n_classes: int, params: Parameters) -> Plan:
    """A network of ours, behind what brings payloads, of which this is `one`, into its form."""
    prepare = Model(paths.ENCODER_FRONT, portable=params.portable, threads=params.threads)
    shape, given = prepare(one).shape[1:], params.train
    tokens = files.read_json(paths.ENCODER_INFO).get("tokens", {})

    def build() -> tuple:
        """The network that learns, the one that answers, and the part that the weights of an encoder are for."""
        below = trunk(shape, tokens, large=given.network == "large")
        model = networks.classifier(below, n_classes)
        return model, networks.mirrored(model) if given.mirror and len(shape) == 3 else model, below

    model, answers, below = build()
    if start == "encoder":
        below.set_weights(list(files.read_arrays(paths.ENCODER_WEIGHTS).values()))
    change = registry.named(modality).augment

    def to_onnx(temperature: float) -> bytes:
        last = fitting.classifier_to_onnx(answers, lambda: build()[1], temperature)
        return onnx_graph.then(paths.ENCODER_FRONT.read_bytes(), last)

    return Plan(
        prepare, lambda raw, rng: prepare(change(raw, rng, given.shift)), model, answers, to_onnx
    )


def pretrained(encoder: fine_tuning.Encoder, head: LinearHead) -> Plan:
    """A pretrained encoder that learns on, behind it the linear classifier that was fitted on it as it was.

    So no random head spoils the weights at first (Kumar et al. 2022: Fine-Tuning can Distort Pretrained Features).
    """
    classify = keras.layers.Dense(
        len(head.intercept),
        kernel_initializer=keras.initializers.Constant(head.coef),
        bias_initializer=keras.initializers.Constant(head.intercept),
        dtype=keras.config.floatx(),
    )
    model = keras.Model(encoder.payload, classify(encoder(encoder.payload)), name="classifier")

    def to_onnx(temperature: float) -> bytes:
        coef, intercept = classify.get_weights()
        last = onnx_graph.linear_head(
            coef / temperature, intercept / temperature, onnx_graph.opset(encoder.content)
        )
        return onnx_graph.then(encoder.to_onnx(), last)

    return Plan(encoder.prepare, lambda raw, _: encoder.prepare(raw), model, model, to_onnx)
