"""Label propagation: what a few labels say of all other examples, along chains of near neighbours.

D. Zhou, O. Bousquet, T. Lal, J. Weston, B. Schölkopf: Learning with Local and Global Consistency. NIPS 2003.
The graph's weights have a local scale: L. Zelnik-Manor, P. Perona: Self-Tuning Spectral Clustering. NIPS 2004.
A network then learns from the propagated labels, by their certainty: A. Iscen, G. Tolias, Y. Avrithis, O. Chum: Label
Propagation for Deep Semi-supervised Learning. CVPR 2019.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from assay.annotation import whitening

_NEIGHBOURS = 7  # the one whose distance is the local scale in Zelnik-Manor and Perona
_SPREAD = 0.99  # the share that comes from neighbours in each step (Zhou et al.)
_STEPS = 50
_SHARPNESS = 3  # the power of shares that makes them probabilities, measured on MNIST with 1 to 50 labels a class
_WHITENED_BY = 1024  # rows
_TINY = np.float32(1e-30)


def propagate(
    features: Sequence[np.ndarray], labels: np.ndarray, weights: np.ndarray, n_classes: int
) -> np.ndarray:
    """Probabilities of each example's class, (n, classes) float32. The time grows with the square of n.

    Parameters
    ----------
    features : arrays of shape (rows, features), one a batch; may be memory-mapped
    labels : (n,) int, class 0..n_classes-1 of each row, over all batches in order, or -1 where it has none
    weights : (n,) 0..1, how far each label is trusted
    """
    points = whitening.whiten(features, _WHITENED_BY)
    affinity = graph(*nearest(points, min(_NEIGHBOURS, len(points) - 1)))
    labelled = np.flatnonzero(labels >= 0)
    start = np.zeros((len(labels), n_classes), np.float32)
    start[labelled, labels[labelled]] = weights[labelled]
    start /= np.maximum(
        start.sum(axis=0), _TINY
    )  # all classes weigh the same, however many labels each has
    spread = start
    for _ in range(_STEPS):
        spread = _SPREAD * (affinity @ spread) + (1 - _SPREAD) * start
    shares = (spread + _TINY) / (spread + _TINY).sum(
        axis=1, keepdims=True
    )  # all alike where no label arrives
    sharp = shares**_SHARPNESS
    return sharp / sharp.sum(axis=1, keepdims=True)


def nearest(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other points of each of `points` (n, dimensions), and how far they are, nearest first: (n, count)."""
    distances, neighbours = (
        NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points).kneighbors()
    )
    return neighbours, distances


def graph(neighbours: np.ndarray, distances: np.ndarray) -> sparse.csr_array:
    """Symmetric affinities, normalised by both ends' degrees, of nearest neighbours and their distances."""
    n, count = neighbours.shape
    scale = distances[:, -1] + _TINY
    weights = np.exp(-(distances**2) / np.maximum(scale[:, None] * scale[neighbours], _TINY))
    edges = (weights.ravel(), (np.repeat(np.arange(n), count), neighbours.ravel()))
    affinity = sparse.csr_array(edges, shape=(n, n))
    affinity = affinity.maximum(affinity.T)
    degree = sparse.diags_array(1 / np.sqrt(np.maximum(affinity.sum(axis=1), _TINY)))
    return (degree @ affinity @ degree).tocsr().astype(np.float32)
