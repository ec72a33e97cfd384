"""Train a network on weighted labels, with progress for the terminal and a learning curve; export it as ONNX."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import onnx
import tensorflow as tf

from assay import networks
from assay.parameters import Train

_WARM_UP = 0.25  # share of the steps in which the learning rate rises (one-cycle: Smith and Topin 2017)


@dataclass
class Examples:
    """What is learned from, or checked against."""

    payload: np.ndarray  # (n, ...)
    labels: np.ndarray  # (n,) int
    weights: np.ndarray  # (n,) 0..1

    def __len__(self) -> int:
        return len(self.labels)


def fix(seed: int, *, portable: bool, threads: int) -> None:
    """Make training repeatable: call it first. Portable training is in float64, whose results hold on any processor."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    _set_dtype("float64" if portable else "float32")


def _set_dtype(name: str) -> None:
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


def fit(model: keras.Model, train: Examples, validation: Examples, params: Train) -> list[dict[str, float]]:
    """Train `model`, which gives logits, in place.

    Returns
    -------
    list
        One dict an epoch: epoch, loss, accuracy, validation_loss, validation_accuracy (where there is validation).
    """
    steps = params.epochs * -(-len(train) // params.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        params.learning_rate / 20,
        max(1, round(steps * (1 - _WARM_UP))),
        warmup_target=params.learning_rate,
        warmup_steps=round(steps * _WARM_UP),
    )
    model.compile(
        keras.optimizers.Adam(schedule),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=["accuracy"],
        jit_compile=False,  # what XLA compiles depends on the processor
    )
    curve = Curve(params.epochs)
    model.fit(
        train.payload,
        train.labels,
        sample_weight=train.weights,
        batch_size=params.batch_size,
        epochs=params.epochs,
        validation_data=(validation.payload, validation.labels, validation.weights) if len(validation) else None,
        verbose=0,
        callbacks=[curve],
    )
    return curve.rows


class Curve(keras.callbacks.Callback):
    """Notes the scores of each epoch and says how far training is."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs, self.rows, self.started = epochs, [], time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        names = {name: name.replace("val_", "validation_") for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        self.rows.append({"epoch": epoch + 1} | {name: float(logs[log]) for log, name in names.items() if log in logs})
        left = (time.monotonic() - self.started) / (epoch + 1) * (self.epochs - epoch - 1)
        scores = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in list(self.rows[-1].items())[1:])
        print(f"epoch {epoch + 1}/{self.epochs}: {scores}; {left:.0f} s left", file=sys.stderr, flush=True)


def logits(model: keras.Model, payload: np.ndarray, batch_size: int) -> np.ndarray:
    """What `model` gives for payloads (n, ...). Shape (n, classes), float64."""
    return model.predict(payload, batch_size=batch_size, verbose=0).astype(np.float64)


def export(model: keras.Model, kind: dict, temperature: float, path: Path) -> None:
    """Write a classifier as an ONNX file from `payload` to `probabilities`, softmax(logits / temperature), in float32."""
    _set_dtype("float32")
    single = networks.classifier(networks.encoder(kind), model.output.shape[-1])
    single.set_weights([array.astype(np.float32) for array in model.get_weights()])
    write_onnx(keras.Model(single.input, {"probabilities": networks.softmax(single.output / temperature)}), path)


def write_onnx(model: keras.Model, path: Path) -> None:
    """Export `model`, whose input is named `payload`, with a free number of rows, to the same bytes each time."""
    signature = [tf.TensorSpec((None, *model.input.shape[1:]), model.input.dtype, name="payload")]
    model.export(os.fspath(path), format="onnx", verbose=False, input_signature=signature)
    graph = onnx.load(path)
    _name_in_order(graph.graph)
    onnx.save(graph, path)


def _name_in_order(graph: onnx.GraphProto) -> None:
    """Name tensors by their place in the graph: the exporter's own numbers depend on Python's hash seed."""
    kept = {value.name for value in [*graph.input, *graph.output]}
    used = [name for node in graph.node for name in [*node.input, *node.output]]
    names = {name: f"t{index}" for index, name in enumerate(dict.fromkeys(used)) if name and name not in kept}
    for index, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{index}"
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    constants = sorted(graph.initializer, key=lambda constant: list(names).index(constant.name))
    for constant in constants:
        constant.name = names[constant.name]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(constants)
