"""Which pairs of rows of a table are alike in so many columns that chance does not explain it.

Embeddings alone say little about rows: where columns take few values, many rows lie close together.
"""

from collections.abc import Iterable

import numpy as np
from scipy.stats import gamma

# its name; its values (n,) float, NaN for gaps; whether they are categories
Column = tuple[str, np.ndarray, bool]
_EXPECTED = 0.05  # pairs of a table that are so much alike by chance
_RANDOM_PAIRS = 4000
_TINY = 1e-12


def alike(pairs: np.ndarray, n: int, columns: Iterable[Column]) -> np.ndarray:
    """Which pairs are more alike than any pair among n rows would be by chance.

    Let p be the share of rows whose value is at least as near to that of a pair's first row as that
    of the second is. The sum of -log p over the columns is compared with that of random pairs: a
    gamma distribution with their mean and variance (Fisher 1925; Brown 1975, for columns that
    depend on each other).

    Parameters
    ----------
    pairs : (2, m) int, rows

    Returns
    -------
    np.ndarray
        Shape (m,), bool.
    """
    by_chance = np.random.default_rng(0).integers(n, size=(2, _RANDOM_PAIRS))
    by_chance = by_chance[:, by_chance[0] != by_chance[1]]
    both = np.concatenate([pairs, by_chance], axis=1)
    likeness = np.zeros(both.shape[1])
    for _, values, is_category in columns:
        likeness -= np.log(_share_as_near(values, both, is_category=is_category).clip(_TINY))
    usual, likeness = likeness[pairs.shape[1] :], likeness[: pairs.shape[1]]
    mean, variance = usual.mean(), max(usual.var(), _TINY)
    p_values = gamma.sf(likeness, mean**2 / variance, scale=variance / max(mean, _TINY))
    return p_values * n * (n - 1) / 2 < _EXPECTED


def _share_as_near(values: np.ndarray, pairs: np.ndarray, *, is_category: bool) -> np.ndarray:
    """The share of rows at least as near to a pair's first as its second is. Shape (m,)."""
    is_gap = np.isnan(values)
    ordered = np.sort(values[~is_gap])
    first, second = values[pairs]
    width = np.where(first == second, 0, np.inf if is_category else np.abs(first - second))
    within = np.searchsorted(ordered, first + width, side="right")
    within = within - np.searchsorted(ordered, first - width, side="left")
    gaps = is_gap[pairs].sum(axis=0)  # of a pair
    return np.where(gaps == 2, is_gap.mean(), np.where(gaps == 1, 1, within / len(values)))
