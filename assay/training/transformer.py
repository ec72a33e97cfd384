"""A Transformer for every modality, and masked modelling, which trains it without labels.

An example is a sequence of tokens: patches of an image (MAE: He et al. 2022), time steps of a
spectrogram (wav2vec 2.0: Baevski et al. 2020), pieces of words (BERT: Devlin et al. 2019), cells of
a table. Some tokens are hidden, and the network predicts them from the others. Fine-tuning hides
fewer tokens, as augmentation.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from assay.training import fitting, networks
from assay.training.batches import Batches, unlabelled

_WIDTH, _HEADS, _DEPTH = 64, 4, 2
_HEAD_WIDTH = _WIDTH // _HEADS
_HIDDEN = {"patch": 0.5, "vocabulary": 0.3}  # share of hidden tokens, by the kind of tokens
_FINE_TUNED = 0.5  # this part of that share is hidden during fine-tuning
_BATCH, _LEARNING_RATE = 64, 0.002
_MIDDLE, _SPREAD = 127.5, 64.0  # bring the values of a picture to about -1..1
_FAR = 1e4  # subtracted from the attention score of padding
_ROOM = 1.4  # number of predictions of an example / average number of hidden tokens
_TINY = 1e-6


@dataclass
class _Sequence:
    """A network up to its last vectors.

    Attributes
    ----------
    payload : (n, ...) a picture, or (n, tokens) numbers of a vocabulary; 0 is padding
    content : (n, tokens, values) the values of the patches, or the payload
    present : (n, tokens) 1, or 0 for padding
    hidden : (n, tokens) 1 if hidden, else 0
    vectors : (n, tokens, width)
    """

    payload: KerasTensor
    content: KerasTensor
    present: KerasTensor
    hidden: KerasTensor
    vectors: KerasTensor


class HideTokens(layers.Layer):
    """Add a vector of the place to each token. In training, first replace some tokens by a mask."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.random = keras.random.SeedGenerator()

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the vectors of the places (tokens, width) and of a hidden token (width,)."""
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.place = self.add_weight(shape[1:], normal)
        self.mask = self.add_weight(shape[2:], normal)

    def call(
        self, x: KerasTensor, present: KerasTensor, training: bool = False
    ) -> tuple[KerasTensor, KerasTensor]:
        """The new tokens (n, tokens, width), and which are hidden (n, tokens)."""
        if not training:
            return x + self.place, ops.zeros_like(present)
        drawn = keras.random.uniform(ops.shape(present), seed=self.random) < self.share
        hidden = ops.cast(drawn, present.dtype) * present
        replaced = hidden[..., None]  # (n, tokens, 1)
        return x * (1 - replaced) + self.mask * replaced + self.place, hidden


def _sequence(shape: tuple[int, ...], tokens: dict, share: float) -> _Sequence:
    if "vocabulary" in tokens:
        payload = content = keras.Input(shape, dtype="int64", name="payload")
        x = layers.Embedding(tokens["vocabulary"], _WIDTH)(payload)
        present = ops.cast(ops.not_equal(payload, 0), x.dtype)
    else:
        payload = keras.Input(shape, dtype="uint8", name="payload")
        scaled = layers.Rescaling(1 / _SPREAD, -_MIDDLE / _SPREAD)(payload)
        content = patches(scaled, tokens["patch"])
        x = layers.Dense(_WIDTH)(content)
        present = ops.ones_like(content[..., 0])
    x, hidden = HideTokens(share)(x, present)
    for _ in range(_DEPTH):
        # each layer draws its seed when it is made, so the order of these lines counts
        mix, attend = layers.Dense(_WIDTH), layers.Dense(3 * _WIDTH)
        x = x + mix(_attention(attend(layers.LayerNormalization()(x)), present))
        narrow, widen = layers.Dense(_WIDTH), layers.Dense(4 * _WIDTH)
        x = x + narrow(ops.gelu(widen(layers.LayerNormalization()(x))))
    return _Sequence(payload, content, present, hidden, layers.LayerNormalization()(x))


def patches(x: KerasTensor, patch: list[int]) -> KerasTensor:
    """The patches of pictures (n, height, width, channels), row by row.

    Zeros (grey) fill up the last patches. Shape (n, patches, values).
    """
    height, width, channels = x.shape[1:]
    below, right = -height % patch[0], -width % patch[1]  # pixels that are missing
    x = ops.pad(x, [[0, 0], [0, below], [0, right], [0, 0]])
    rows, columns = (height + below) // patch[0], (width + right) // patch[1]
    x = ops.reshape(x, (-1, rows, patch[0], columns, patch[1] * channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4))  # (n, rows, columns, patch height, values of a line)
    return ops.reshape(x, (-1, rows * columns, patch[0] * patch[1] * channels))


def _attention(projected: KerasTensor, present: KerasTensor) -> KerasTensor:
    """Attention of each token to all (Vaswani et al. 2017). Shape (n, tokens, width).

    Parameters
    ----------
    projected : (n, tokens, 3 width) queries, keys and values side by side
    present : (n, tokens) 1, or 0 for padding
    """
    tokens = projected.shape[1]
    heads = ops.reshape(projected, (-1, tokens, 3, _HEADS, _HEAD_WIDTH))
    # (n, heads, tokens, head width) each
    query, key, value = (ops.transpose(heads[:, :, part], (0, 2, 1, 3)) for part in range(3))
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / _HEAD_WIDTH**0.5
    masked = scores + _FAR * (present[:, None, None, :] - 1)  # (n, heads, tokens, tokens)
    shares = networks.softmax(masked)
    mixed = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
    return ops.reshape(mixed, (-1, tokens, _WIDTH))


def encoder(shape: tuple[int, ...], tokens: dict) -> keras.Model:
    """The network from the output of a front to the average vector (n, width), for fine-tuning.

    Parameters
    ----------
    shape : of one payload
    tokens : has one key: `patch`, the height and width of a token of a picture, or `vocabulary`,
        the number of different tokens
    """
    (unit,) = tokens
    return _averaged(_sequence(shape, tokens, _FINE_TUNED * _HIDDEN[unit]))


def _averaged(sequence: _Sequence) -> keras.Model:
    present = sequence.present[..., None]  # (n, tokens, 1)
    n_tokens = ops.sum(present, axis=1) + _TINY
    average = ops.sum(sequence.vectors * present, axis=1) / n_tokens
    return keras.Model(sequence.payload, average, name="encoder")


def learn(payload: np.ndarray, tokens: dict, *, epochs: int, steps: int, seed: int) -> keras.Model:
    """An encoder trained by masked modelling; call `fitting.fix` first.

    Parameters
    ----------
    payload : (n, ...) the output of a front
    tokens : see `encoder`
    epochs, steps : training has at least so many epochs and at least so many steps
    seed : of the order of examples
    """
    (unit,) = tokens
    sequence = _sequence(payload.shape[1:], tokens, _HIDDEN[unit])
    model = keras.Model(sequence.payload, _masked_loss(sequence, tokens))
    batches = Batches(unlabelled(payload), _BATCH, lambda batch, _: batch, seed)
    fitting.fit(model, batches, _mean, learning_rate=_LEARNING_RATE, epochs=epochs, steps=steps)
    return _averaged(sequence)


def _masked_loss(sequence: _Sequence, tokens: dict) -> KerasTensor:
    """How wrong the predictions of the hidden tokens are. Shape (n,)."""
    (unit,) = tokens
    n_tokens = sequence.hidden.shape[1]
    n_predicted = min(n_tokens, math.ceil(_ROOM * _HIDDEN[unit] * n_tokens))
    chosen = ops.top_k(sequence.hidden, n_predicted)[1]  # (n, predicted), hidden ones first
    hidden = ops.take_along_axis(sequence.hidden, chosen, axis=1)
    places = chosen[..., None]  # (n, predicted, 1)
    vectors = ops.take_along_axis(sequence.vectors, places, axis=1)  # (n, predicted, width)
    if unit == "vocabulary":
        logits = layers.Dense(tokens["vocabulary"])(vectors)  # (n, predicted, vocabulary)
        content = ops.take_along_axis(sequence.content, chosen, axis=1)
        losses = ops.sparse_categorical_crossentropy(content, logits, from_logits=True)
    else:
        content = ops.take_along_axis(sequence.content, places, axis=1)
        differences = layers.Dense(content.shape[2])(vectors) - content
        losses = ops.mean(differences**2, axis=2)  # (n, predicted)
    share = hidden / (ops.sum(hidden, axis=1, keepdims=True) + _TINY)
    return ops.sum(share * losses, axis=1)


def _mean(_labels: KerasTensor, losses: KerasTensor) -> KerasTensor:
    """The network itself computes the loss of each example."""
    return ops.mean(losses)
