"""Correction of p values for the number of tests (Holm 1979)."""

import numpy as np


def adjusted(p_values: np.ndarray) -> np.ndarray:
    """Adjust p values (n,) so that a level bounds the chance of any false finding. Shape (n,)."""
    order = np.argsort(p_values, kind="stable")
    at_least = p_values[order] * np.arange(len(p_values), 0, -1)
    result = np.empty(len(p_values))
    result[order] = np.maximum.accumulate(at_least).clip(max=1)
    return result
