"""Out-of-sample at the price of one fit: exact leave-one-out predictions of ridge regression in closed form.

One multi-output ridge classifier is fitted on one-hot labels. What it would have predicted for a row had it not seen
that row follows from the fit itself: y - (y - f) / (1 - h), where h is the row's leverage, the diagonal of the hat
matrix (Allen 1974; Golub, Heath and Wahba 1979; for classification: Rifkin and Lippert 2007, Notes on Regularized
Least Squares). All that spans batches are sums over rows, so memory does not grow with their number.

Features enter centred, so the intercept is not penalised. A penalty is given relative to the mean eigenvalue of the
features' covariance, so it means the same at every scale.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from assay import calibration
from assay.calibration import Calibration

PENALTIES = tuple(10.0**exponent for exponent in np.arange(-6, 1.25, 0.5))
_TEMPERATURE = 0.1  # of scores around 0 and 1, typically
_BLOCK = 8192  # rows that are worked on at a time
_CHOOSING_ROWS = 20_000  # the penalty and the temperature are chosen on at most so many rows' leave-one-out losses


@dataclass
class LeaveOneOut:
    """A fitted ridge classifier with the leave-one-out scores of the rows it was fitted on.

    Attributes
    ----------
    scores : (n, classes) leave-one-out scores, about 0 to 1
    penalty : the chosen penalty, relative to the mean eigenvalue
    calibration : of the scores, by the same leave-one-out predictions
    coef, intercept : (features, classes), (classes,): a row's score is row @ coef + intercept
    """

    scores: np.ndarray
    penalty: float
    calibration: Calibration
    coef: np.ndarray
    intercept: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Scores of rows that were not fitted on. Shape (n, classes)."""
        return features @ self.coef + self.intercept


@dataclass
class Moments:
    """Sums over rows less a shift, additive over batches with the same shift."""

    n: int
    shift: np.ndarray  # (features,)
    sum: np.ndarray  # (features,)
    gram: np.ndarray  # (features, features)
    cross: np.ndarray  # (features, classes): features times one-hot labels
    counts: np.ndarray  # (classes,)


def fit(
    features: Sequence[np.ndarray], labels: np.ndarray, n_classes: int, penalties: Sequence[float] = PENALTIES
) -> LeaveOneOut:
    """Fit one ridge classifier and read off what it would say of each row without that row.

    Parameters
    ----------
    features : arrays of shape (rows, features), one a batch; may be memory-mapped
    labels : np.ndarray of shape (n,), int
        Class 0..n_classes-1 of each row, over all batches in order.
    n_classes : int
    penalties : the one with the smallest leave-one-out squared error is taken
    """
    moments = sums(features, labels, n_classes)
    values, vectors, mean, target = _decompose(moments)
    scale = max(float(values.sum()) / len(values), 1e-12)
    absolute = np.array(penalties) * scale
    share = moments.counts / moments.n  # (classes,) the intercept for centred rows
    step = max(1, -(-moments.n // _CHOOSING_ROWS))
    losses = np.zeros(len(penalties))
    for rows, block in _blocks(features, step):
        onehot = labels[rows, None] == np.arange(n_classes)
        rotated = (block - mean) @ vectors  # (block, features)
        squares = rotated**2
        for index, penalty in enumerate(absolute):
            fitted = rotated @ (target / (values + penalty)[:, None]) + share
            leverage = squares @ (1 / (values + penalty)) + 1 / moments.n
            losses[index] += np.sum(((onehot - fitted) / _rest(leverage)[:, None]) ** 2)
    best = int(np.argmin(losses))
    coef = vectors @ (target / (values + absolute[best])[:, None])
    whiten = vectors / np.sqrt(values + absolute[best])  # leverage is the squared length of a whitened row
    dtype = np.result_type(*features)
    scores = np.empty((moments.n, n_classes), dtype)
    coef, whiten, mean = coef.astype(dtype), whiten.astype(dtype), mean.astype(dtype)
    for rows, block in _blocks(features):
        onehot = labels[rows, None] == np.arange(n_classes)
        centred = block - mean
        fitted = centred @ coef + share
        leverage = np.square(centred @ whiten).sum(axis=1) + 1 / moments.n
        scores[rows] = onehot - (onehot - fitted) / _rest(leverage)[:, None]
    return LeaveOneOut(
        scores,
        float(penalties[best]),
        calibration.fit(scores[::step], labels[::step], _TEMPERATURE),
        coef,
        share - mean @ coef,
    )


def solve(
    features: Sequence[np.ndarray], labels: np.ndarray, n_classes: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """The plain ridge classifier for one penalty, without leave-one-out: coef and intercept, as in `LeaveOneOut`."""
    moments = sums(features, labels, n_classes)
    mean = moments.sum / moments.n
    gram = moments.gram - moments.n * np.outer(mean, mean)
    gram[np.diag_indices_from(gram)] += penalty * max(np.trace(gram) / len(gram), 1e-12)
    coef = cho_solve(cho_factor(gram), moments.cross - np.outer(mean, moments.counts))
    return coef, moments.counts / moments.n - (moments.shift + mean) @ coef


def sums(features: Sequence[np.ndarray], labels: np.ndarray, n_classes: int) -> Moments:
    """The moments of labelled rows; those of two batches add up."""
    width = features[0].shape[1]
    shift = features[0][:_BLOCK].mean(axis=0)  # near the mean, so that float32 keeps the digits that matter
    total = Moments(
        0, shift, np.zeros(width), np.zeros((width, width)), np.zeros((width, n_classes)), np.zeros(n_classes)
    )
    for rows, block in _blocks(features):
        onehot = (labels[rows, None] == np.arange(n_classes)).astype(block.dtype)
        shifted = block - shift
        total.n += len(block)
        total.sum += shifted.sum(axis=0, dtype=np.float64)
        total.gram += shifted.T @ shifted
        total.cross += shifted.T @ onehot
        total.counts += onehot.sum(axis=0)
    return total


def _decompose(moments: Moments) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of the centred Gram matrix, the mean, and the centred cross moments in that basis."""
    mean = moments.sum / moments.n
    centred = moments.gram - moments.n * np.outer(mean, mean)
    values, vectors = np.linalg.eigh(centred)
    target = vectors.T @ (moments.cross - np.outer(mean, moments.counts))
    return np.maximum(values, 0), vectors, moments.shift + mean, target


def _rest(leverage: np.ndarray) -> np.ndarray:
    """1 - leverage; a row that alone decides its own fit has a leverage of 1 up to rounding."""
    return np.maximum(1 - leverage, 1e-9)


def _blocks(features: Sequence[np.ndarray], step: int = 1) -> Iterator[tuple[slice, np.ndarray]]:
    """Every `step`-th row in blocks, each with the slice of its rows over all batches."""
    start = 0
    for array in features:
        first = -start % step
        for begin in range(first, len(array), _BLOCK * step):
            block = array[begin : begin + _BLOCK * step : step]
            rows = slice(start + begin, start + begin + (len(block) - 1) * step + 1, step)
            yield rows, block
        start += len(array)
