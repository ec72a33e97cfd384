"""Ridge regression with more features than rows, in the few directions that the rows span.

The coordinates of the rows in these directions have the same inner products as the rows. So ridge
regression on the coordinates gives the same predictions as on the features: the dual form
(Saunders, Gammerman and Vovk 1998, Ridge Regression Learning Algorithm in Dual Variables).
"""

from dataclasses import dataclass

import numpy as np

from assay.measures.batch_features import Features

_BLOCK = 8192  # features converted to float64 at a time
_TINY = 1e-12  # least variance of a direction


@dataclass
class Thin:
    """Rows in the directions that they span, fewer than their features.

    Attributes
    ----------
    rows : (n, directions) float64, the coordinates of the rows minus `mean`
    axes : (features, directions) of length 1, orthogonal
    mean : (features,) float64
    share : directions / features. A penalty is relative to the mean eigenvalue over features. Times
        `share`, it is relative to the mean eigenvalue over directions
    """

    rows: np.ndarray
    axes: np.ndarray
    mean: np.ndarray
    share: float


def is_wide(features: Features) -> bool:
    """Whether there are more features than rows, so that the dual form costs less."""
    return features[0].shape[1] > sum(array.shape[0] for array in features)


def thin(features: Features) -> Thin:
    """The directions that rows span, from the inner products of the rows, (n, n).

    Directions in which rows differ by no more than rounding are left out.
    """
    rows = np.concatenate([batch[:] for batch in features])  # (n, features)
    n, width = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64)
    rows -= mean.astype(rows.dtype)
    products = np.zeros((n, n))
    for start in range(0, width, _BLOCK):
        part = rows[:, start : start + _BLOCK].astype(np.float64)
        products += part @ part.T
    values, vectors = np.linalg.eigh(products)
    kept = values > max(values[-1] * n * np.finfo(np.float64).eps, _TINY)
    kept[-1] = True
    lengths = np.sqrt(np.maximum(values[kept], _TINY))
    axes = rows.T @ (vectors[:, kept] / lengths).astype(rows.dtype)
    return Thin(vectors[:, kept] * lengths, axes, mean, kept.sum() / width)
