"""Is version B better than A, and is that real? Metrics of both on the same test examples, with a paired interval.

A metric is a mean of contributions, one an example: of its own value where it is a mean, else of its influence function
(Hampel 1974; Efron 1982, the infinitesimal jackknife). So one formula serves all: the change is the mean of the
differences of contributions, and their variance is that of sampling test examples, whatever the versions share.

Another draw of the labels or another seed would move errors too, many at once, which no number of test examples evens
out. How much, refits tell (assay/refits.py), of a head that is not the model. So it is scaled: where errors are counted
by how far answers differ, which makes it the correlation in a sample of clusters (Kish 1965, the design effect); for
other metrics by the square of the metric, which makes it a relative error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri  # scipy.stats takes a second to import

SMALLEST = 1e-7  # probabilities are clipped here, as in assay/scores.py
_POINT = 0.01  # the change that a larger test set should show,
_POWER = 0.8  # with this probability
_PSEUDO = 2.0  # two examples more that disagree, one each way, where errors are counted (Bonett and Price 2012)


@dataclass
class Said:
    """What a version's model said of test examples.

    Attributes
    ----------
    answer, predicted : (n,) int
    confidence : (n,) probability of `predicted`
    loss : (n,) -log of the probability of `answer`; nan where that is not known
    bins : of confidence, for the calibration error
    """

    answer: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    loss: np.ndarray
    bins: int = 10

    def __post_init__(self) -> None:
        self.correct = (self.predicted == self.answer).astype(float)


def accuracy(said: Said) -> np.ndarray:
    return said.correct


def macro_f1(said: Said) -> np.ndarray:
    """F1 = 2 * hits / total, total being a class's answers and predictions: the mean, and its influence function."""
    n_classes = 1 + max(said.answer.max(), said.predicted.max())
    hits = np.bincount(said.answer, said.correct, n_classes)
    total = np.bincount(said.answer, minlength=n_classes) + np.bincount(said.predicted, minlength=n_classes)
    f1, share = 2 * hits / np.maximum(total, 1), len(said.answer) / np.maximum(total, 1) / (total > 0).sum()
    given, guessed = said.answer, said.predicted
    influence = 2 * said.correct * share[given] - f1[given] * share[given] - f1[guessed] * share[guessed]
    return f1[total > 0].mean() + influence


def log_loss(said: Said) -> np.ndarray:
    return said.loss


def calibration_error(said: Said) -> np.ndarray:
    """|mean confidence - accuracy| of each bin, weighted by its examples: each counts with the sign of its bin."""
    bin_of = np.minimum((said.confidence * said.bins).astype(int), said.bins - 1)
    excess = said.confidence - said.correct
    return np.sign(np.bincount(bin_of, excess, said.bins))[bin_of] * excess


METRICS = {"accuracy": accuracy, "macro_f1": macro_f1, "log_loss": log_loss, "calibration_error": calibration_error}
_COUNTED = ("accuracy", "macro_f1")  # in points; the more the better


@dataclass
class Verdict:
    """One metric of two versions. `p_value` is in view of all metrics; `needed` are test examples to see one point."""

    metric: str
    a: float
    b: float
    change: float
    low: float
    high: float
    p_value: float
    verdict: str  # better, worse, no difference shown, or same predictions
    needed: int | None


def judge(
    a: Said, b: Said, chance: Mapping[str, float], *, metrics: Sequence[str] = tuple(METRICS), confidence: float
) -> list[Verdict]:
    """Compare two versions on the same test examples.

    Parameters
    ----------
    a, b : of the same examples in the same order, with the same answers
    chance : in training, of each metric, from `chance`; of a metric that is not there: none
    metrics : a family, in which the chance of any false difference is held at 1 - confidence (Holm 1979)
    """
    found = []
    for name in metrics:
        before, after = METRICS[name](a), METRICS[name](b)
        known = ~np.isnan(before + after)
        before, after = before[known], after[known]
        n, difference = len(before), after - before
        if not n:
            continue
        spread = difference.var() + (_PSEUDO / n if name in _COUNTED else 0)  # of one example
        common = chance.get(name, 0.0) * (spread if name in _COUNTED else ((before + after).mean() / 2) ** 2)
        error = np.sqrt(spread / n + common) if difference.any() else 0.0
        change = float(difference.mean())
        half = ndtri((1 + confidence) / 2) * error
        p_value = float(2 * ndtr(-abs(change) / error)) if error else 1.0
        numbers = float(before.mean()), float(after.mean()), change, change - half, change + half, p_value
        level = 1 - (1 - confidence) / len(metrics)
        needed = _needed(spread, common, level) if error and name in _COUNTED else None
        found.append(Verdict(name, *map(float, numbers), "same predictions" if not error else "", needed))
    for rank, each in enumerate(sorted(found, key=lambda each: each.p_value)):
        at_least = max((other.p_value for other in found if other.p_value < each.p_value), default=0.0)
        each.p_value = min(1.0, max(at_least, each.p_value * (len(found) - rank)))
    for each in found:
        if not each.verdict:
            shown, up = each.p_value < 1 - confidence, each.change > 0
            better = "better" if up == (each.metric in _COUNTED) else "worse"
            each.verdict = better if shown else "no difference shown"
        if each.verdict != "no difference shown":
            each.needed = None
    return found


def _needed(spread: float, common: float, confidence: float) -> int | None:
    """Test examples with which a change of one point would be shown; None where training alone moves more."""
    rest = (_POINT / (ndtri((1 + confidence) / 2) + ndtri(_POWER))) ** 2 - common
    return int(np.ceil(float(f"{spread / rest:.2g}"))) if rest > 0 else None


def chance(refits: Iterable[tuple[Said, Said]], metrics: Sequence[str] = tuple(METRICS)) -> dict[str, float]:
    """The variance of changes by chance in training that no number of test examples averages out, scaled, by metric.

    Parameters
    ----------
    refits : pairs of versions, of the same test examples each time, that differ from the first pair by chance alone
    """
    totals, found, count = dict.fromkeys(metrics, 0), {}, 0
    changes, levels = ({name: [] for name in metrics} for _ in range(2))
    for a, b in refits:
        count += 1
        for name in metrics:
            before, after = METRICS[name](a), METRICS[name](b)
            totals[name] = totals[name] + np.array([after - before, (after - before) ** 2])
            changes[name].append((after - before).mean())
            levels[name].append((before + after).mean() / 2)
    for name, (first, second) in totals.items():
        spread = (second / count - (first / count) ** 2).mean()  # of one example by chance alone
        common = max(0.0, np.var(changes[name]) - spread / len(first))
        scale = spread if name in _COUNTED else np.mean(levels[name]) ** 2
        found[name] = float(common / scale) if scale else 0.0
    return found
