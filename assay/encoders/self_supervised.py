"""VICReg: self-supervised pretraining of the network that `train` fine-tunes.

Two views of an example, each a random change of it, must get the same embedding. At the same time
every unit of the projected embedding keeps its variance over the batch, and no two units correlate.

A. Bardes, J. Ponce, Y. LeCun: VICReg: Variance-Invariance-Covariance Regularization for
Self-Supervised Learning. ICLR 2022.
"""

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from assay.training import fitting, networks
from assay.training.batches import Batches, Change, Prepare, unlabelled

_BATCH = 128
_LEARNING_RATE = 0.004
_PROJECTOR = (256, 128)  # units of the layers between the embedding and the loss
_INVARIANCE, _VARIANCE, _COVARIANCE = 25.0, 25.0, 1.0  # weights of the three terms, as in the paper
_TINY = 1e-4


def learn(
    prepare: Prepare, payload: np.ndarray, view: Change, *, epochs: int, steps: int, seed: int
) -> keras.Model:
    """An encoder trained on payloads (n, ...) without labels; call `fitting.fix` first.

    Parameters
    ----------
    prepare : turns payloads into the input of the network
    payload : (n, ...)
    view : changes payloads at random, as the same examples might also have looked
    epochs, steps : training has at least so many epochs and at least so many steps
    seed : of the order and of the views
    """
    encoder = networks.encoder(prepare(payload[:1]).shape[1:])
    pair = keras.Input((2, *encoder.input.shape[1:]), dtype=encoder.input.dtype)  # (n, 2, ...)
    hidden = layers.Dense(_PROJECTOR[0], activation="relu")
    projector = keras.Sequential([hidden, layers.Dense(_PROJECTOR[1])])
    views = [projector(networks.averaged(encoder(pair[:, number]))) for number in (0, 1)]
    model = keras.Model(pair, ops.stack(views, axis=1))  # (n, 2, units)

    def two_views(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.stack([prepare(view(batch, rng)), prepare(view(batch, rng))], axis=1)

    batches = Batches(unlabelled(payload), _BATCH, two_views, seed)
    fitting.fit(model, batches, vicreg, learning_rate=_LEARNING_RATE, epochs=epochs, steps=steps)
    return encoder


def vicreg(_labels: KerasTensor, projected: KerasTensor) -> KerasTensor:
    """The loss of a batch of pairs (n, 2, units): invariance, variance and covariance."""
    first, second = projected[:, 0], projected[:, 1]  # (n, units) each
    loss = _INVARIANCE * ops.mean((first - second) ** 2)
    n = ops.shape(projected)[0]
    units = projected.shape[-1]
    for view in (first, second):
        centred = view - ops.mean(view, axis=0)
        deviation = ops.sqrt(ops.mean(centred**2, axis=0) + _TINY)  # (units,)
        freedom = ops.cast(ops.maximum(n - 1, 1), centred.dtype)
        covariance = ops.matmul(ops.transpose(centred), centred) / freedom  # (units, units)
        off_diagonal = ops.sum(covariance**2) - ops.sum(ops.diagonal(covariance) ** 2)
        loss += _VARIANCE / 2 * ops.mean(ops.relu(1 - deviation))
        loss += _COVARIANCE / units * off_diagonal
    return loss
