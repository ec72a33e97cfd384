"""Intervals of shares and means, and the names of their ends."""

from statistics import NormalDist

import numpy as np

from assay.contract.rounding import ENDS


def standard_errors(confidence: float) -> float:
    """How many standard errors the interval of a normal distribution reaches from its mean."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def as_metric(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """A metric and the two ends of its interval, under the names that files use."""
    return {f"{name}{end}": bound for end, bound in zip(ENDS, (value, low, high), strict=True)}


def wilson(
    successes: np.ndarray | float, n: np.ndarray | float, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """The score interval of a share (Wilson 1927), which is also valid near 0 and 1."""
    z = standard_errors(confidence)
    share = np.divide(successes, n)
    weight = z**2 / np.asarray(n)
    center = share + weight / 2
    half = np.sqrt(weight * (share * (1 - share) + weight / 4))
    return (center - half) / (1 + weight), (center + half) / (1 + weight)
