"""How good predictions are: accuracy, macro F1, log loss and calibration, each with an interval.

A metric is a mean of contributions, one an example: of its own value where it is a mean, else of its influence function
(Hampel 1974; Efron 1982, the infinitesimal jackknife).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SMALLEST = 1e-7  # probabilities are clipped here, so one sure error costs 16 and not infinity


@dataclass
class Predictions:
    """What was predicted for some examples, and what is true.

    Attributes
    ----------
    answer, predicted : (n,) int
    confidence : (n,) probability of `predicted`
    loss : (n,) -log of the probability of `answer`; nan where that is not known
    bins : of confidence, of equal width, for the calibration error
    """

    answer: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    loss: np.ndarray
    bins: int = 10

    def __post_init__(self) -> None:
        self.correct = self.predicted == self.answer
        self.bin = np.minimum((self.confidence * self.bins).astype(int), self.bins - 1)

    def __getitem__(self, rows: np.ndarray) -> "Predictions":
        """Those for the examples at some positions (m,)."""
        own = (each[rows] for each in (self.answer, self.predicted, self.confidence, self.loss))
        return Predictions(*own, self.bins)

    @classmethod
    def of(cls, pred_probs: np.ndarray, answer: np.ndarray, bins: int = 10) -> "Predictions":
        """From probabilities (n, classes); an answer that the model does not know is `classes` or more."""
        known = np.append(pred_probs, np.zeros((len(answer), 1)), axis=1)
        of_answer = known[np.arange(len(answer)), np.minimum(answer, pred_probs.shape[1])]
        loss = -np.log(np.maximum(of_answer, SMALLEST))
        return cls(answer, pred_probs.argmax(axis=1), pred_probs.max(axis=1), loss, bins)


def accuracy(of: Predictions) -> np.ndarray:
    return of.correct.astype(float)


def macro_f1(of: Predictions) -> np.ndarray:
    """F1 = 2 * hits / total, total being a class's answers and predictions: the mean, and its influence function."""
    n_classes = 1 + max(of.answer.max(), of.predicted.max())
    hits = np.bincount(of.answer, of.correct, n_classes)
    total = np.bincount(of.answer, minlength=n_classes) + np.bincount(
        of.predicted, minlength=n_classes
    )
    f1, share = (
        2 * hits / np.maximum(total, 1),
        len(of.answer) / np.maximum(total, 1) / (total > 0).sum(),
    )
    given, guessed = of.answer, of.predicted
    influence = (
        2 * of.correct * share[given] - f1[given] * share[given] - f1[guessed] * share[guessed]
    )
    return f1[total > 0].mean() + influence


def log_loss(of: Predictions) -> np.ndarray:
    return of.loss


def calibration_error(of: Predictions) -> np.ndarray:
    """|mean confidence - accuracy| of each bin, weighted by its examples (Naeini et al. 2015; Guo et al. 2017).

    Each example counts with the sign of its bin.
    """
    excess = of.confidence - of.correct
    return np.sign(np.bincount(of.bin, excess, of.bins))[of.bin] * excess


METRICS = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
}


def reliability(of: Predictions) -> pd.DataFrame:
    """Mean `confidence`, `accuracy` and number of `examples` of each bin of confidence that is not empty."""
    frame = pd.DataFrame({"confidence": of.confidence, "accuracy": of.correct, "examples": 1})
    return frame.groupby(of.bin).agg({"confidence": "mean", "accuracy": "mean", "examples": "sum"})


def bootstrap(
    metric: str, of: Predictions, *, resamples: int, confidence: float
) -> tuple[float, float]:
    """The percentile interval of a metric over resampled examples (Efron 1979)."""
    rng, n = np.random.default_rng(0), len(of.answer)
    values = [METRICS[metric](of[rng.integers(n, size=n)]).mean() for _ in range(resamples)]
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which also holds near 0 and 1."""
    from scipy.stats import binomtest  # takes a second to import, which `compare` does without

    interval = binomtest(successes, n).proportion_ci(confidence, "wilson")
    return interval.low, interval.high
