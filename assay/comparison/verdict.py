"""Is version B better than A, and is the difference real? A paired test on common test examples.

A metric is a mean of contributions, one for each example (assay/evaluation/scores.py). So one
formula serves all metrics. The change is the mean of the differences of contributions. Their
variance is that of sampling test examples, whatever the two versions share.

Another draw of the labels or another seed would also move many errors at once. More test examples
do not average that out. Refits of a closed-form head tell how large this is
(assay/comparison/training_variance.py). The head is not the model, so its variance is scaled. Where
errors are counted, the scale is how far answers differ: this gives the correlation within a sample
of clusters (Kish 1965, the design effect). For other metrics it is the square of the metric: this
gives a relative error.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri  # scipy.stats takes a second to import

from assay.evaluation.scores import METRICS, Predictions
from assay.measures import multiple_testing

SAME, NOT_SHOWN = "same predictions", "no difference shown"
COUNTED = ("accuracy", "macro_f1")  # these count errors; the larger the better
# `needed` is the size of a test set that shows a change of `_POINT` with the probability `_POWER`.
_POINT, _POWER = 0.01, 0.8
# Where errors are counted, two made-up examples are added to the variance: A alone is right about
# the first, B alone about the second (Bonett and Price 2012).
_PSEUDO = 2.0


@dataclass
class Verdict:
    """One metric of two versions.

    Attributes
    ----------
    a, b, change : the metric of both versions, and b - a
    low, high : the interval of `change`
    p_value : adjusted for the number of metrics
    verdict : "better", "worse", "no difference shown" or "same predictions"
    needed : how many test examples would show a change of one point; None if no number would
    """

    metric: str
    a: float
    b: float
    change: float
    low: float
    high: float
    p_value: float
    verdict: str
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
    chance : in training, of each metric, from `chance`; a missing one counts as 0
    metrics : the probability of any false difference in them is at most 1 - confidence (Holm 1979)
    """
    options = {"confidence": confidence, "level": 1 - (1 - confidence) / len(metrics)}
    tests = [_test(name, a, b, chance=chance.get(name, 0.0), **options) for name in metrics]
    verdicts = [test for test in tests if test is not None]
    adjusted = multiple_testing.adjusted(np.array([verdict.p_value for verdict in verdicts]))
    for verdict, p_value in zip(verdicts, adjusted.tolist(), strict=True):
        verdict.p_value = p_value
        if p_value < 1 - confidence:
            larger_is_better = verdict.metric in COUNTED
            verdict.verdict = "better" if (verdict.change > 0) == larger_is_better else "worse"
            verdict.needed = None
    return verdicts


def _test(
    name: str, a: Predictions, b: Predictions, *, chance: float, confidence: float, level: float
) -> Verdict | None:
    """The paired test of one metric, not yet adjusted for the others; None if nobody knows it.

    Parameters
    ----------
    chance : the scaled variance that is common to all test examples
    confidence, level : of the interval, and of the number of examples that are needed
    """
    scores_a = METRICS[name](a)
    scores_b = METRICS[name](b)
    known = ~np.isnan(scores_a + scores_b)
    if not known.any():
        return None
    scores_a, scores_b = scores_a[known], scores_b[known]  # (n,)
    counted = name in COUNTED
    n = len(scores_a)
    difference = scores_b - scores_a
    variance = difference.var() + (_PSEUDO / n if counted else 0)  # of one example
    scale = variance if counted else ((scores_a + scores_b).mean() / 2) ** 2
    common = chance * scale
    error = np.sqrt(variance / n + common) if difference.any() else 0.0
    change = difference.mean()
    half = ndtri((1 + confidence) / 2) * error
    p_value = 2 * ndtr(-abs(change) / error) if error else 1.0
    low, high = change - half, change + half
    verdict = NOT_SHOWN if error else SAME
    needed = _needed(variance, common, level) if error and counted else None
    means = (scores_a.mean(), scores_b.mean())
    return Verdict(name, *means, change, low, high, p_value, verdict, needed)


def _needed(variance: float, common: float, confidence: float) -> int | None:
    """How many test examples would show a change of one point; None if no number would."""
    largest = (_POINT / (ndtri((1 + confidence) / 2) + ndtri(_POWER))) ** 2
    rest = largest - common  # the part of the variance that sampling test examples may have
    return int(np.ceil(float(f"{variance / rest:.2g}"))) if rest > 0 else None


def chance(pairs: Iterable[Sequence[Predictions]]) -> dict[str, float]:
    """The variance of changes, by chance in training, that is common to all test examples; scaled.

    Parameters
    ----------
    pairs : of versions, each time on the same test examples; they differ by chance alone
    """
    by_pair = [
        [[contributions(version) for version in pair] for contributions in METRICS.values()]
        for pair in pairs
    ]
    by_metric = np.array(by_pair)  # (pairs, metrics, 2, examples)
    common_of = {}
    for number, name in enumerate(METRICS):
        scores = by_metric[:, number]  # (pairs, 2, examples)
        change = scores[:, 1] - scores[:, 0]  # (pairs, examples)
        variance = change.var(axis=0).mean()  # of one example
        common = max(0.0, change.mean(axis=1).var() - variance / change.shape[1])
        scale = variance if name in COUNTED else scores.mean() ** 2
        common_of[name] = float(common / scale) if scale else 0.0
    return common_of
