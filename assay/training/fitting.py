"""Train a network on weighted labels, with progress for the terminal and a learning curve; export it as ONNX."""

import ctypes
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Protocol

import keras
import numpy as np
import onnx

from assay.contract.errors import quiet
from assay.training import checkpoints, networks

_M_TOP_PAD = -2  # of glibc's malloc.h
if hasattr(ctypes.CDLL(None), "mallopt"):
    # keep what a step frees for the next one: to give it back and fault it in again would be half of the time
    ctypes.CDLL(None).mallopt(_M_TOP_PAD, 2**26)

_TENSORFLOW = keras.config.backend() == "tensorflow"
_WARM_UP = (
    0.2  # share of the steps in which the learning rate rises (one cycle: Smith and Topin 2017)
)
_LEAST_BATCHES = 40  # in an epoch, however little data there is, but none
_SMALLEST_BATCH = 16  # is smaller than this, because it is normalised
_ALIKE = 1.5  # times its length that a text may count for when they are sorted, so that batches differ each epoch
_STEPS_AT_ONCE = 10  # that TensorFlow takes before Python hears of it
_WEIGHT_DECAY = 0.05
_DIGITS = 12  # binary ones of 24 that a constant keeps
_PREDICTED = 1024  # examples at a time
_CHECKED = 128  # likewise, while a training's own memory is held
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def cross_entropy(smoothing: float, *, soft: bool = False) -> Callable:
    """The loss of labels, `soft` or not, of which this share is spread over all classes (Szegedy et al. 2016)."""
    if soft:
        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def smoothed(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        log_probabilities = keras.ops.log_softmax(logits)
        own = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        return (1 - smoothing) * own - smoothing * keras.ops.mean(log_probabilities, axis=-1)

    return smoothed if smoothing else CROSS_ENTROPY


class Payloads(Protocol):
    """Payloads of which any rows can be asked for: an array, or `catalogue.payloads.Stored`."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray: ...


@dataclass
class Examples:
    """What is learned from, or checked against."""

    payload: Payloads  # (n, ...)
    labels: np.ndarray  # (n,) int; soft ones: (n, classes) probabilities
    weights: np.ndarray  # (n,) 0..1

    def __len__(self) -> int:
        return len(self.labels)


class Batches(keras.utils.PyDataset):
    """Examples in a new order each epoch, each changed a little by `augment`; what fills no batch is left for later."""

    def __init__(self, examples: Examples, size: int, augment: Callable, seed: int) -> None:
        super().__init__()
        self.examples, self.augment = examples, augment
        self.size = min(size, len(examples), max(_SMALLEST_BATCH, len(examples) // _LEAST_BATCHES))
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.examples) // self.size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        examples, rows = self.examples, self.order[index * self.size : (index + 1) * self.size]
        return (
            self.augment(examples.payload[rows], self.rng),
            examples.labels[rows],
            examples.weights[rows],
        )

    def on_epoch_end(self) -> None:
        """Shuffle; texts so that a batch holds some of about one length, since the shorter ones are filled up."""
        self.random = self.rng.bit_generator.state
        self.order = self.rng.permutation(len(self.examples))
        sizes = getattr(self.examples.payload, "sizes", np.ones(1))
        if np.ptp(sizes):
            some = self.order[: len(self) * self.size]
            about = sizes[some] * self.rng.uniform(1, _ALIKE, len(some))
            self.order = self.rng.permutation(
                some[np.argsort(about)].reshape(-1, self.size)
            ).ravel()

    def go_on(self, random: dict) -> None:
        """Draw what was drawn after the generator had the state `random`."""
        self.rng.bit_generator.state = random
        self.on_epoch_end()


class InOrder(keras.utils.PyDataset):
    """Examples as they are, to check or to predict."""

    def __init__(self, examples: Examples) -> None:
        super().__init__()
        self.examples = examples

    def __len__(self) -> int:
        return math.ceil(len(self.examples) / _CHECKED)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        examples = self.examples
        rows = np.arange(len(examples))[index * _CHECKED : (index + 1) * _CHECKED]
        return examples.payload[rows], examples.labels[rows], examples.weights[rows]


def fix(seed: int, *, portable: bool, threads: int, bfloat16: bool | None = False) -> None:
    """Make training repeatable: call it first. Portable training is in float64, whose results hold on any processor.

    Other training is in float32, or mixes it with bfloat16, where None means: if there is a GPU.
    """
    keras.utils.set_random_seed(seed)
    if _TENSORFLOW:
        _fix_tensorflow(threads)
    _set_dtype("float64" if portable else "float32")
    on_gpu = any("gpu" in name.lower() for name in keras.distribution.list_devices())
    mixed = on_gpu if bfloat16 is None else bfloat16
    if mixed and not portable:
        keras.config.set_dtype_policy("mixed_bfloat16")


def _fix_tensorflow(threads: int) -> None:
    import tensorflow as tf  # Keras runs on others too

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    with quiet():
        tf.config.list_logical_devices()  # or it greets again later


def _set_dtype(name: str) -> None:
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


def fit(
    model: keras.Model,
    batches: Batches,
    loss: Callable,
    *,
    learning_rate: float,
    epochs: int,
    steps: int = 0,
    validation: Examples | None = None,
    metrics: Sequence[str] = (),
    accumulated: int = 1,
    patience: int = 0,
    key: str = "",
) -> list[dict[str, float]]:
    """Train `model` in place: AdamW (Loshchilov and Hutter 2019) under a one-cycle rate with this peak.

    It takes at least so many epochs, and at least so many steps, of which so many `accumulated` ones change the weights
    once. For `patience` and `key`, by which a killed training goes on, see `checkpoints.Checkpoint`.

    Returns
    -------
    list
        One dict an epoch: epoch, loss, the metrics, and, where there is validation, validation_loss and so on.
    """
    epochs = max(epochs, -(-steps // len(batches)))
    steps = epochs * len(batches)
    rising = round(_WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, 0.0, "rate", learning_rate, rising
    )
    model.compile(
        keras.optimizers.AdamW(
            rate,
            weight_decay=_WEIGHT_DECAY,
            beta_2=0.99,
            gradient_accumulation_steps=accumulated if accumulated > 1 else None,
        ),
        loss,
        weighted_metrics=list(metrics),
        jit_compile=not _TENSORFLOW,  # what XLA compiles depends on the processor; JAX has nothing else
        steps_per_execution=min(_STEPS_AT_ONCE, len(batches)),
    )
    curve = Curve(epochs)
    checkpoint = checkpoints.Checkpoint(batches, curve.rows, patience if validation else 0, key)
    model.fit(
        batches,
        epochs=epochs,
        initial_epoch=len(curve.rows),
        validation_data=InOrder(validation) if validation else None,
        verbose=0,
        callbacks=[curve, checkpoint],
        shuffle=False,
    )
    return curve.rows


class Curve(keras.callbacks.Callback):
    """Notes the scores of each epoch and says how far training is."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs, self.rows = epochs, []

    def on_train_begin(self, _logs: dict | None = None) -> None:
        """Start the clock."""
        self.before, self.started = len(self.rows), time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Note and say it; a terminal sees one line that changes, a log a line for each tenth of the way."""
        scores = {
            name.replace("val_", "validation_"): float(value)
            for name, value in sorted(logs.items())
        }
        self.rows.append({"epoch": epoch + 1, **scores})
        done, terminal = epoch + 1, sys.stderr.isatty()
        if terminal or done % max(1, self.epochs // 10) == 0:
            left = (time.monotonic() - self.started) / (done - self.before) * (self.epochs - done)
            said = ", ".join(
                f"{name.replace('_', ' ')} {value:.4f}" for name, value in scores.items()
            )
            line = f"epoch {done}/{self.epochs}: {said}; {left:.0f} s left"
            end = "\r" if terminal and done < self.epochs else "\n"
            print(line.ljust(110 if terminal else 0), file=sys.stderr, end=end, flush=True)


def logits(model: keras.Model, prepared: np.ndarray | InOrder) -> np.ndarray:
    """What `model` gives for rows (n, ...) of what it takes. Shape (n, classes), float64."""
    return model.predict(prepared, batch_size=_PREDICTED, verbose=0).astype(np.float64)


def in_float32(trained: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """The trained network, built again and with its weights rounded to float32."""
    _set_dtype("float32")
    single = build()
    single.set_weights([array.astype(np.float32) for array in trained.get_weights()])
    return single


def classifier_to_onnx(
    model: keras.Model, build: Callable[[], keras.Model], temperature: float
) -> bytes:
    """A classifier that `build` built as ONNX, from `payload` to `probabilities` = softmax(logits / temperature)."""
    single = in_float32(model, build)
    return to_onnx(single.input, probabilities=networks.softmax(single.output / temperature))


def encoder_to_onnx(
    model: keras.Model, build: Callable[[], keras.Model]
) -> tuple[bytes, list[np.ndarray]]:
    """An encoder that `build` builds as ONNX, from `payload` to `embedding`, and its weights."""
    single = in_float32(model, build)
    return to_onnx(
        single.input, embedding=keras.layers.Flatten()(single.output)
    ), single.get_weights()


def to_onnx(payload: keras.KerasTensor, **outputs: keras.KerasTensor) -> bytes:
    """The graph from `payload`, with a free number of rows, to `outputs`: the same bytes each time.

    The export multiplies constants by square roots in float32, whose last digit depends on the processor.
    """
    signature = [keras.InputSpec(payload.dtype, (None, *payload.shape[1:]), name="payload")]
    with TemporaryDirectory() as folder, quiet():
        path = f"{folder}/model.onnx"
        keras.Model(payload, outputs).export(
            path, format="onnx", verbose=False, input_signature=signature
        )
        exported = onnx.load(path)
    _in_order(exported.graph)
    for constant in exported.graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT:
            values = rounded(onnx.numpy_helper.to_array(constant))
            constant.CopyFrom(onnx.numpy_helper.from_array(values, constant.name))
    return exported.SerializeToString()


def rounded(values: np.ndarray) -> np.ndarray:
    """Values to their first 12 binary digits."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, _DIGITS)), exponent - _DIGITS)


def _in_order(graph: onnx.GraphProto) -> None:
    """Sort nodes by what needs them, and name tensors by their place: the exporter goes by Python's hashes, and by the
    numbers in TensorFlow's names, which depend on what else was made."""
    makers, nodes = {output: node for node in graph.node for output in node.output}, []

    def place(output: str) -> None:
        if node := makers.get(output):
            for each in node.output:
                makers.pop(each, None)
            for each in node.input:
                place(each)
            nodes.append(node)

    for value in graph.output:
        place(value.name)
    del graph.node[:]
    graph.node.extend(nodes)
    kept = {value.name for value in [*graph.input, *graph.output]}
    used = dict.fromkeys(
        name for node in graph.node for name in [*node.input, *node.output] if name not in kept
    )
    names = {name: f"t{index}" for index, name in enumerate(used) if name}
    for index, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{index}"
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for constant in graph.initializer:
        constant.name = names[constant.name]
    graph.initializer.sort(key=lambda constant: int(constant.name[1:]))
    del graph.value_info[:]
    graph.ClearField("doc_string")  # it tells how many functions TensorFlow made before
