"""Self-supervised pretraining of the network that `train` fine-tunes, by VICReg (Bardes, Ponce and LeCun 2022).

Two views of an example, each changed at random by its modality's `view`, must get the same embedding, while every unit
of the projected embedding keeps its variance over the batch and no two of them say the same.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from assay.training import fitting, networks

_BATCH = 128
_LEARNING_RATE = 0.004
_PROJECTOR = (256, 128)  # units of the layers between the embedding and the loss
_INVARIANCE, _VARIANCE, _COVARIANCE = 25.0, 25.0, 1.0  # weights of the three terms, as in the paper


def learn(
    prepare: Callable, payload: np.ndarray, view: Callable, *, epochs: int, steps: int, seed: int
) -> keras.Model:
    """Train a network on payloads (n, ...) without labels; call `fitting.fix` first.

    Parameters
    ----------
    prepare : payloads to what the network takes
    view : payloads and a random generator, to the payloads as they might also have looked
    epochs, steps : at least so many of each
    """
    encoder = networks.encoder(prepare(payload[:1]).shape[1:])
    pair = keras.Input((2, *encoder.input.shape[1:]), dtype=encoder.input.dtype)  # (n, 2, ...)
    projector = keras.Sequential(
        [layers.Dense(_PROJECTOR[0], activation="relu"), layers.Dense(_PROJECTOR[1])]
    )
    views = [projector(networks.averaged(encoder(pair[:, number]))) for number in (0, 1)]
    projected = ops.stack(views, axis=1)  # (n, 2, units)

    def two_views(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.stack([prepare(view(raw, rng)), prepare(view(raw, rng))], axis=1)

    examples = fitting.Examples(payload, np.zeros(len(payload)), np.ones(len(payload)))
    batches = fitting.Batches(examples, _BATCH, two_views, seed)
    model = keras.Model(pair, projected)
    fitting.fit(model, batches, vicreg, learning_rate=_LEARNING_RATE, epochs=epochs, steps=steps)
    return encoder


def vicreg(_labels: keras.KerasTensor, projected: keras.KerasTensor) -> keras.KerasTensor:
    """The loss of a batch of pairs (n, 2, units): invariance, variance and covariance."""
    first, second = projected[:, 0], projected[:, 1]
    loss = _INVARIANCE * ops.mean((first - second) ** 2)
    n, units = ops.shape(projected)[0], projected.shape[-1]
    for view in (first, second):
        centred = view - ops.mean(view, axis=0)
        deviation = ops.sqrt(ops.mean(centred**2, axis=0) + 1e-4)
        freedom = ops.cast(ops.maximum(n - 1, 1), centred.dtype)
        covariance = ops.matmul(ops.transpose(centred), centred) / freedom  # (units, units)
        loss += _VARIANCE / 2 * ops.mean(ops.relu(1 - deviation))
        loss += (
            _COVARIANCE / units * (ops.sum(covariance**2) - ops.sum(ops.diagonal(covariance) ** 2))
        )
    return loss
