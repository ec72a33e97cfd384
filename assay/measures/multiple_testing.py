"""Several tests at once: p values in view of how many there are (Holm 1979)."""

import numpy as np


def adjusted(p_values: np.ndarray) -> np.ndarray:
    """P values (n,) of which none is below a level by chance alone with more than that probability. Shape (n,)."""
    order = np.argsort(p_values, kind="stable")
    found = np.empty(len(p_values))
    found[order] = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)).clip(
        max=1
    )
    return found
