"""Outliers: rows far from all others in whitened features, and values far from the usual ones."""

import numpy as np

_FENCE = 2.2  # interquartile ranges beyond the quartile (Hoaglin and Iglewicz 1987, after Tukey)
_WIDTH = 256  # features; more are projected to so many
_ROWS = 20_000  # rows that the whitening is estimated from, and that are worked on at a time
_RIDGE = 0.01  # of the mean variance, added to each
_TINY = 1e-12


def far_out(values: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Which values lie far above the usual ones. Shape (n,), bool.

    Parameters
    ----------
    values : (n,)
    among : (n,) bool, the values that tell what is usual; None: all
    """
    usual = values if among is None else values[among]
    low, high = np.quantile(usual, [0.25, 0.75]) if len(usual) else (0, 0)
    return values > high + _FENCE * (high - low)


def project(features: np.ndarray) -> np.ndarray:
    """Project features (n, width) at random to at most 256 (Lopes, Jacob and Wainwright 2011)."""
    width = features.shape[1]
    if width <= _WIDTH:
        return features.astype(np.float32)
    directions = np.random.default_rng(0).standard_normal((width, _WIDTH), np.float32)
    return features @ (directions / np.float32(np.sqrt(_WIDTH)))


def whiten(rows: np.ndarray) -> np.ndarray:
    """Rows (n, width) centred, uncorrelated, and of equal variance where there is any."""
    mean, whitening = _whitening(rows)
    return (rows - mean) @ whitening


def outliers(rows: np.ndarray) -> np.ndarray:
    """Which rows (n, width) lie far from the mean, (n,) bool, by their leverage.

    The leverage is the squared length of a whitened row.
    """
    mean, whitening = _whitening(rows)
    parts = np.array_split(rows, -(-len(rows) // _ROWS))
    leverage = [np.square((part - mean) @ whitening).sum(axis=1) for part in parts]
    return far_out(np.log(np.concatenate(leverage) + _TINY))


def _whitening(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (width,) and the whitening matrix (width, width), estimated from some rows."""
    some = rows[:: max(1, len(rows) // _ROWS)]
    mean = some.mean(axis=0)
    covariance = (some - mean).T @ (some - mean) / len(some)
    values, vectors = np.linalg.eigh(covariance)
    floor = max(_RIDGE * float(values.mean()), _TINY)
    return mean, vectors / np.sqrt(values.clip(0) + floor)
