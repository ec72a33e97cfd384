"""Is version B better than A, and is that real? Metrics of both on the same test examples, with a paired interval.

A metric is a mean of contributions, one an example (assay/evaluation/scores.py). So one formula serves all: the change is the mean
of their differences, whose variance is that of sampling test examples, whatever the versions share.

Another draw of the labels or another seed would move errors too, many at once, which no number of test examples evens
out. How much, refits tell (assay/comparison/training_variance.py), of a head that is not the model. So it is scaled: where errors are counted
by how far answers differ, which makes it the correlation in a sample of clusters (Kish 1965, the design effect); for
other metrics by the square of the metric, which makes it a relative error.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri  # scipy.stats takes a second to import

from assay.evaluation.scores import METRICS, Predictions
from assay.measures import multiple_testing

COUNTED = ("accuracy", "macro_f1")  # in points; the more the better
_POINT = 0.01  # the change that a larger test set should show,
_POWER = 0.8  # with this probability
_PSEUDO = 2.0  # two examples more that disagree, one each way, where errors are counted (Bonett and Price 2012)


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
    a: Predictions,
    b: Predictions,
    chance: dict[str, float],
    *,
    metrics: Collection[str] = METRICS,
    confidence: float,
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
        spread = difference.var() + (_PSEUDO / n if name in COUNTED else 0)  # of one example
        common = chance.get(name, 0.0) * (
            spread if name in COUNTED else ((before + after).mean() / 2) ** 2
        )
        error = np.sqrt(spread / n + common) if difference.any() else 0.0
        change = difference.mean()
        half = ndtri((1 + confidence) / 2) * error
        p_value = 2 * ndtr(-abs(change) / error) if error else 1.0
        numbers = before.mean(), after.mean(), change, change - half, change + half, p_value
        level = 1 - (1 - confidence) / len(metrics)
        needed = _needed(spread, common, level) if error and name in COUNTED else None
        verdict = "no difference shown" if error else "same predictions"
        found.append(Verdict(name, *map(float, numbers), verdict, needed))
    adjusted = multiple_testing.adjusted(np.array([each.p_value for each in found]))
    for each, p_value in zip(found, adjusted.tolist(), strict=True):
        each.p_value = p_value
        if p_value < 1 - confidence:
            each.verdict = "better" if (each.change > 0) == (each.metric in COUNTED) else "worse"
            each.needed = None
    return found


def _needed(spread: float, common: float, confidence: float) -> int | None:
    """Test examples with which a change of one point would be shown; None where training alone moves more."""
    rest = (_POINT / (ndtri((1 + confidence) / 2) + ndtri(_POWER))) ** 2 - common
    return int(np.ceil(float(f"{spread / rest:.2g}"))) if rest > 0 else None


def chance(
    pairs: Iterable[Sequence[Predictions]], metrics: Collection[str] = METRICS
) -> dict[str, float]:
    """The variance of changes by chance in training that no number of test examples averages out, scaled, by metric.

    Parameters
    ----------
    pairs : of versions, of the same test examples each time, that differ from the first pair by chance alone
    """
    found = {}
    heard = np.array(
        [[[METRICS[name](each) for each in pair] for name in metrics] for pair in pairs]
    )
    for number, name in enumerate(metrics):
        change, level = (
            heard[:, number, 1] - heard[:, number, 0],
            heard[:, number].mean(),
        )  # (pairs, examples)
        spread = change.var(axis=0).mean()  # of one example by chance alone
        common = max(0.0, change.mean(axis=1).var() - spread / change.shape[1])
        scale = spread if name in COUNTED else level**2
        found[name] = float(common / scale) if scale else 0.0
    return found
