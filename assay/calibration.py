"""Calibration: scores to probabilities that mean what they say (Guo, Pleiss, Sun and Weinberger 2017)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_RANGE = (0.005, 100.0)  # of temperatures that are tried


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature for which softmax(scores / temperature) has the smallest log loss.

    Parameters
    ----------
    scores : (n, classes)
    labels : (n,) int
    """
    rows = np.arange(len(labels))

    def log_loss(log_temperature: float) -> float:
        return -log_softmax(scores / np.exp(log_temperature), axis=1)[rows, labels].mean()

    found = minimize_scalar(log_loss, bounds=np.log(_RANGE), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
