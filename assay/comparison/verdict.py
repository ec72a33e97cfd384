"""Is version B better than A, and is the difference real? A paired test on common test examples.

A metric is a mean of contributions, one for each example (assay/evaluation/scores.py). So one
formula serves all metrics. The change is the mean of the differences of contributions. Their
variance is that of sampling test examples, however similar the two versions are.

Another draw of the labels or another seed would also change many errors at once. More test examples
do not average this out. Refits of a closed-form head tell how large this variance is
(assay/comparison/training_variance.py). The head is not the model, so the variance is first divided
by a scale of the head, and then multiplied by the same scale of the model. Where errors are
counted, the scale is the variance of one example's change: the ratio is a correlation, as in
clusters of a sample (Kish 1965, the design effect). For other metrics, the scale is the square of
the metric: the ratio is a squared relative error.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

from assay.evaluation.scores import LARGER_IS_BETTER, METRICS, Predictions
from assay.measures import multiple_testing

SAME = "same predictions"
EQUAL = "no difference"  # each example scores the same, although predictions differ
NOT_SHOWN = "no difference shown"
UNJUDGED = "cannot be judged"
COUNTED = ("accuracy", "macro_f1")  # these count errors, so one point of them means something
# `needed` is the size of a test set that shows a change of `_POINT` with the probability `_POWER`.
_POINT, _POWER = 0.01, 0.8
# Where errors are counted, two made-up examples are added to the variance: A alone is right about
# the first, B alone about the second (Bonett and Price 2012).
_PSEUDO = 2.0
_MANY = 30  # with this many examples, the variance counts as known
_NO_SPREAD = 1e-9  # a smaller range of differences comes from rounding


@dataclass
class Verdict:
    """One metric of two versions.

    Attributes
    ----------
    a, b, change : the metric of both versions, and b - a
    low, high : the interval of `change`; None if it cannot be judged
    p_value : adjusted for the number of metrics; None if it cannot be judged
    verdict : "better", "worse", "no difference shown", "no difference" if each example scores the
        same, "same predictions" if also class and confidence are the same, or "cannot be judged"
    needed : how many test examples would show a change of one point; None if no number would
    scored : how many examples have known scores in both versions
    """

    metric: str
    a: float
    b: float
    change: float
    low: float | None
    high: float | None
    p_value: float | None
    verdict: str
    needed: int | None
    scored: int


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
    metrics : their names; any of them is falsely called different with a probability of at most
        1 - confidence (Holm 1979)
    """
    options = {"confidence": confidence, "level": 1 - (1 - confidence) / len(metrics)}
    tests = [_test(name, a, b, chance=chance.get(name, 0.0), **options) for name in metrics]
    verdicts = [test for test in tests if test is not None]
    judged = [verdict for verdict in verdicts if verdict.verdict != UNJUDGED]
    adjusted = multiple_testing.adjusted(np.array([verdict.p_value for verdict in judged]))
    for verdict, p_value in zip(judged, adjusted.tolist(), strict=True):
        verdict.p_value = p_value
        if p_value < 1 - confidence:
            gains = (verdict.change > 0) == LARGER_IS_BETTER[verdict.metric]
            verdict.verdict = "better" if gains else "worse"
            verdict.needed = None
    return verdicts


def _test(
    name: str, a: Predictions, b: Predictions, *, chance: float, confidence: float, level: float
) -> Verdict | None:
    """The paired test of one metric, not yet adjusted for the others; None if nobody knows it.

    Parameters
    ----------
    chance : the variance by chance in training, which is common to all test examples; scaled
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
    change = difference.mean()
    means = (scores_a.mean(), scores_b.mean())
    if not difference.any():
        verdict = SAME if _predict_the_same(a, b) else EQUAL
        return Verdict(name, *means, change, 0.0, 0.0, 1.0, verdict, None, n)
    if n == 1 or (np.ptp(difference) < _NO_SPREAD and not counted):
        return Verdict(name, *means, change, None, None, None, UNJUDGED, None, n)
    few = n < _MANY
    degrees = n - 1 if few else np.inf  # of freedom, in Student's t distribution
    variance = difference.var(ddof=int(few)) + (_PSEUDO / n if counted else 0)  # of one example
    scale = variance if counted else ((scores_a + scores_b).mean() / 2) ** 2
    variance_of_training = chance * scale
    error = np.sqrt(variance / n + variance_of_training)
    half = stdtrit(degrees, (1 + confidence) / 2) * error
    p_value = 2 * stdtr(degrees, -abs(change) / error)
    needed = _needed(variance, variance_of_training, level) if counted else None
    low, high = change - half, change + half
    return Verdict(name, *means, change, low, high, p_value, NOT_SHOWN, needed, n)


def _predict_the_same(a: Predictions, b: Predictions) -> bool:
    same_classes = np.array_equal(a.predicted, b.predicted)
    return same_classes and np.array_equal(a.confidence, b.confidence)


def withheld(verdicts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Verdicts as dictionaries, by name, without the results of the test, since it is not fair."""
    nothing = dict.fromkeys(("low", "high", "p_value", "needed")) | {"verdict": UNJUDGED}
    return {name: verdict | nothing for name, verdict in verdicts.items()}


def _needed(variance: float, variance_of_training: float, confidence: float) -> int | None:
    """How many test examples would show a change of one point; None if no number would."""
    largest = (_POINT / (ndtri((1 + confidence) / 2) + ndtri(_POWER))) ** 2
    rest = largest - variance_of_training  # what may come from sampling test examples
    return int(np.ceil(float(f"{variance / rest:.2g}"))) if rest > 0 else None


def chance(pairs: Iterable[Sequence[Predictions]]) -> dict[str, float]:
    """The variance of changes, by chance in training, that is common to all test examples; scaled.

    Parameters
    ----------
    pairs : the predictions of both versions, one pair for each refit, all on the same test
        examples; the pairs differ by chance alone
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
