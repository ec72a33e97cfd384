"""Near-duplicates: pairs of examples that are closer than chance allows.

Let s be the distance from an example to its k-th nearest neighbour, and d the distance to a nearer
neighbour. If both are there by chance, (d / s) ** dimension is uniform between 0 and 1. The
estimator of Levina and Bickel (2004, Maximum Likelihood Estimation of Intrinsic Dimension) is built
on this law. For a copy, d is smaller than the law allows.

In a small class of similar examples, all of them can be nearer than the k-th neighbour. So in a
small class, s is at most the median distance to the other examples of the class.
"""

from collections.abc import Iterable

import numpy as np
from scipy.stats import gamma
from sklearn.metrics import pairwise_distances_argmin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import NearestNeighbors

_NEIGHBOURS = 10
CHANCE = 1e-4  # that a nearest neighbour is taken for a copy, although it is none
_CROWDED = 0.01  # quantile of the k-th distances; where they are smaller, there are many copies
_CERTAIN = 0.01  # a small class leaves at least this share of s: equal rows are always copies
_CELL = 500  # rows in a cell, on average
_PROBES = 16  # cells that are searched for the neighbours of a row
_PART = 1000  # rows whose neighbours are searched for at a time
_TINY = 1e-12
# its name; its values (n,) float, NaN for gaps; whether they are categories
NamedValues = tuple[str, np.ndarray, bool]
_EXPECTED = 0.05  # the expected number of pairs of a table that are as similar by chance
_RANDOM_PAIRS = 4000


def nearest(rows: np.ndarray, k: int = _NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest other rows of every row, by Euclidean distance.

    Rows are sorted into cells around rows drawn at random. Neighbours of a row are searched for in
    its own cell and those nearest to it (inverted file: Sivic and Zisserman 2003; Jégou, Douze and
    Schmid 2011). Up to 8,000 rows, all cells are searched, so the result is exact. With more rows,
    it is nearly exact, and the cost grows in proportion to n.

    Parameters
    ----------
    rows : (n, features) float32
    k : at most n - 1 is used

    Returns
    -------
    distances : (n, k) float32, nearest first; infinite where fewer neighbours were found
    neighbours : (n, k) int, the numbers of these rows
    """
    n = len(rows)
    k = min(k, n - 1)
    distances = np.full((n, k), np.inf, np.float32)
    neighbours = np.zeros((n, k), int)
    n_cells = max(1, n // _CELL)
    centres = rows[np.sort(np.random.default_rng(0).choice(n, n_cells, replace=False))]
    cell = pairwise_distances_argmin(rows, centres)  # (n,)
    search = NearestNeighbors(n_neighbors=min(_PROBES, n_cells), algorithm="brute").fit(centres)
    probes = search.kneighbors(centres, return_distance=False)  # (cells, probes)
    for number, probed in enumerate(probes):
        members = np.flatnonzero(cell == number)
        candidates = np.flatnonzero(np.isin(cell, probed))
        search = NearestNeighbors(n_neighbors=min(k + 1, len(candidates)), algorithm="brute")
        search.fit(rows[candidates])
        for start in range(0, len(members), _PART):
            part = members[start : start + _PART]
            part_distances, places = search.kneighbors(rows[part])  # (part, up to k + 1)
            part_neighbours = candidates[places]
            is_self = part_neighbours == part[:, None]
            # with over k copies, a row may not be among its own neighbours: drop the last one
            is_self[~is_self.any(axis=1), -1] = True
            width = places.shape[1] - 1
            distances[part, :width] = part_distances[~is_self].reshape(len(part), width)
            neighbours[part, :width] = part_neighbours[~is_self].reshape(len(part), width)
    return distances, neighbours


def copies(
    rows: np.ndarray, classes: np.ndarray, chance: float = CHANCE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs of near-duplicates among rows (n, features); none among ten or fewer.

    The dimension is the median of the rows' estimates. A few copies hardly change it.

    Parameters
    ----------
    classes : (n,) int, from 0, the class of each row as far as is known
    chance : the probability that a nearest neighbour is taken for a copy, although it is none

    Returns
    -------
    first, second : (pairs,) int, numbers of rows, first < second
    share : (pairs,) their distance, as a share of the smaller s of the two
    """
    near, neighbours = nearest(rows)  # (n, k)
    distances = near.astype(np.float64)
    k = near.shape[1]
    if k < _NEIGHBOURS:  # too few to know what is usual
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    farthest = distances[:, -1]
    scale = np.maximum(np.maximum(farthest, np.quantile(farthest, _CROWDED)), _TINY)
    logs = np.log(np.maximum(distances[:, :-1], _TINY) / scale[:, None])
    dimension = -1 / min(np.median(logs.mean(axis=1)), -1e-3)
    limit = (chance / (k - 1)) ** (1 / dimension)
    within = _within_small_classes(rows, classes)
    scale = np.minimum(scale, np.maximum(within, _CERTAIN * scale))

    row = np.repeat(np.arange(len(distances)), k)  # (n * k,)
    other = neighbours.ravel()
    share = distances.ravel() / np.minimum(scale[row], scale[other])
    close = np.flatnonzero(share < limit)
    pairs = np.sort(np.stack([row[close], other[close]]), axis=0)
    (first, second), index = np.unique(pairs, axis=1, return_index=True)
    return first, second, share[close[index]]


def _within_small_classes(rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Each row's median distance to the others of its class; infinite in large classes. (n,).

    In a class of 19 or more, the median is at least the distance to the 10th neighbour.
    """
    middle = np.full(len(rows), np.inf)
    sizes = np.bincount(classes)
    for small in np.flatnonzero((sizes > 1) & (sizes < 2 * _NEIGHBOURS - 1)):
        members = np.flatnonzero(classes == small)
        from_each = euclidean_distances(rows[members].astype(np.float64))
        place = (len(members) + 1) // 2  # place 0 is the row itself; of two middle ones, the later
        middle[members] = np.sort(from_each, axis=1)[:, place]
    return middle


def alike(pairs: np.ndarray, batch: np.ndarray, columns: Iterable[NamedValues]) -> np.ndarray:
    """Which pairs are more alike than any pair among n rows would be by chance.

    Two rows of different batches are also alike if they are equal in all columns that both batches
    have. Within one batch, equal rows are already one example.

    In each column, let p be the share of rows that are at least as near to the first row of a pair
    as the second row is. The sum of -log p over the columns is compared with a gamma distribution
    that has the mean and variance of random pairs (Fisher 1925; Brown 1975, for columns that depend
    on each other). Embeddings alone say little here: if columns take few values, many rows lie
    close together.

    Parameters
    ----------
    pairs : (2, m) int, rows
    batch : (n,) int, the batch of each row

    Returns
    -------
    np.ndarray
        Shape (m,), bool.
    """
    n = len(batch)
    by_chance = np.random.default_rng(0).integers(n, size=(2, _RANDOM_PAIRS))
    by_chance = by_chance[:, by_chance[0] != by_chance[1]]
    both = np.concatenate([pairs, by_chance], axis=1)
    likeness = np.zeros(both.shape[1])
    equal = batch[pairs[0]] != batch[pairs[1]]  # (m,)
    has_value = np.zeros(pairs.shape[1], bool)
    for _, values, is_category in columns:
        likeness -= np.log(_share_as_near(values, both, is_category=is_category).clip(_TINY))
        equal &= _agree(values, pairs, batch)
        has_value |= ~np.isnan(values[pairs]).any(axis=0)
    n_pairs = pairs.shape[1]
    usual = likeness[n_pairs:]
    mean = usual.mean()
    variance = max(usual.var(), _TINY)
    scale = variance / max(mean, _TINY)
    p_values = gamma.sf(likeness[:n_pairs], mean**2 / variance, scale=scale)
    return (equal & has_value) | (p_values * n * (n - 1) / 2 < _EXPECTED)


def _agree(values: np.ndarray, pairs: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Whether both rows have the same value or a gap, or a batch lacks the column. Shape (m,)."""
    n_values = np.bincount(batch, ~np.isnan(values))  # (batches,)
    is_compared = (n_values[batch[pairs]] > 0).all(axis=0)
    first, second = values[pairs]
    both_gaps = np.isnan(first) & np.isnan(second)
    return ~is_compared | (first == second) | both_gaps


def _share_as_near(values: np.ndarray, pairs: np.ndarray, *, is_category: bool) -> np.ndarray:
    """The share of rows at least as near to a pair's first row as its second row is. Shape (m,)."""
    is_gap = np.isnan(values)
    ordered = np.sort(values[~is_gap])
    first, second = values[pairs]
    difference = np.inf if is_category else np.abs(first - second)
    width = np.where(first == second, 0, difference)
    below = np.searchsorted(ordered, first - width, side="left")
    within = np.searchsorted(ordered, first + width, side="right") - below
    n_gaps = is_gap[pairs].sum(axis=0)  # (m,) 0, 1 or 2
    share = np.where(n_gaps == 1, 1, within / len(values))
    return np.where(n_gaps == 2, is_gap.mean(), share)
