"""Embeddings on which distances mean most: their principal components, whitened.

H. Jégou, O. Chum: Negative Evidences and Co-occurrences in Image Retrieval. ECCV 2012.
"""

from collections.abc import Sequence

import numpy as np

_DIMENSIONS = (
    64  # of what is kept; 128 measure the same, 32 a little worse (benchmarks/propagation.py)
)
_FLOOR = 0.1  # added to each variance, relative to their mean: noise must not grow to the size of the rest
_BLOCK = 8192  # rows at a time


def whiten(features: Sequence[np.ndarray], sample: int) -> np.ndarray:
    """The components with the largest variance, all on about one scale. Shape (n, at most 64), float32.

    Parameters
    ----------
    features : arrays of shape (rows, features), one a batch; may be memory-mapped
    sample : at most so many rows say which components these are
    """
    step = max(1, -(-sum(map(len, features)) // sample))
    some = np.concatenate([piece[::step] for piece in features])
    mean = some.mean(axis=0)
    _, singular, axes = np.linalg.svd(some - mean, full_matrices=False)
    variance = np.square(singular[:_DIMENSIONS]) / len(some)
    scale = np.sqrt(variance + _FLOOR * variance.mean() + np.finfo(np.float32).tiny)
    projection = (axes[:_DIMENSIONS].T / scale).astype(np.float32)
    blocks = (
        piece[begin : begin + _BLOCK]
        for piece in features
        for begin in range(0, len(piece), _BLOCK)
    )
    return np.concatenate([(block - mean) @ projection for block in blocks]).astype(np.float32)
