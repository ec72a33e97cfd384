"""Outliers: rows far from the mean or from all others, and values far from the usual ones."""

import numpy as np

from assay.measures import batch_features
from assay.measures.batch_features import Features

_FENCE = 2.2  # interquartile ranges above the quartile (Hoaglin and Iglewicz 1987, after Tukey)
_WIDTH = 256  # features, at most; wider rows are projected
_MANY = 100_000  # with more rows, only those in use are in memory
_ROWS = 20_000  # rows that the whitening is estimated from, and rows worked on at a time
_RIDGE = 0.01  # of the mean variance, added to each variance
_TINY = 1e-12
# share of examples beyond the limit of each score, if the scores have the assumed tail
_CHANCE = 0.002
_SAMPLE = 500  # every row is compared with this many rows
_NEIGHBOURS = 5  # the distance to the fifth nearest row of the sample counts


def far_out(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which values lie far above the usual ones. Shape (n,), bool.

    Parameters
    ----------
    values : (n,)
    among : (n,) bool, the values that tell what is usual
    """
    usual = values[among]
    low, high = np.quantile(usual, [0.25, 0.75]) if len(usual) else (0, 0)
    return values > high + _FENCE * (high - low)


def project(features: np.ndarray) -> np.ndarray:
    """Project features (n, width) at random to at most 256 (Lopes, Jacob and Wainwright 2011).

    It computes in float32, which is fast. `training.unlike` draws the same directions in float64.
    """
    width = features.shape[1]
    if width <= _WIDTH:
        return features.astype(np.float32)
    directions = np.random.default_rng(0).standard_normal((width, _WIDTH), np.float32)
    return features @ (directions / np.float32(np.sqrt(_WIDTH)))


class Projected:
    """The features of all batches, (n, width). A slice or some rows are projected when read.

    Parameters
    ----------
    features : (rows, features) of each batch
    """

    def __init__(self, features: Features) -> None:
        self.features = features

    def __len__(self) -> int:
        return sum(map(len, self.features))

    def __getitem__(self, part: slice | np.ndarray) -> np.ndarray:
        rows = np.arange(len(self))[part]
        width = min(_WIDTH, self.features[0].shape[1])
        values = np.empty((len(rows), width), np.float32)
        for is_of_batch, block in batch_features.chosen_of(self.features, rows):
            values[is_of_batch] = project(block)
        return values


def projected(features: Features) -> np.ndarray | Projected:
    """The features (rows, features) of all batches as one array: (n, 256 or fewer) float32.

    With more than 100,000 rows, rows are read and projected only when needed, to save memory.
    """
    if sum(map(len, features)) > _MANY:
        return Projected(features)
    return np.concatenate([project(block) for _, block in batch_features.rows_of(features)])


def whiten(rows: np.ndarray) -> np.ndarray:
    """Rows (n, width), centred, uncorrelated, and scaled to about equal variance."""
    mean, whitening = _whitening(rows)
    return (rows - mean) @ whitening


def outliers(rows: np.ndarray | Projected) -> np.ndarray:
    """Which rows (n, width) lie far from the mean or far from all others. Shape (n,), bool.

    A row is far from the mean if its leverage, the squared length of the whitened row, is high. It
    is far from all others if the fifth nearest row of a sample is far (Sugiyama and Borgwardt
    2013).
    """
    mean, whitening = _whitening(rows)
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:_SAMPLE])
    sample = rows[chosen] - mean
    nth = min(_NEIGHBOURS, len(chosen)) - 1
    leverages = []
    distances = []
    for start in range(0, len(rows), _ROWS):
        centred = rows[start : start + _ROWS] - mean  # (part, width)
        leverages.append(np.square(centred @ whitening).sum(axis=1))
        # |a - b|² = |a|² + |b|² - 2ab, in float32: in scikit-learn's float64 it takes twice as long
        compared = centred @ (-2 * sample.T)  # (part, sample)
        compared += np.square(sample).sum(axis=1)
        places = np.flatnonzero((chosen >= start) & (chosen < start + _ROWS))  # in the sample
        compared[chosen[places] - start, places] = np.inf  # a row with itself
        nearest = np.partition(compared, nth, axis=1)[:, nth]
        distances.append(np.sqrt(np.fmax(nearest + np.square(centred).sum(axis=1), 0)))
    scores = np.concatenate(leverages), np.concatenate(distances)
    is_beyond = [beyond_tail(np.log(score.clip(max=1e30) + _TINY)) for score in scores]
    return np.logical_or(*is_beyond)


def beyond_tail(values: np.ndarray) -> np.ndarray:
    """Which values lie above what the tail of all others predicts. Shape (n,), bool.

    We take the scores to have the tail of a power law, which is heavier than the tail of most data.
    Then their logarithms have an exponential tail. It is estimated from the median and the upper
    tenth (Weissman 1978), since a few outliers do not change these. The limit is where this tail
    leaves 0.2 % of the values.

    Parameters
    ----------
    values : (n,), logarithms of scores
    """
    half, tenth = np.quantile(values, [0.5, 0.9])
    return values > tenth + (tenth - half) * np.log(0.1 / _CHANCE) / np.log(0.5 / 0.1)


def _whitening(rows: np.ndarray | Projected) -> tuple[np.ndarray, np.ndarray]:
    """The mean (width,) and the whitening matrix (width, width), estimated from some rows.

    It uses eigenvectors. Their signs may differ, but lengths and distances do not depend on signs.
    Released models are whitened in other ways: by a Cholesky factor in `training.unlike`, by ZCA in
    `encoders.patches`. `annotation.whitening` keeps only some components.
    """
    sample = rows[:: max(1, len(rows) // _ROWS)]
    mean = sample.mean(axis=0)
    covariance = (sample - mean).T @ (sample - mean) / len(sample)
    values, vectors = np.linalg.eigh(covariance)
    floor = max(_RIDGE * float(values.mean()), _TINY)
    return mean, vectors / np.sqrt(values.clip(0) + floor)
