"""Whether `clean` trains a network to judge labels, and how. It imports no TensorFlow."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

# What `auto` was measured on: small images, thousands of them, with many wrong labels.
_LEAST_EXAMPLES = 5_000
_LEAST_WRONG = 0.05  # share of labels; below it there is little to find, and the time is not spent
_MOST_NUMBERS = 64 * 64 * 3  # in an image: training on larger ones would take long
_MOST_BYTES = 2**29  # of all images, which are in memory at once

# Constants: if clean depended on train's parameters, changing these would rerun clean.


@dataclass(frozen=True)
class Recipe:
    """How the network is trained. `views` are random changes of an example, which its prediction
    is averaged over, beside the example as it is.
    """

    folds: int
    epochs: int
    views: int
    batch_size: int = 64
    learning_rate: float = 0.006


def choose(
    folds: Literal["auto"] | int, modality: str, shape: list[int], quality: np.ndarray
) -> Recipe | None:
    """The network for `clean.folds`, or None for no network.

    Parameters
    ----------
    folds : of the parameters; `auto` chooses a short training for small images with many errors
    modality, shape : of a payload
    quality : (learned,) the probability of each label, by the classifiers without a network
    """
    if folds == "auto":
        return _SHORT if _pays(modality, shape, quality) else None
    return Recipe(folds, epochs=12, views=4) if folds else None


_SHORT = Recipe(folds=2, epochs=4, views=1)


def _pays(modality: str, shape: list[int], quality: np.ndarray) -> bool:
    """Whether a short training finds more than it costs."""
    numbers = int(np.prod(shape))
    is_small = numbers <= _MOST_NUMBERS and numbers * len(quality) <= _MOST_BYTES
    are_many = len(quality) >= _LEAST_EXAMPLES
    return modality == "image" and is_small and are_many and 1 - quality.mean() >= _LEAST_WRONG
