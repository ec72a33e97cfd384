"""Which examples are left out together, so that a classifier predicts what it has not seen."""

import numpy as np
from sklearn.model_selection import GroupKFold

_SEED = 0


def folds(n: int, groups: np.ndarray | None, n_folds: int) -> np.ndarray:
    """The fold of each of `n` examples, int from 0; each group of `groups` (n,) is in one fold."""
    if groups is None:
        return np.random.default_rng(_SEED).permutation(n) % n_folds
    fold = np.zeros(n, int)
    split = GroupKFold(min(n_folds, groups.max() + 1)).split(groups, groups=groups)
    for number, (_, rows) in enumerate(split):
        fold[rows] = number
    return fold
