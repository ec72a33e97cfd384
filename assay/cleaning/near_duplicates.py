"""Near-duplicates: pairs of examples that are closer than chance allows.

Let s be the distance from an example to its k-th nearest neighbour, and d the distance to a nearer
neighbour. If both are there by chance, (d / s) ** dimension is uniform between 0 and 1. The
estimator of Levina and Bickel (2004, Maximum Likelihood Estimation of Intrinsic Dimension) is built
on this law. For a copy, d is smaller than the law allows.
"""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestNeighbors

_NEIGHBOURS = 10
CHANCE = 1e-4  # of taking the nearest neighbour for a copy where it is none
_CROWDED = 0.01  # quantile of the k-th distances; where they are smaller, there are many copies
_CELL, _PROBES = 500, 16  # rows in a cell, on average; cells that are searched for neighbours
_PART = 1000  # rows whose neighbours are searched for at a time
_TINY = 1e-12


def nearest(rows: np.ndarray, k: int = _NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest other rows of every row, by Euclidean distance.

    Rows are sorted into cells around rows drawn at random. Neighbours of a row are searched for in
    its own cell and those nearest to it (inverted file: Sivic and Zisserman 2003; Jégou, Douze and
    Schmid 2011). Up to 8,000 rows these are all cells, so the result is exact. With more rows it
    is nearly exact, and the cost grows in proportion to n.

    Parameters
    ----------
    rows : (n, features) float32
    k : at most n - 1 is used

    Returns
    -------
    distances : (n, k) float32, nearest first; infinite where fewer neighbours were found
    neighbours : (n, k) int, the numbers of these rows
    """
    n, k = len(rows), min(k, len(rows) - 1)
    distances, neighbours = np.full((n, k), np.inf, np.float32), np.zeros((n, k), int)
    n_cells = max(1, n // _CELL)
    centres = rows[np.sort(np.random.default_rng(0).choice(n, n_cells, replace=False))]
    cell = pairwise_distances_argmin(rows, centres)  # (n,)
    search = NearestNeighbors(n_neighbors=min(_PROBES, n_cells), algorithm="brute").fit(centres)
    probes = search.kneighbors(centres, return_distance=False)  # (cells, probes)
    for number, probed in enumerate(probes):
        members, others = np.flatnonzero(cell == number), np.flatnonzero(np.isin(cell, probed))
        search = NearestNeighbors(n_neighbors=min(k + 1, len(others)), algorithm="brute")
        search.fit(rows[others])
        for start in range(0, len(members), _PART):
            part = members[start : start + _PART]
            near, places = search.kneighbors(rows[part])  # (part, up to k + 1)
            own = others[places] == part[:, None]
            own[~own.any(axis=1), -1] = True  # where more than k others are equal to it
            width = places.shape[1] - 1
            distances[part, :width] = near[~own].reshape(len(part), width)
            neighbours[part, :width] = others[places[~own]].reshape(len(part), width)
    return distances, neighbours


def copies(rows: np.ndarray, chance: float = CHANCE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs of near-duplicates among rows (n, features); none among ten or fewer.

    The dimension is the median of the rows' estimates, which few copies do not move.

    Parameters
    ----------
    chance : of taking the nearest neighbour for a copy where it is none

    Returns
    -------
    first, second : (pairs,) int, numbers of rows, first < second
    share : (pairs,) their distance, as a share of the smaller distance to their k-th neighbours
    """
    near, neighbours = nearest(rows)  # (n, k)
    distances, k = near.astype(np.float64), near.shape[1]
    if k < _NEIGHBOURS:  # too few to know what is usual
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    farthest = distances[:, -1]
    scale = np.maximum(np.maximum(farthest, np.quantile(farthest, _CROWDED)), _TINY)
    logs = np.log(np.maximum(distances[:, :-1], _TINY) / scale[:, None])
    dimension = -1 / min(np.median(logs.mean(axis=1)), -1e-3)
    limit = (chance / (k - 1)) ** (1 / dimension)

    row, other = np.repeat(np.arange(len(distances)), k), neighbours.ravel()
    share = distances.ravel() / np.minimum(scale[row], scale[other])
    close = np.flatnonzero(share < limit)
    pairs = np.sort(np.stack([row[close], other[close]]), axis=0)
    (first, second), index = np.unique(pairs, axis=1, return_index=True)
    return first, second, share[close[index]]
