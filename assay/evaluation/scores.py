"""How good predictions are: accuracy, macro F1, log loss and calibration, each with an interval.

A metric here is a mean of contributions, one for each example. If the metric is itself a mean, as
accuracy is, a contribution is the example's own value. Else it is the metric plus the example's
influence: how fast the metric changes as the example gets more weight (Hampel 1974). The variance
of the contributions, divided by n, is then the variance of the metric (the infinitesimal jackknife,
Efron 1982).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support as precision_recall_f1

from assay.contract import paths
from assay.contract.errors import counted, first_of, say
from assay.measures import intervals

SMALLEST = 1e-7  # probabilities are clipped here, so one sure error costs 16 and not infinity
_LARGEST_LOSS = -np.log(SMALLEST)
_NO_WIDTH = 1e-9  # a narrower interval differs from one point only by rounding


@dataclass
class Predictions:
    """What was predicted for some examples, and the right answers.

    Attributes
    ----------
    answer, predicted : (n,) int
    confidence : (n,) probability of `predicted`
    loss : (n,) -log of the probability of `answer`; nan where that is not known
    bins : number of bins of confidence, of equal width, for the calibration error
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
        """The predictions for the examples at some positions (m,)."""
        answer, predicted = self.answer[rows], self.predicted[rows]
        return Predictions(answer, predicted, self.confidence[rows], self.loss[rows], self.bins)

    @classmethod
    def from_pred_probs(
        cls, pred_probs: np.ndarray, answer: np.ndarray, bins: int = 10
    ) -> "Predictions":
        """Take the most probable class of pred_probs (n, classes) as the prediction.

        An `answer` (n,) that the model does not know is n_classes or more. Its probability is 0.
        """
        n, n_classes = pred_probs.shape
        with_unknown = np.append(pred_probs, np.zeros((n, 1)), axis=1)  # (n, classes + 1)
        answer_probability = with_unknown[np.arange(n), np.minimum(answer, n_classes)]
        loss = -np.log(np.maximum(answer_probability, SMALLEST))
        return cls(answer, pred_probs.argmax(axis=1), pred_probs.max(axis=1), loss, bins)


def accuracy(predictions: Predictions) -> np.ndarray:
    return predictions.correct.astype(float)


def macro_f1(predictions: Predictions) -> np.ndarray:
    """The mean of F1 over the classes, with each example's influence on it."""
    # Of class c, let h be the share of examples that are hits, and t the share of answers plus the
    # share of predictions. Its F1 is 2h/t. Moving weight e to one example changes h by
    # e * (hit - h) and t by e * (uses - t): `hit` is 1 if the example is a hit of c, `uses` counts
    # its answer and its prediction if they are c. So the derivative of 2h/t with respect to e is
    #     2 (hit - h) / t - 2h (uses - t) / t^2  =  (2 hit - F1 uses) / t.
    # The influence is the mean of this over the classes that occur.
    answer, predicted = predictions.answer, predictions.predicted
    n = len(answer)
    n_classes = 1 + max(answer.max(), predicted.max())
    answers = np.bincount(answer, minlength=n_classes)
    total = answers + np.bincount(predicted, minlength=n_classes)  # n * t
    occurs = total > 0
    total_or_1 = np.maximum(total, 1)
    f1 = 2 * np.bincount(answer, predictions.correct, n_classes) / total_or_1
    slope = n / total_or_1 / occurs.sum()  # 1 / t, and for the mean over classes
    gain = 2 * predictions.correct * slope[answer]
    influence = gain - f1[answer] * slope[answer] - f1[predicted] * slope[predicted]
    return f1[occurs].mean() + influence


def log_loss(predictions: Predictions) -> np.ndarray:
    return predictions.loss


def calibration_error(predictions: Predictions) -> np.ndarray:
    """|mean confidence - accuracy| of each bin, weighted by its number of examples.

    Naeini et al. 2015; Guo et al. 2017. An example contributes with the sign of its bin.
    """
    excess = predictions.confidence - predictions.correct
    signs = np.sign(np.bincount(predictions.bin, excess, predictions.bins))  # (bins,)
    return signs[predictions.bin] * excess


METRICS = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
}
# of each metric: `compare` takes the verdict from it
LARGER_IS_BETTER = {
    "accuracy": True,
    "macro_f1": True,
    "log_loss": False,
    "calibration_error": False,
}


def by_class(predictions: Predictions, classes: list[str], doubted: np.ndarray) -> pd.DataFrame:
    """Precision, recall and F1 of each class, and its number of test examples.

    `doubted` is the number of doubted labels among these.

    Parameters
    ----------
    doubted : (n,) bool, whether the label of a test example is doubted
    """
    options = {"labels": np.arange(len(classes)), "zero_division": 0}
    columns = precision_recall_f1(predictions.answer, predictions.predicted, **options)
    names = ("precision", "recall", "f1", "test_examples")
    table = pd.DataFrame({"label": classes, **dict(zip(names, columns, strict=True))})
    of_doubted = predictions.answer[doubted]
    table["doubted"] = np.bincount(of_doubted, minlength=len(classes))
    return table.astype({"test_examples": int})  # a class that no example has makes it float


def say_limits(by_class: pd.DataFrame, accuracy: float, learned: list[str]) -> None:
    """Say which learned classes no score tells of, and if one answer for all is as accurate.

    Parameters
    ----------
    by_class : from the function of this name
    accuracy : the share of right predictions
    """
    count_of = by_class.set_index("label")["test_examples"]
    untested = [repr(name) for name in learned if count_of[name] == 0]
    if untested:
        which = f"{counted(len(untested), 'class')} without a test example"
        say(f"{which}: no score tells of them: {first_of(untested)}: add some to the test split")
    share = count_of.max() / count_of.sum()
    if accuracy <= share:
        always = f"if all predictions were {count_of.idxmax()!r}, it would be {share:.4f}"
        say(f"the accuracy is {accuracy:.4f}; {always}: see the recall in {paths.CLASS_METRICS}")


def reliability(predictions: Predictions) -> pd.DataFrame:
    """Mean `confidence`, `accuracy` and number of `examples` of each bin that is not empty."""
    columns = {"confidence": predictions.confidence, "accuracy": predictions.correct, "examples": 1}
    by_bin = pd.DataFrame(columns).groupby(predictions.bin)
    return by_bin.agg({"confidence": "mean", "accuracy": "mean", "examples": "sum"})


def bootstrap(
    metric: str, predictions: Predictions, resamples: int, confidence: float
) -> tuple[float, float]:
    """The percentile interval of a metric over resampled examples (Efron 1979).

    If all resamples score the same, it has no width. Mostly this means that no prediction is wrong.
    Then Wilson's interval of a share is used.
    """
    rng = np.random.default_rng(0)
    n = len(predictions.answer)
    draws = (predictions[rng.integers(n, size=n)] for _ in range(resamples))
    values = [METRICS[metric](draw).mean() for draw in draws]
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    if high - low < _NO_WIDTH:
        low, high = _of_share(metric, predictions, confidence)
    return float(low), float(high)


def _of_share(metric: str, predictions: Predictions, confidence: float) -> tuple[float, float]:
    """Wilson's interval (1927) of a score, as a share of the largest value that it can have.

    In a mean over classes, the few examples of a rare class weigh more. So for macro F1, n is an
    effective number. That many examples, in classes of equal size, would give the mean of recalls
    the same variance.
    """
    value = float(METRICS[metric](predictions).mean())
    largest = _LARGEST_LOSS if metric == "log_loss" else 1
    n: float = len(predictions.answer)
    if metric == "macro_f1":
        _, counts = np.unique(predictions.answer, return_counts=True)  # (classes,)
        n = len(counts) ** 2 / (1 / counts).sum()
    low, high = intervals.wilson(value / largest * n, n, confidence)
    return min(value, float(low) * largest), max(value, float(high) * largest)
