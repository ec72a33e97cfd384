"""A Transformer for every modality, and masked modelling, by which it learns from examples without labels.

An example is a sequence of tokens: patches of an image (MAE: He et al. 2022), moments of a spectrogram (wav2vec 2.0:
Baevski et al. 2020), pieces of words (BERT: Devlin et al. 2019), cells of a table. Some are hidden, and the network
says from the others what they are. While it is fine-tuned, fewer are hidden: that is how its examples are augmented.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from assay.training import fitting, networks

_WIDTH, _HEADS, _DEPTH = 64, 4, 2
_HIDDEN = {"patch": 0.5, "vocabulary": 0.3}  # share of tokens, by what they are
_FINE_TUNED = 0.5  # times as many while labels are learned
_BATCH, _LEARNING_RATE = 64, 0.002
_MIDDLE, _SPREAD = 127.5, 64.0  # of the values of a picture, to bring them to about -1..1
_FAR = 1e4  # below any score: what is not there is not attended to
_ROOM = 1.4  # times as many tokens as are hidden on average that an example's guesses are made for
_TINY = 1e-6


@dataclass
class _Sequence:
    """A network up to its last vectors."""

    payload: (
        keras.KerasTensor
    )  # (n, ...) a picture, or (n, tokens) numbers of a vocabulary, of which 0 is no token
    tokens: keras.KerasTensor  # (n, tokens, values) what the patches hold, or the payload
    there: keras.KerasTensor  # (n, tokens) 1, or 0 where there is no token
    hidden: keras.KerasTensor  # (n, tokens) likewise
    vectors: keras.KerasTensor  # (n, tokens, width)


class _Hide(layers.Layer):
    """In training, make some tokens one learned vector; then add to each the vector of its place."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share, self.random = share, keras.random.SeedGenerator()

    def build(self, shape: tuple) -> None:
        """Make the vectors."""
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.place, self.mask = (
            self.add_weight(shape[1:], normal),
            self.add_weight(shape[2:], normal),
        )

    def call(self, x: keras.KerasTensor, there: keras.KerasTensor, training: bool = False) -> tuple:
        """What tokens (n, tokens, width) are now, and which are hidden."""
        if not training:
            return x + self.place, ops.zeros_like(there)
        hidden = (
            ops.cast(
                keras.random.uniform(ops.shape(there), seed=self.random) < self.share, there.dtype
            )
            * there
        )
        return x * (1 - hidden[..., None]) + self.mask * hidden[..., None] + self.place, hidden


def _sequence(shape: tuple[int, ...], tokens: dict, share: float) -> _Sequence:
    if "vocabulary" in tokens:
        payload = content = keras.Input(shape, dtype="int64", name="payload")
        x = layers.Embedding(tokens["vocabulary"], _WIDTH)(payload)
        there = ops.cast(ops.not_equal(payload, 0), x.dtype)
    else:
        payload = keras.Input(shape, dtype="uint8", name="payload")
        content = _patches(
            layers.Rescaling(1 / _SPREAD, -_MIDDLE / _SPREAD)(payload), tokens["patch"]
        )
        x = layers.Dense(_WIDTH)(content)
        there = ops.ones_like(content[..., 0])
    x, hidden = _Hide(share)(x, there)
    for _ in range(_DEPTH):
        x = x + layers.Dense(_WIDTH)(_attention(layers.LayerNormalization()(x), there))
        x = x + layers.Dense(_WIDTH)(
            ops.gelu(layers.Dense(4 * _WIDTH)(layers.LayerNormalization()(x)))
        )
    return _Sequence(payload, content, there, hidden, layers.LayerNormalization()(x))


def _patches(x: keras.KerasTensor, patch: list[int]) -> keras.KerasTensor:
    """A picture's patches, row by row; what fills up the last ones is grey. Shape (n, patches, values)."""
    sides = x.shape[1:3]
    filled = [-side % own for side, own in zip(sides, patch, strict=True)]
    x = ops.pad(x, [[0, 0], [0, filled[0]], [0, filled[1]], [0, 0]])
    rows, columns = (
        (side + more) // own for side, more, own in zip(sides, filled, patch, strict=True)
    )
    x = ops.reshape(x, (-1, rows, patch[0], columns, patch[1] * x.shape[3]))
    return ops.reshape(
        ops.transpose(x, (0, 1, 3, 2, 4)), (-1, rows * columns, patch[0] * x.shape[4])
    )


def _attention(x: keras.KerasTensor, there: keras.KerasTensor) -> keras.KerasTensor:
    """Of each token to all (Vaswani et al. 2017). Shape (n, tokens, width)."""
    t = x.shape[1]
    heads = ops.reshape(layers.Dense(3 * _WIDTH)(x), (-1, t, 3, _HEADS, _WIDTH // _HEADS))
    query, key, value = (
        ops.transpose(heads[:, :, each], (0, 2, 1, 3)) for each in range(3)
    )  # (n, heads, t, w)
    scores = (
        ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / (_WIDTH // _HEADS) ** 0.5
    )  # (n, heads, t, t)
    mixed = ops.matmul(networks.softmax(scores + _FAR * (there[:, None, None, :] - 1)), value)
    return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, t, _WIDTH))


def encoder(shape: tuple[int, ...], tokens: dict) -> keras.Model:
    """The network from what a front gives to the average vector (n, width), as it is fine-tuned.

    Parameters
    ----------
    shape : of one payload
    tokens : `patch`, the height and width of a token of a picture, or `vocabulary`, how many tokens there may be
    """
    (what,) = tokens
    return _averaged(_sequence(shape, tokens, _FINE_TUNED * _HIDDEN[what]))


def _averaged(sequence: _Sequence) -> keras.Model:
    there = sequence.there[..., None]
    average = ops.sum(sequence.vectors * there, axis=1) / (ops.sum(there, axis=1) + _TINY)
    return keras.Model(sequence.payload, average, name="encoder")


def learn(payload: np.ndarray, tokens: dict, *, epochs: int, steps: int, seed: int) -> keras.Model:
    """An encoder that masked modelling trained on what a front gives, (n, ...); call `fitting.fix` first.

    It takes at least so many epochs and steps.
    """
    (what,) = tokens
    sequence = _sequence(payload.shape[1:], tokens, _HIDDEN[what])
    n_tokens = sequence.hidden.shape[1]
    guessed = min(n_tokens, math.ceil(_ROOM * _HIDDEN[what] * n_tokens))
    chosen = ops.top_k(sequence.hidden, guessed)[1]  # (n, guessed), those that are hidden first
    hidden = ops.take_along_axis(sequence.hidden, chosen, axis=1)
    vectors = ops.take_along_axis(
        sequence.vectors, chosen[..., None], axis=1
    )  # (n, guessed, width)
    if what == "vocabulary":
        logits = layers.Dense(tokens[what])(vectors)  # (n, guessed, vocabulary)
        right = ops.take_along_axis(sequence.tokens, chosen, axis=1)
        wrong = ops.sparse_categorical_crossentropy(right, logits, from_logits=True)
    else:
        right = ops.take_along_axis(sequence.tokens, chosen[..., None], axis=1)
        wrong = ops.mean(
            (layers.Dense(right.shape[2])(vectors) - right) ** 2, axis=2
        )  # (n, guessed)
    share = hidden / (ops.sum(hidden, axis=1, keepdims=True) + _TINY)
    model = keras.Model(sequence.payload, ops.sum(share * wrong, axis=1))
    examples = fitting.Examples(payload, np.zeros(len(payload)), np.ones(len(payload)))
    batches = fitting.Batches(examples, _BATCH, lambda raw, _: raw, seed)
    fitting.fit(model, batches, _as_given, learning_rate=_LEARNING_RATE, epochs=epochs, steps=steps)
    return _averaged(sequence)


def _as_given(_labels: keras.KerasTensor, lost: keras.KerasTensor) -> keras.KerasTensor:
    """The loss is what the network itself reckons."""
    return ops.mean(lost)
