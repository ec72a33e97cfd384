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

Features = Sequence[np.ndarray]  # arrays of shape (rows, features), which may be memory-mapped

PENALTIES = tuple(10.0**exponent for exponent in np.arange(-6, 1.25, 0.5))
_DIRECTIONS = 256  # that are kept of the features' covariance
_TINY = 1e-12  # the least variance that a penalty is relative to: features may all be constant
_BLOCK = 8192  # rows that are worked on at a time
_CHOOSING_ROWS = 5_000  # the penalty is chosen on at most so many rows' leave-one-out losses


@dataclass
class LeaveOneOut:
    """A fitted ridge classifier with the leave-one-out scores of the rows it was fitted on.

    Attributes
    ----------
    scores : (n, classes) leave-one-out scores, about 0 to 1
    penalty : the chosen penalty, relative to the mean eigenvalue
    coef, intercept : (features, classes), (classes,): a row's score is row @ coef + intercept
    mean : (features,) of the rows
    directions, values : (features, directions), (directions,): the main eigenvectors of their covariance, times n
    whiten : (features, features), which makes leverage the squared length of a row less the mean
    """

    scores: np.ndarray
    penalty: float
    coef: np.ndarray
    intercept: np.ndarray
    mean: np.ndarray
    directions: np.ndarray
    values: np.ndarray
    whiten: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Scores of rows that were not fitted on. Shape (n, classes)."""
        return features @ self.coef + self.intercept

    def weights(self, asked: np.ndarray, features: Features) -> np.ndarray:
        """How much the label of each fitted row counts in the leave-one-out scores of other rows.

        Parameters
        ----------
        asked : (n, features)
        features : of the rows that were fitted on

        Returns
        -------
        np.ndarray
            Shape (n, fitted rows), up to the factor 1 / (1 - leverage), which all weights of a row share.
        """
        towards = (asked - self.mean) @ self.whiten @ self.whiten.T  # (n, features)
        counted = [towards @ (block - self.mean).T for _, block in rows_of(features)]
        return np.concatenate(counted, axis=1) + 1 / len(self.scores)


def fit(
    features: Features, labels: np.ndarray, n_classes: int, penalties: Sequence[float] = PENALTIES
) -> LeaveOneOut:
    """Fit one ridge classifier and read off what it would say of each row without that row.

    Parameters
    ----------
    features : one array a batch
    labels : np.ndarray of shape (n,), int
        Class 0..n_classes-1 of each row, over all batches in order.
    n_classes : int
    penalties : the one with the smallest leave-one-out squared error is taken
    """
    n = len(labels)
    mean, gram, cross, share = sums(features, labels, n_classes)
    values, vectors = np.linalg.eigh(gram)
    values, target = np.maximum(values, 0), vectors.T @ cross
    absolute = np.array(penalties) * max(float(values.sum()) / len(values), _TINY)
    step = max(1, -(-n // _CHOOSING_ROWS))
    losses = np.zeros(len(penalties))
    for _, block, onehot in blocks(features, labels, n_classes, step):
        rotated = (block - mean) @ vectors  # (block, features)
        squares = rotated**2
        for index, penalty in enumerate(absolute):
            fitted = rotated @ (target / (values + penalty)[:, None]) + share
            leverage = squares @ (1 / (values + penalty)) + 1 / n
            losses[index] += np.sum(((onehot - fitted) / _rest(leverage)[:, None]) ** 2)
    best = int(np.argmin(losses))
    coef = vectors @ (target / (values + absolute[best])[:, None])
    whiten = vectors / np.sqrt(
        values + absolute[best]
    )  # leverage is the squared length of a whitened row
    dtype = np.result_type(*features)
    scores = np.empty((n, n_classes), dtype)
    coef, whiten, mean = coef.astype(dtype), whiten.astype(dtype), mean.astype(dtype)
    for rows, block, onehot in blocks(features, labels, n_classes):
        centred = block - mean
        fitted = centred @ coef + share
        leverage = np.square(centred @ whiten).sum(axis=1) + 1 / n
        scores[rows] = onehot - (onehot - fitted) / _rest(leverage)[:, None]
    main = slice(-1, -_DIRECTIONS - 1, -1)  # eigh sorts upwards
    intercept = share - mean @ coef
    return LeaveOneOut(
        scores,
        float(penalties[best]),
        coef,
        intercept,
        mean,
        vectors[:, main],
        values[main],
        whiten,
    )


def solve(
    features: Features, labels: np.ndarray, n_classes: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """The plain ridge classifier for one penalty, without leave-one-out: coef and intercept, as in `LeaveOneOut`."""
    mean, gram, cross, share = sums(features, labels, n_classes)
    coef = cho_solve(factor(gram, penalty), cross)
    return coef, share - mean @ coef


def factor(gram: np.ndarray, penalty: float) -> tuple[np.ndarray, bool]:
    """The Cholesky factor (features, features) of the penalised sums, as `cho_solve` takes it."""
    strength = penalty * max(np.trace(gram) / len(gram), _TINY)
    return cho_factor(gram + strength * np.eye(len(gram)))


def sums(features: Features, labels: np.ndarray, n_classes: int) -> tuple[np.ndarray, ...]:
    """What ridge regression needs of labelled rows, in one pass over them.

    Returns
    -------
    mean : (features,)
    gram : (features, features) sums over rows of features less their mean, times themselves
    cross : (features, classes) the same, times labels one-hot
    share : (classes,) of the rows: the intercept for centred rows
    """
    n, width = len(labels), features[0].shape[1]
    shift = features[0][:_BLOCK].mean(
        axis=0
    )  # near the mean, so that float32 keeps the digits that matter
    total, counts = np.zeros(width), np.zeros(n_classes)
    gram, cross = np.zeros((width, width)), np.zeros((width, n_classes))
    for _, block, onehot in blocks(features, labels, n_classes):
        shifted = block - shift
        total += shifted.sum(axis=0, dtype=np.float64)
        gram += shifted.T @ shifted
        cross += shifted.T @ onehot.astype(block.dtype)
        counts += onehot.sum(axis=0)
    mean = total / n
    return shift + mean, gram - n * np.outer(mean, mean), cross - np.outer(mean, counts), counts / n


def _rest(leverage: np.ndarray) -> np.ndarray:
    """1 - leverage; a row that alone decides its own fit has a leverage of 1 up to rounding."""
    return np.maximum(1 - leverage, 1e-9)


def blocks(
    features: Features, labels: np.ndarray, n_classes: int, step: int = 1
) -> Iterator[tuple]:
    """Every `step`-th row in blocks: the slice of these rows over all batches, their features, and labels one-hot."""
    for rows, block in rows_of(features, step):
        yield rows, block, labels[rows, None] == np.arange(n_classes)


def rows_of(features: Features, step: int = 1) -> Iterator[tuple[slice, np.ndarray]]:
    """Every `step`-th row in blocks: the slice of these rows over all batches, and their features."""
    start = 0
    for array in features:
        for begin in range(-start % step, array.shape[0], _BLOCK * step):
            block = array[begin : begin + _BLOCK * step : step]
            rows = slice(start + begin, start + begin + (len(block) - 1) * step + 1, step)
            yield rows, block
        start += array.shape[0]
