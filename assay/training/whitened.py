"""A network for colour images whose first filters are computed, not learned. It needs few epochs.

The first convolution whitens: its filters are the main directions of patches of the images, each
divided by the standard deviation of the patches in that direction, and the negatives of these. The
convolutions after it are those of `networks`. The classifier takes the highest value of each
feature in the image, not the average.

K. Jordan: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU. 2024.
"""

import keras
import numpy as np
from sklearn.feature_extraction.image import PatchExtractor

from assay.training import networks

_SIDE = 5  # pixels of a filter
_DIRECTIONS = 24  # there are twice as many filters
_FLOOR = 5e-4  # added to the variance in each direction, for pixel values 0..1
_IMAGES, _PATCHES = 5_000, 20  # so many images, and patches of each, give the directions
_SEED = 0


def sampled(images: np.ndarray) -> np.ndarray:
    """Some of the images (n, ...) at random, or all if they are few: enough for `classifier`."""
    rng = np.random.default_rng(_SEED)
    return images[rng.permutation(len(images))[:_IMAGES]]


def classifier(images: np.ndarray, n_classes: int) -> keras.Model:
    """A network from images (n, height, width, channels), uint8, to logits (n, classes).

    Parameters
    ----------
    images : from `sampled`, at least one; their patches give the first filters, which training
        does not change
    """
    encoder = networks.encoder(images.shape[1:], first_filters=_whitening(images))
    return networks.classifier(encoder, n_classes, networks.highest)


def _whitening(images: np.ndarray) -> np.ndarray:
    """Filters, and their negatives. Shape (side, side, channels, filters)."""
    size = tuple(min(_SIDE, side) for side in images.shape[1:3])
    extractor = PatchExtractor(patch_size=size, max_patches=_PATCHES, random_state=_SEED)
    patches = extractor.transform(images)  # (patches, side, side, channels)
    rows = patches.reshape(len(patches), -1) / 255  # (patches, values)
    variances, directions = np.linalg.eigh(np.cov(rows, rowvar=False))  # ascending
    main = slice(-_DIRECTIONS, None)
    filters = directions[:, main] / np.sqrt(variances[main] + _FLOOR)  # (values, directions)
    both = np.concatenate([filters, -filters], axis=1)
    return both.reshape(*patches.shape[1:], -1)
