"""Near-duplicates and outliers, from the distances of each example to its nearest neighbours.

Between the nearest neighbours of an example, distances follow a law: given the distance s of the k-th, those of the
others, taken as (d / s) ** dimension, are uniform on 0 to 1 (the ground of the estimator of Levina and Bickel 2004,
Maximum Likelihood Estimation of Intrinsic Dimension). A copy breaks it: it is nearer than chance allows.
"""

from dataclasses import dataclass

import numpy as np

_NEIGHBOURS = 10
_CHANCE = 1e-4  # that the nearest of the neighbours is taken for a copy though it is none
_CROWDED = 0.01  # below this quantile of all k-th distances, neighbours are copies themselves
_CELL, _PROBES = (
    500,
    16,
)  # rows in a cell, on average; cells that are searched for the neighbours of its rows


@dataclass
class Neighbours:
    """The nearest neighbours of n rows, nearest first.

    Attributes
    ----------
    distances : (n, k) float32
    rows : (n, k) int, which rows these are
    """

    distances: np.ndarray
    rows: np.ndarray


def nearest(rows: np.ndarray, k: int = _NEIGHBOURS) -> Neighbours:
    """Find the k nearest neighbours of every row, itself not counted, by Euclidean distance.

    Rows are sorted into cells around rows drawn at random, and searched for in the cells nearest to their own: exact
    up to 8,000 rows, above that nearly so, at a cost in proportion to n (inverted file: Sivic and Zisserman 2003;
    Jégou, Douze and Schmid 2011).

    Parameters
    ----------
    rows : (n, features) float32
    k : lowered to n - 1 where there are fewer others
    """
    n, k = len(rows), min(k, len(rows) - 1)
    centred = rows - rows.mean(axis=0)
    squares = np.square(centred).sum(axis=1)
    centres = np.sort(np.random.default_rng(0).choice(n, max(1, n // _CELL), replace=False))
    blocks = range(0, n, _CELL)
    cell = np.concatenate(
        [_squared(centred, squares, slice(b, b + _CELL), centres).argmin(axis=1) for b in blocks]
    )
    members = np.split(
        np.argsort(cell, kind="stable"), np.searchsorted(np.sort(cell), np.arange(1, len(centres)))
    )
    probes = np.argsort(_squared(centred, squares, centres, centres), axis=1, kind="stable")[
        :, :_PROBES
    ]
    found = Neighbours(np.full((n, k), np.inf, np.float32), np.zeros((n, k), int))
    for own, probed in zip(members, probes, strict=True):
        others = np.sort(np.concatenate([members[each] for each in probed]))
        for part in np.array_split(own, -(-len(own) // (2 * _CELL))) if len(own) else ():
            distances = _squared(centred, squares, part, others)
            distances[np.arange(len(part)), np.searchsorted(others, part)] = np.inf
            few = np.argpartition(distances, min(k, len(others)) - 1, axis=1)[:, :k]
            few = np.take_along_axis(
                few, np.argsort(np.take_along_axis(distances, few, 1), 1, kind="stable"), 1
            )
            width = few.shape[1]
            found.distances[part, :width] = np.sqrt(
                np.take_along_axis(distances, few, axis=1).clip(0)
            )
            found.rows[part, :width] = others[few]
    return found


def _squared(
    rows: np.ndarray, squares: np.ndarray, some: np.ndarray | slice, others: np.ndarray
) -> np.ndarray:
    """Squared distances between some rows and others."""
    return squares[some, None] + squares[others] - 2 * (rows[some] @ rows[others].T)


def copies(found: Neighbours) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of near-duplicates: rows i < j, and their distance as a share of that to their k-th neighbours.

    None among ten rows or fewer. The dimension is the median of the rows' estimates, which few copies do not move.
    """
    distances, k = found.distances.astype(np.float64), found.distances.shape[1]
    if k < _NEIGHBOURS:  # too few to know what is usual
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    scale = distances[:, -1]
    scale = np.maximum(scale, np.quantile(scale, _CROWDED))
    logs = np.log(np.maximum(distances[:, :-1], 1e-12) / np.maximum(scale[:, None], 1e-12))
    dimension = -1 / min(np.median(logs.mean(axis=1)), -1e-3)
    limit = (_CHANCE / (k - 1)) ** (1 / dimension)
    first, second = np.repeat(np.arange(len(distances)), k), found.rows.ravel()
    share = distances.ravel() / np.maximum(np.minimum(scale[first], scale[second]), 1e-12)
    close = np.flatnonzero(share < limit)
    first, second, share = first[close], second[close], share[close]
    pairs, at = np.unique(
        np.stack([np.minimum(first, second), np.maximum(first, second)]), axis=1, return_index=True
    )
    return *pairs, share[at]
