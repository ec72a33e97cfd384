"""How good predictions are: accuracy, macro F1, log loss and calibration, each with an interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
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


Score = Callable[[Predictions, np.ndarray], float]  # over the examples at some positions (m,) int


def accuracy(predictions: Predictions, rows: np.ndarray) -> float:
    return float(predictions.correct[rows].mean())


def log_loss(predictions: Predictions, rows: np.ndarray) -> float:
    return float(predictions.loss[rows].mean())


def macro_f1(predictions: Predictions, rows: np.ndarray) -> float:
    """The mean of each class's F1, over the classes that occur as label or prediction."""
    labels, predicted = predictions.labels[rows], predictions.predicted[rows]
    n_classes = max(int(predictions.labels.max()) + 1, predictions.pred_probs.shape[1])
    total = np.bincount(labels, minlength=n_classes) + np.bincount(predicted, minlength=n_classes)
    hits = np.bincount(labels[labels == predicted], minlength=n_classes)
    return float((2 * hits[total > 0] / total[total > 0]).mean())


def calibration_error(predictions: Predictions, rows: np.ndarray, bins: int) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015; Guo et al. 2017)."""
    confidence = predictions.confidence[rows]
    gap = np.bincount(_bins(confidence, bins), predictions.correct[rows] - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(rows))


def reliability(predictions: Predictions, bins: int) -> pd.DataFrame:
    """Mean `confidence`, `accuracy` and number of `examples` of each bin of confidence that is not empty."""
    frame = pd.DataFrame({"confidence": predictions.confidence, "accuracy": predictions.correct, "examples": 1})
    groups = frame.groupby(_bins(predictions.confidence, bins))
    return groups.agg({"confidence": "mean", "accuracy": "mean", "examples": "sum"})


def bootstrap(score: Score, predictions: Predictions, *, resamples: int, confidence: float) -> tuple[float, float]:
    """The percentile interval of a score over resampled examples (Efron 1979)."""
    rng, n = np.random.default_rng(0), len(predictions.labels)
    values = [score(predictions, rng.integers(n, size=n)) for _ in range(resamples)]
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
