"""Outliers: rows far from all others in whitened features, and values far out of their distribution."""

import numpy as np

_FENCE = (
    2.2  # interquartile ranges beyond the quartile (Hoaglin and Iglewicz 1987), after Tukey 1977
)
_WIDTH = 256  # to which wider features are projected
_ROWS = 20_000  # that say how features vary, and that are worked on at a time
_RIDGE = 0.01  # of the mean variance, added to each


def far_out(values: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Which of `values` (n,) lie far above the others; `among` (n,) bool are those that say what is usual."""
    usual = values if among is None else values[among]
    low, high = np.quantile(usual, [0.25, 0.75]) if len(usual) else (0, 0)
    return values > high + _FENCE * (high - low)


def project(features: np.ndarray) -> np.ndarray:
    """Features (n, width) projected at random to at most 256 (Lopes, Jacob and Wainwright 2011)."""
    width = features.shape[1]
    if width <= _WIDTH:
        return features.astype(np.float32)
    return features @ (
        np.random.default_rng(0).standard_normal((width, _WIDTH), np.float32) / np.float32(16)
    )


def whiten(rows: np.ndarray) -> np.ndarray:
    """Rows (n, width) centred, uncorrelated, of equal variance except where nearly nothing varies."""
    mean, whitening = _whitening(rows)
    return (rows - mean) @ whitening


def outliers(rows: np.ndarray) -> np.ndarray:
    """Which rows (n, width) lie far from the mean, (n,), by their leverage: the squared length of a whitened row."""
    mean, whitening = _whitening(rows)
    parts = np.array_split(rows, -(-len(rows) // _ROWS))
    return far_out(
        np.log(
            np.concatenate([np.square((part - mean) @ whitening).sum(axis=1) for part in parts])
            + 1e-12
        )
    )


def _whitening(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (width,), and what rows less it are multiplied with (width, width); from at most so many rows."""
    some = rows[:: max(1, len(rows) // _ROWS)]
    mean = some.mean(axis=0)
    values, vectors = np.linalg.eigh((some - mean).T @ (some - mean) / len(some))
    floor = max(_RIDGE * float(values.mean()), 1e-12)
    return mean, vectors / np.sqrt(values.clip(0) + floor)
