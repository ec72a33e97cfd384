"""Exact leave-one-out predictions of ridge regression, at the cost of fitting one model.

One multi-output ridge classifier is fitted on one-hot labels. The fit itself gives the prediction
for a row that was left out: y - (y - f) / (1 - h). Here f is the fitted value and h the row's
leverage, from the diagonal of the hat matrix (Allen 1974; Golub, Heath and Wahba 1979; for
classification: Rifkin and Lippert 2007, Notes on Regularized Least Squares). Sums over rows are
added up block by block, so memory does not grow with the number of rows.

Features are centred, so the intercept is not penalised. A penalty is relative to the mean
eigenvalue of the features' covariance, so it means the same at every scale. With more features than
rows, everything is computed in the directions that the rows span, see `dual_form`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from assay.contract.sampling import step_for
from assay.measures import batch_features, dual_form
from assay.measures.batch_features import Features
from assay.measures.dual_form import Thin

PENALTIES = tuple(10.0**exponent for exponent in np.arange(-6, 1.25, 0.5))
_DIRECTIONS = 256  # main directions of the features that are kept, at most
_TINY = 1e-12  # least variance that a penalty is relative to: all features may be constant
_LEAST_REST = 1e-9  # of 1 - leverage: a row that alone decides its own fit has a leverage of 1
_CHOOSING_ROWS = 5_000  # the penalty is chosen on the losses of at most this many rows


@dataclass
class LeaveOneOut:
    """A fitted ridge classifier with the leave-one-out scores of the rows it was fitted on.

    Attributes
    ----------
    scores : (n, classes) leave-one-out scores, about 0 to 1
    penalty : the chosen penalty, relative to the mean eigenvalue
    coef, intercept : (features, classes), (classes,): a row's score is row @ coef + intercept
    mean : (features,) of the rows
    directions, values : (features, directions), (directions,): the main eigenvectors of the
        features' covariance, and its eigenvalues times n
    whiten : (features, features), or fewer columns if there are fewer rows. The leverage is 1 / n
        plus the squared length of (row - mean) @ whiten
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

    def weights(self, rows: np.ndarray, features: Features) -> np.ndarray:
        """The weight of each fitted row's label in the leave-one-out scores of other rows.

        Parameters
        ----------
        rows : (n, features)
        features : of the rows that were fitted on

        Returns
        -------
        np.ndarray
            Shape (n, fitted rows), without the factor 1 / (1 - leverage) that a row's weights share
        """
        towards = (rows - self.mean) @ self.whiten @ self.whiten.T  # (n, features)
        fitted = batch_features.rows_of(features)
        products = [towards @ (block - self.mean).T for _, block in fitted]
        return np.concatenate(products, axis=1) + 1 / len(self.scores)


def fit(
    features: Features,
    labels: np.ndarray,
    n_classes: int,
    penalties: Sequence[float] = PENALTIES,
    *,
    scale: float = 1.0,
) -> LeaveOneOut:
    """Fit one ridge classifier and predict each row as if it had not been seen.

    Parameters
    ----------
    features : one array for each batch
    labels : (n,) int, class 0..n_classes-1 of each row, over all batches in order
    penalties : the one with the smallest leave-one-out squared error is taken
    scale : `Thin.share` if the features are coordinates in a basis: a factor of penalties
    """
    if dual_form.is_wide(features):
        basis = dual_form.thin(features)
        thin = fit([basis.rows], labels, n_classes, penalties, scale=basis.share)
        return of_features(thin, basis)
    n = len(labels)
    least_rest = _LEAST_REST * scale  # with smaller penalties, leverages are nearer to 1
    mean, gram, cross, share = sums(features, labels, n_classes)
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0)
    target = vectors.T @ cross
    absolute = np.array(penalties) * scale * max(float(values.sum()) / len(values), _TINY)
    shrinkage = 1 / (values + absolute[:, None])  # (penalties, features)
    losses = np.zeros(len(penalties))
    step = step_for(n, _CHOOSING_ROWS)
    dtype = np.result_type(*(rows.dtype for rows in features))
    axes, middle = vectors.astype(dtype), mean.astype(dtype)
    for _, block, onehot in blocks(features, labels, n_classes, step):
        rotated = (block - middle) @ axes  # (block, features)
        squares = rotated**2
        for index, shrunk in enumerate(shrinkage):
            fitted = rotated @ (target * shrunk[:, None]).astype(dtype) + share
            leverage = squares @ shrunk.astype(dtype) + 1 / n
            losses[index] += np.sum(_residuals(onehot, fitted, leverage, least_rest) ** 2)
    best = int(np.argmin(losses))

    coef = (vectors @ (target / (values + absolute[best])[:, None])).astype(dtype)
    whiten = (vectors / np.sqrt(values + absolute[best])).astype(dtype)
    scores = np.empty((n, n_classes), dtype)
    for rows, block, onehot in blocks(features, labels, n_classes):
        centred = block - middle
        fitted = centred @ coef + share
        leverage = np.square(centred @ whiten).sum(axis=1) + 1 / n
        scores[rows] = onehot - _residuals(onehot, fitted, leverage, least_rest)
    main = slice(-1, -_DIRECTIONS - 1, -1)  # eigh sorts upwards
    return LeaveOneOut(
        scores=scores,
        penalty=float(penalties[best]),
        coef=coef,
        intercept=share - middle @ coef,
        mean=middle,
        directions=vectors[:, main],
        values=values[main],
        whiten=whiten,
    )


def of_features(model: LeaveOneOut, basis: Thin) -> LeaveOneOut:
    """Convert a model of coordinates in a basis to a model of features."""
    dtype = basis.axes.dtype
    coef = basis.axes @ model.coef
    return replace(
        model,
        scores=model.scores.astype(dtype),
        coef=coef.astype(dtype),
        intercept=model.intercept - basis.mean @ coef,
        mean=(basis.mean + basis.axes @ model.mean).astype(dtype),
        directions=basis.axes @ model.directions,
        whiten=basis.axes @ model.whiten.astype(dtype),
    )


def _residuals(
    onehot: np.ndarray, fitted: np.ndarray, leverage: np.ndarray, least_rest: float
) -> np.ndarray:
    """Leave-one-out residuals (n, classes) of rows with fitted values and leverages (n,)."""
    return (onehot - fitted) / np.maximum(1 - leverage, least_rest)[:, None]


def solve(
    features: Features, labels: np.ndarray, n_classes: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the ridge classifier of one penalty, without leave-one-out scores.

    Returns
    -------
    coef, intercept : as in `LeaveOneOut`
    """
    if dual_form.is_wide(features):
        basis = dual_form.thin(features)
        coef, intercept = solve([basis.rows], labels, n_classes, penalty * basis.share)
        coef = basis.axes @ coef
        return coef, intercept - basis.mean @ coef
    mean, gram, cross, share = sums(features, labels, n_classes)
    coef = cho_solve(factor(gram, penalty), cross)
    return coef, share - mean @ coef


def factor(gram: np.ndarray, penalty: float) -> tuple[np.ndarray, bool]:
    """The Cholesky factor (features, features) of the penalised sums, for `cho_solve`."""
    added = strength(penalty, gram)
    try:
        return cho_factor(gram + added * np.eye(len(gram)))
    except LinAlgError:  # float32 sums can have eigenvalues below 0; `fit` clips them too
        values, vectors = eigh(gram)
        return cho_factor((vectors * (np.maximum(values, 0) + added)) @ vectors.T)


def strength(penalty: float, gram: np.ndarray) -> float:
    """The absolute value of a penalty that is relative to the mean eigenvalue of `gram`."""
    return penalty * max(np.trace(gram) / len(gram), _TINY)


def sums(
    features: Features, labels: np.ndarray, n_classes: int, dtype: DTypeLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The sums over labelled rows that ridge regression needs, in one pass.

    Parameters
    ----------
    dtype : of the products; None: the dtype of the features

    Returns
    -------
    mean : (features,)
    gram : (features, features) products of centred features with each other
    cross : (features, classes) products of centred features with one-hot labels
    share : (classes,) of the rows: the intercept for centred rows
    """
    n, width = len(labels), features[0].shape[1]
    _, first_block = next(batch_features.rows_of(features))
    shift = first_block.mean(axis=0)  # near the mean, so that float32 keeps enough digits
    shift = shift if dtype is None else shift.astype(dtype)
    total, counts = np.zeros(width), np.zeros(n_classes)
    gram, cross = np.zeros((width, width)), np.zeros((width, n_classes))
    for _, block, onehot in blocks(features, labels, n_classes):
        shifted = block - shift
        total += shifted.sum(axis=0, dtype=np.float64)
        gram += shifted.T @ shifted
        cross += shifted.T @ onehot.astype(block.dtype)
        counts += onehot.sum(axis=0)
    mean = total / n
    gram -= n * np.outer(mean, mean)  # from sums around the shift to sums around the mean
    cross -= np.outer(mean, counts)
    return shift + mean, gram, cross, counts / n


def blocks(
    features: Features, labels: np.ndarray, n_classes: int, step: int = 1
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """As `batch_features.rows_of`, with the one-hot labels (block, classes) of each block."""
    for rows, block in batch_features.rows_of(features, step):
        yield rows, block, labels[rows, None] == np.arange(n_classes)
