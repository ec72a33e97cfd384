"""Whether `clean` trains a network to judge labels, and how. It imports no TensorFlow."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assay.modalities import images

# What `auto` was measured on: small images, thousands of them, with many wrong labels.
_LEAST_EXAMPLES = 5_000
_MOST_NUMBERS = 64 * 64 * 3  # in an image: training on larger ones would take long
_MOST_BYTES = 2**29  # of all images, which are in memory at once


@dataclass(frozen=True)
class Recipe:
    """How networks are trained. With the parameters of train, a change of them would rerun clean.

    `views` is the number of random changes of an example. Its prediction is the mean over these and
    the example itself. `least_wrong` is the share of labels that must seem wrong. With fewer, there
    is little to find, and no network is trained.
    """

    folds: int
    epochs: int
    views: int
    least_wrong: float = 0.0
    batch_size: int = 64
    learning_rate: float = 0.006


_SHORT = Recipe(folds=2, epochs=4, views=0, least_wrong=0.05)
_LONG = Recipe(folds=0, epochs=13, views=2)  # `choose` sets the number of folds
# for colour images; few epochs need a high learning rate
_SHORT_IN_COLOUR = replace(_SHORT, views=1, learning_rate=0.02)
_LONG_IN_COLOUR = replace(_LONG, learning_rate=0.01)


def choose(
    folds: Literal["auto"] | int, modality: str, shape: list[int], n_learned: int
) -> Recipe | None:
    """The networks for `clean.folds`, or None for no network.

    Parameters
    ----------
    folds : of the parameters; `auto` chooses a short training if there are thousands of small
        images
    modality, shape : of a payload
    n_learned : number of labels to learn from
    """
    if not folds:
        return None
    is_image = modality == "image"
    in_colour = is_image and shape[2] == images.COLOUR
    if folds == "auto":
        numbers = int(np.prod(shape))
        is_small = numbers <= _MOST_NUMBERS and numbers * n_learned <= _MOST_BYTES
        pays = is_image and is_small and n_learned >= _LEAST_EXAMPLES
        short = _SHORT_IN_COLOUR if in_colour else _SHORT
        return short if pays else None
    return replace(_LONG_IN_COLOUR if in_colour else _LONG, folds=folds)
