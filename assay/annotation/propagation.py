"""Label propagation: a few labels spread to all examples, along chains of near neighbours.

D. Zhou, O. Bousquet, T. Lal, J. Weston, B. Schölkopf: Learning with Local and Global Consistency.
NIPS 2003. The weights of the graph have a local scale: L. Zelnik-Manor, P. Perona: Self-Tuning
Spectral Clustering. NIPS 2004. A network then learns from the propagated labels, weighted by their
certainty: A. Iscen, G. Tolias, Y. Avrithis, O. Chum: Label Propagation for Deep Semi-supervised
Learning. CVPR 2019.

All classes get the same total weight in the graph. Their shares are then multiplied by how frequent
the classes are (Bayes' rule). The labels may be no random sample, so classes count as equally
frequent as far as the labels allow it.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.special import log_softmax
from sklearn.neighbors import NearestNeighbors

from assay.annotation import whitening
from assay.catalogue.catalogue import Rows
from assay.measures import intervals

_NEIGHBOURS = 7  # the distance of the last is the local scale (Zelnik-Manor and Perona)
_SPREAD = 0.99  # the share that comes from neighbours in each step (Zhou et al.)
_STEPS = 50
# The power that turns shares into probabilities. It is chosen on labels that are left out. With few
# labels, it stays near the power that was good on MNIST, with 1 to 50 labels for each class.
_USUAL_POWER = 3.0
_POWERS = _USUAL_POWER * np.geomspace(1 / 10, 10, 41)
_POWER_SPREAD = 0.35  # standard deviation of the logarithm of the power, before any label is seen
_FOLDS = 10
_SEED = 0
_WHITENED_BY = 1024  # rows that the whitening is estimated from
_LEVEL = 0.95  # of the interval of a class's frequency
_TINY = np.float32(1e-30)


def propagate(
    features: Sequence[np.ndarray | Rows], labels: np.ndarray, weights: np.ndarray, n_classes: int
) -> np.ndarray:
    """Probabilities of each example's class. The time grows with the square of n.

    Parameters
    ----------
    features : arrays of shape (rows, features), one for each batch
    labels : (n,) int, class 0..n_classes-1 of each row, over all batches in order; -1 for no label
    weights : (n,) 0..1, how far each label is trusted

    Returns
    -------
    np.ndarray of shape (n, classes), float32
    """
    points = whitening.whiten(features, _WHITENED_BY)
    affinity = graph(*nearest_exactly(points, min(_NEIGHBOURS, len(points) - 1)))
    labelled = np.flatnonzero(labels >= 0)
    start = np.zeros((len(labels), n_classes), np.float32)
    start[labelled, labels[labelled]] = weights[labelled]
    prior = _prior(np.bincount(labels[labelled], minlength=n_classes))
    power = _power(affinity, start, labelled, prior)
    shares = _shares(affinity, start)
    sharp = (shares / shares.max(axis=1, keepdims=True)) ** np.float32(power)
    probable = sharp * prior
    return probable / probable.sum(axis=1, keepdims=True)


def _prior(counts: np.ndarray) -> np.ndarray:
    """How frequent each class is, relative to the most frequent one: (classes,) float32, 0..1.

    The interval of a class comes from its number of labels. If equal frequency is within it, the
    class has this frequency. Else it has that of the nearer end.

    Parameters
    ----------
    counts : (classes,) int, the number of labels
    """
    low, high = intervals.wilson(counts, max(counts.sum(), 1), _LEVEL)
    frequency = np.clip(1 / len(counts), low, high)
    return (frequency / frequency.max()).astype(np.float32)


def _shares(affinity: sparse.csr_array, start: np.ndarray) -> np.ndarray:
    """The share of each class (n, classes) that arrives from labels of weights (n, classes)."""
    # All classes get the same total weight, whatever their number of labels.
    start = start / np.maximum(start.sum(axis=0), _TINY)
    spread = start
    for _ in range(_STEPS):
        spread = _SPREAD * (affinity @ spread) + (1 - _SPREAD) * start
    positive = spread + _TINY  # makes classes equally probable where no label arrives
    return positive / positive.sum(axis=1, keepdims=True)


def _power(
    affinity: sparse.csr_array, start: np.ndarray, labelled: np.ndarray, prior: np.ndarray
) -> float:
    """The power that best predicts labels that are left out, a tenth of them at a time.

    A left-out label does not count if its class has no other label.

    Parameters
    ----------
    affinity : (n, n)
    start : (n, classes), the weight of each label, 0 elsewhere
    labelled : the rows that have a label
    prior : (classes,) from `_prior`
    """
    losses = np.log(_POWERS / _USUAL_POWER) ** 2 / (2 * _POWER_SPREAD**2)  # (powers,)
    fold = np.random.default_rng(_SEED).permutation(len(labelled)) % _FOLDS
    log_prior = np.log(prior.astype(float))
    for left_out in range(min(_FOLDS, len(labelled))):
        out = labelled[fold == left_out]
        others = start.copy()
        others[out] = 0
        weights = np.where(others.any(axis=0), start[out], 0)  # (out, classes)
        if weights.any():
            log_shares = np.log(_shares(affinity, others)[out].astype(float))  # (out, classes)
            log_odds = (p * log_shares + log_prior for p in _POWERS)  # (out, classes) each
            losses += [-np.sum(weights * log_softmax(odds, axis=1)) for odds in log_odds]
    return float(_POWERS[np.argmin(losses)])


def nearest_exactly(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other points of each point (n, dimensions), nearest first.

    Returns
    -------
    Their distances and their positions, both (n, count).
    """
    return NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points).kneighbors()


def graph(distances: np.ndarray, neighbours: np.ndarray) -> sparse.csr_array:
    """Symmetric affinities (n, n) of nearest neighbours, normalised by the degrees of both ends."""
    n, count = neighbours.shape
    scale = distances[:, -1] + _TINY
    product = np.maximum(scale[:, None] * scale[neighbours], _TINY)
    weights = np.exp(-(distances**2) / product)  # (n, count)
    edges = (weights.ravel(), (np.repeat(np.arange(n), count), neighbours.ravel()))
    directed = sparse.csr_array(edges, shape=(n, n))
    affinity = directed.maximum(directed.T)
    degrees = np.maximum(affinity.sum(axis=1), _TINY)  # (n,)
    scaling = sparse.diags_array(1 / np.sqrt(degrees))
    return (scaling @ affinity @ scaling).tocsr().astype(np.float32)
