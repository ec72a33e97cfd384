"""Products of main directions as more features, so that ridge regression learns interactions.

A linear classifier adds up what each column says. It cannot learn that one column changes the
meaning of another. With squares and products of pairs, it can. They are a polynomial of degree two
of the principal components. No label is used here, so leave-one-out predictions stay exact.
"""

from dataclasses import dataclass
from math import isqrt

import numpy as np

from assay.catalogue.catalogue import Rows
from assay.measures.leave_one_out import LeaveOneOut

_MOST = 820  # products, those of 40 directions
_ROWS = 10  # at least this many rows for each product
_WORK = 5 * 10**10  # rows times the square of all features and classes, at most
_LEAST = 1e-3  # least standard deviation of a direction, relative to the largest


@dataclass
class Crossing:
    """The directions whose products are features.

    Attributes
    ----------
    mean : (features,)
    directions : (features, k), half whitened: small directions count less, but are not lost
    """

    mean: np.ndarray
    directions: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Rows (n, features), and k (k + 1) / 2 products after them."""
        along = (features - self.mean) @ self.directions
        first, second = np.triu_indices(along.shape[1])
        products = (along[:, first] * along[:, second]).astype(features.dtype)
        return np.concatenate([features, products], axis=1)


class CrossedRows(Rows):
    """Some rows of an array on disk with their products, computed when a slice is read."""

    def __init__(self, rows: Rows, crossing: Crossing) -> None:
        super().__init__(rows.array, rows.chosen)
        self.crossing = crossing
        self.shape = (len(rows), crossing(rows[:0]).shape[1])

    def __getitem__(self, part: slice | np.ndarray) -> np.ndarray:
        return self.crossing(super().__getitem__(part))


def fit(model: LeaveOneOut) -> Crossing:
    """Choose as many directions as the number of rows and the time allow, possibly none.

    Parameters
    ----------
    model : the ridge classifier of the same rows, for their mean and main directions
    """
    n, n_classes = model.scores.shape
    width = len(model.mean)
    most = min(_MOST, n // _ROWS, isqrt(_WORK // n) - width - n_classes)
    # the largest k whose k (k + 1) / 2 products are at most `most`
    k = (isqrt(8 * max(most, 0) + 1) - 1) // 2
    spread = np.sqrt(model.values[:k] / n)
    kept = spread > _LEAST * spread[:1]  # [:1], since there may be no direction
    typical = np.sqrt(model.values.sum() / n / width)  # standard deviation of a feature
    scale = np.sqrt(typical / (spread[kept] * spread[:1]))
    return Crossing(model.mean, model.directions[:, :k][:, kept] * scale)
