"""Train a network in a repeatable way."""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np

from assay.contract.errors import InputError, counted, quiet, say
from assay.contract.stored_rows import StoredRows
from assay.training.batches import Batches, Examples, InOrder, Untuned
from assay.training.checkpoints import Checkpoint
from assay.training.progress import LearningCurve, Progress, Scores

_M_TOP_PAD = -2  # of glibc's malloc.h
if hasattr(ctypes.CDLL(None), "mallopt"):
    # Keep freed memory for the next step. Half of the time went into giving it back to the system
    # and asking for it again.
    ctypes.CDLL(None).mallopt(_M_TOP_PAD, 2**26)

_TENSORFLOW = keras.config.backend() == "tensorflow"
_CPU_INFO = Path("/proc/cpuinfo")
_WARM_UP = 0.2  # share of steps with a rising learning rate (one cycle: Smith and Topin 2017)
_STEPS_AT_ONCE = 10  # steps that TensorFlow takes before it returns to Python
_WEIGHT_DECAY, _BETA_2 = 0.05, 0.99  # of AdamW
_PREDICTED = 1024  # examples at a time
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]  # labels, outputs


def cross_entropy(smoothing: float, *, soft: bool = False) -> Loss:
    """The loss for labels, `soft` or not. `smoothing` is the share that all classes divide.

    C. Szegedy et al.: Rethinking the Inception Architecture for Computer Vision. CVPR 2016.
    """
    if soft:
        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def smoothed(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        of_labels = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        of_classes = keras.ops.mean(keras.ops.log_softmax(logits), axis=-1)
        return (1 - smoothing) * of_labels - smoothing * of_classes

    return smoothed if smoothing else CROSS_ENTROPY


def fix(
    seed: int, *, portable: bool, threads: int, bfloat16: bool | Literal["auto", "fast"] = False
) -> None:
    """Make training repeatable; call it before a network is built.

    Parameters
    ----------
    seed : of the first weights and of dropout
    portable : train in float64, so that results are the same on any processor; else in float32
    threads : how many TensorFlow uses
    bfloat16 : mix float32 with bfloat16, unless portable. `auto`: only on a GPU; `fast`: also on a
        processor that multiplies bfloat16
    """
    keras.utils.set_random_seed(seed)
    if _TENSORFLOW:
        _fix_tensorflow(threads)
    set_dtype("float64" if portable else "float32")
    if not portable and _uses_bfloat16(bfloat16):
        keras.config.set_dtype_policy("mixed_bfloat16")


def _uses_bfloat16(wanted: bool | Literal["auto", "fast"]) -> bool:
    if isinstance(wanted, bool):
        return wanted
    has_gpu = any("gpu" in name.lower() for name in keras.distribution.list_devices())
    return has_gpu or (wanted == "fast" and _multiplies_bfloat16())


def _multiplies_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16: by Intel's AMX, or by AVX-512 (AMD from Zen 4 on).

    Only Linux tells this. Elsewhere the answer is no.
    """
    if not _CPU_INFO.exists():
        return False
    flags = _CPU_INFO.read_text()
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _fix_tensorflow(threads: int) -> None:
    import tensorflow as tf  # only here: Keras may have another backend

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    with quiet():
        tf.config.list_logical_devices()  # otherwise TensorFlow prints its greeting later


def set_dtype(name: str) -> None:
    """Build networks in this floating-point type from now on."""
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


def fit(
    model: keras.Model,
    batches: Batches,
    loss: Loss,
    *,
    learning_rate: float,
    epochs: int,
    steps: int = 0,
    validation: Examples | None = None,
    metrics: Sequence[str] = (),
    accumulated: int = 1,
    patience: int = 0,
    key: str = "",
    remedy: str = "leave out examples with extreme values",
) -> list[Scores]:
    """Train `model` in place: AdamW (Loshchilov and Hutter 2019) with a one-cycle learning rate.

    Parameters
    ----------
    model, batches, loss : the network, the examples that it learns from, and the loss
    learning_rate : the peak of the cycle
    epochs, steps : training has at least so many epochs and at least so many steps
    validation : what the network is checked against after each epoch
    metrics : names of Keras's metrics
    accumulated : batches whose gradients change the weights once
    patience : training stops after so many epochs without a lower validation loss, and the model
        gets the weights of its best epoch; 0: never
    key : see `checkpoints.Checkpoint`, with which a killed training goes on
    remedy : what to do if training diverges

    Returns
    -------
    list
        The scores of each epoch: epoch, loss and metrics; with validation also its loss and metrics

    Raises
    ------
    InputError
        If a score is not finite after an epoch, or no weight would ever change.
    """
    epochs = max(epochs, -(-steps // len(batches)))
    steps = epochs * len(batches)
    _check_updates(steps, accumulated)
    model.compile(
        _optimizer(learning_rate, steps, accumulated),
        loss,
        weighted_metrics=list(metrics),
        jit_compile=not _TENSORFLOW,  # XLA's code depends on the processor, but JAX has only XLA
        steps_per_execution=min(_STEPS_AT_ONCE, len(batches)),
    )
    curve: list[Scores] = []
    stopping = None
    if patience and validation:
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=patience, mode="min", restore_best_weights=True
        )
    checkpoint = Checkpoint(batches, curve, stopping, key)
    progress = Progress(curve, epochs, patience if stopping else 0)
    callbacks = [LearningCurve(curve, remedy), progress, stopping, checkpoint]
    model.fit(
        Untuned(batches),
        epochs=epochs,
        initial_epoch=len(curve),  # more than 0 if a killed training goes on
        validation_data=Untuned(InOrder(validation)) if validation else None,
        verbose=0,
        callbacks=[callback for callback in callbacks if callback],
        shuffle=False,
    )
    return curve


def _check_updates(steps: int, accumulated: int) -> None:
    """Raise InputError if weights never change; say how many steps at the end change nothing."""
    name = "train.gradient_accumulation"
    if accumulated > steps:
        wrong = f"{accumulated} batches change the weights once, but training has {steps}"
        raise InputError(f"params.yaml: {name}: {wrong}: use {steps} at most, or more train.steps")
    n_left_over = steps % accumulated
    if n_left_over:
        too_few = f"fewer than the {accumulated} batches that change the weights"
        say(
            f"{name}: {n_left_over} of {counted(steps, 'step')} are left over at the end: {too_few}"
        )


def _optimizer(learning_rate: float, steps: int, accumulated: int) -> keras.optimizers.Optimizer:
    rising = round(_WARM_UP * steps)
    cosine = keras.optimizers.schedules.CosineDecay
    rate = cosine(0.0, steps - rising, 0.0, "rate", learning_rate, rising)
    options = {"weight_decay": _WEIGHT_DECAY, "beta_2": _BETA_2}
    if accumulated > 1:
        options["gradient_accumulation_steps"] = accumulated
    return keras.optimizers.AdamW(rate, **options)


def logits(
    model: keras.Model, prepared: np.ndarray | StoredRows, size: int = _PREDICTED
) -> np.ndarray:
    """The output of `model` for its input (n, ...), `size` examples at a time.

    Shape (n, classes), float64.
    """
    starts = range(0, len(prepared), size)
    blocks = [model.predict_on_batch(prepared[start : start + size]) for start in starts]
    return np.concatenate(blocks).astype(np.float64)
