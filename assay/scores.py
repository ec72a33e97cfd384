"""How good predictions are: accuracy, macro F1, log loss and calibration, each with an interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

_SMALLEST = 1e-7  # probabilities are clipped here, so one sure error costs 16 and not infinity


@dataclass
class Predictions:
    """What was predicted for some examples, and what is true.

    Attributes
    ----------
    labels : (n,) int, the true class; one that the model does not know is `classes` or more
    pred_probs : (n, classes) float64
    """

    labels: np.ndarray
    pred_probs: np.ndarray

    def __post_init__(self) -> None:
        self.predicted = self.pred_probs.argmax(axis=1)
        self.correct = self.predicted == self.labels
        self.confidence = self.pred_probs.max(axis=1)
        known = np.append(self.pred_probs, np.zeros((len(self.labels), 1)), axis=1)
        of_label = known[np.arange(len(known)), np.minimum(self.labels, known.shape[1] - 1)]
        self.loss = -np.log(np.maximum(of_label, _SMALLEST))


Score = Callable[[Predictions, np.ndarray], float]  # of the examples at some positions (m,) int


def accuracy(of: Predictions, at: np.ndarray) -> float:
    return float(of.correct[at].mean())


def log_loss(of: Predictions, at: np.ndarray) -> float:
    return float(of.loss[at].mean())


def macro_f1(of: Predictions, at: np.ndarray) -> float:
    """The mean of each class's F1, over the classes that occur as label or prediction."""
    n_classes = max(int(of.labels.max()) + 1, of.pred_probs.shape[1])
    actual = np.bincount(of.labels[at], minlength=n_classes)
    predicted = np.bincount(of.predicted[at], minlength=n_classes)
    hits = np.bincount(of.labels[at][of.correct[at]], minlength=n_classes)
    occurs = actual + predicted > 0
    return float((2 * hits[occurs] / (actual + predicted)[occurs]).mean())


def calibration_error(of: Predictions, at: np.ndarray, bins: int) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015; Guo et al. 2017)."""
    bin_of = _bins(of.confidence[at], bins)
    gap = np.bincount(bin_of, of.correct[at] - of.confidence[at], minlength=bins)
    return float(np.abs(gap).sum() / len(at))


def reliability(of: Predictions, bins: int) -> list[dict]:
    """Mean `confidence`, `accuracy` and number of `examples` of each bin of confidence that is not empty."""
    bin_of = _bins(of.confidence, bins)
    parts = [np.flatnonzero(bin_of == number) for number in np.unique(bin_of)]
    return [
        {"confidence": float(of.confidence[at].mean()), "accuracy": accuracy(of, at), "examples": len(at)}
        for at in parts
    ]


def bootstrap(score: Score, of: Predictions, *, resamples: int, confidence: float) -> tuple[float, float]:
    """The percentile interval of a score over resampled examples (Efron 1979)."""
    rng = np.random.default_rng(0)
    n = len(of.labels)
    values = [score(of, rng.integers(n, size=n)) for _ in range(resamples)]
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which also holds near 0 and 1."""
    z = norm.ppf((1 + confidence) / 2)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(middle - half), float(middle + half)


def _bins(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((confidence * bins).astype(int), bins - 1)
