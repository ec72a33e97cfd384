"""Examples as batches for Keras: shuffled for training, in order for checking."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

from assay.contract.stored_rows import StoredRows

_LEAST_BATCHES = 40  # an epoch of small data has so many, unless a batch would get too small
_SMALLEST_BATCH = 16  # examples of a batch: batch normalisation needs several
_LENGTH_NOISE = 1.5  # a text's length is multiplied by up to this before sorting, so batches vary
CHECKED = 128  # examples of a validation batch; few, because training needs the memory

# they turn payloads into the input of the network, without and with a random change
Prepare = Callable[[np.ndarray], np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass
class Examples:
    """What a network learns from, or is checked against."""

    payload: np.ndarray | StoredRows  # (n, ...)
    labels: np.ndarray  # (n,) int; soft ones: (n, classes) probabilities
    weights: np.ndarray  # (n,) 0 or more

    def __len__(self) -> int:
        return len(self.labels)


def unlabelled(payload: np.ndarray) -> Examples:
    """Payloads (n, ...) as examples for a loss that does not use labels."""
    return Examples(payload, np.zeros(len(payload)), np.ones(len(payload)))


class Batches(keras.utils.PyDataset):
    """Examples in a new order each epoch, changed at random.

    All batches have one size. Examples that do not fill the last batch are left out of the epoch.

    Parameters
    ----------
    examples : what the network learns from
    size : the largest number of examples in a batch
    augment : changes payloads at random, and turns them into the input of the network
    seed : of the order and of the augmentation

    Attributes
    ----------
    random : the state of the generator before the order of this epoch was drawn
    """

    def __init__(self, examples: Examples, size: int, augment: Change, seed: int) -> None:
        super().__init__()
        self.examples = examples
        self.augment = augment
        self.size = min(size, len(examples), max(_SMALLEST_BATCH, len(examples) // _LEAST_BATCHES))
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.examples) // self.size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = self.order[index * self.size : (index + 1) * self.size]
        payload = self.augment(self.examples.payload[rows], self.rng)
        return payload, self.examples.labels[rows], self.examples.weights[rows]

    def on_epoch_end(self) -> None:
        """Shuffle. A batch holds texts of similar length, because shorter ones are padded."""
        self.random = self.rng.bit_generator.state
        self.order = self.rng.permutation(len(self.examples))
        sizes = getattr(self.examples.payload, "sizes", np.ones(1))
        if np.ptp(sizes):
            order = self.order[: len(self) * self.size]
            lengths = sizes[order] * self.rng.uniform(1, _LENGTH_NOISE, len(order))
            batches = order[np.argsort(lengths)].reshape(-1, self.size)  # (batches, size)
            self.order = self.rng.permutation(batches).ravel()

    def resume(self, random: dict) -> None:
        """Draw again the order of the epoch that began with the generator state `random`."""
        self.rng.bit_generator.state = random
        self.on_epoch_end()


class InOrder(keras.utils.PyDataset):
    """Examples in their own order and unchanged, to check a network."""

    def __init__(self, examples: Examples) -> None:
        super().__init__()
        self.examples = examples

    def __len__(self) -> int:
        return math.ceil(len(self.examples) / CHECKED)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = slice(index * CHECKED, (index + 1) * CHECKED)
        return self.examples.payload[part], self.examples.labels[part], self.examples.weights[part]


class Untuned(PyDatasetAdapter):
    """Batches that TensorFlow reads without tuning.

    The thread that tunes sleeps for longer and longer times. At the end of an epoch, TensorFlow
    2.21 often waits until this thread wakes: for 2.5 s in some of our epochs.
    """

    def get_tf_dataset(self) -> Any:
        """Keras calls this if TensorFlow is its backend."""
        import tensorflow as tf  # Keras has other backends too

        options = tf.data.Options()
        options.autotune.enabled = False
        return super().get_tf_dataset().with_options(options)
