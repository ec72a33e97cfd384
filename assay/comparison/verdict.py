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
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

from assay.evaluation.scores import LARGER_IS_BETTER, METRICS, Predictions
from assay.measures import multiple_testing

SAME = "same predictions"
EQUAL = "no difference"  # each example scores the same, although predictions differ
NOT_SHOWN = "no difference shown"
UNJUDGED = "cannot be judged"
RECALL = "recall of "  # the name of a class follows
COUNTED = ("accuracy", "macro_f1")  # these count errors, so one point of them means something
# `needed` is the size of a test set that shows a change of `_POINT` with the probability `_POWER`.
_POINT, _POWER = 0.01, 0.8
# Where errors are counted, two made-up examples are added to the variance: A alone is right about
# the first, B alone about the second (Bonett and Price 2012).
_PSEUDO = 2.0
_MANY = 30  # with this many examples, the variance counts as known
# a class with fewer answers is not tested, as a slice in measures/slices.py (slow to import)
LEAST = 10
_NO_SPREAD = 1e-9  # a smaller range of differences comes from rounding


@dataclass
class Verdict:
    """One metric of two versions.

    Attributes
    ----------
    a, b, change : the metric of both versions, and b - a
    low, high : the interval of `change`, within -1 and 1 where errors are counted; None if it
        cannot be judged
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
    _adjust([verdict for verdict in verdicts if verdict.verdict != UNJUDGED], confidence)
    return verdicts


def judge_recall(
    a: Predictions,
    b: Predictions,
    chance: dict[str, float],
    classes: Sequence[str],
    *,
    confidence: float,
) -> dict[str, dict[str, Any]]:
    """Compare the recall of each class that is an answer, as `judge` compares metrics.

    Returns
    -------
    The verdict of each class, as a dictionary. A class with fewer than 10 answers cannot be judged.
    Any other class is falsely called different with a probability of at most 1 - confidence.
    """
    verdicts = {}
    for code in np.unique(a.answer).tolist():
        rows = np.flatnonzero(a.answer == code)
        # Refits of the head may never predict a rare class. Then only those of all classes tell.
        largest = max(chance.get(name, 0.0) for name in ("accuracy", f"{RECALL}{code}"))
        options = {"chance": largest, "confidence": confidence, "level": confidence}
        if verdict := _test("accuracy", a[rows], b[rows], **options):
            verdicts[classes[code]] = verdict
    _adjust([verdict for verdict in verdicts.values() if verdict.scored >= LEAST], confidence)
    recall = {name: asdict(tested) | {"metric": "recall"} for name, tested in verdicts.items()}
    few = {name: judged for name, judged in recall.items() if judged["scored"] < LEAST}
    return recall | withheld(few)


def _adjust(verdicts: list[Verdict], confidence: float) -> None:
    """Adjust p-values for the number of verdicts, and say which ones are better or worse."""
    adjusted = multiple_testing.adjusted(np.array([verdict.p_value for verdict in verdicts]))
    for verdict, p_value in zip(verdicts, adjusted.tolist(), strict=True):
        verdict.p_value = p_value
        if p_value < 1 - confidence:
            gains = (verdict.change > 0) == LARGER_IS_BETTER[verdict.metric]
            verdict.verdict = "better" if gains else "worse"
            verdict.needed = None


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
    if counted:
        low, high = max(low, -1.0), min(high, 1.0)  # no share changes by more
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

    It is that of each metric, and that of the recall of each class, `recall of <its number>`.

    Parameters
    ----------
    pairs : the predictions of both versions, one pair for each refit, all on the same test
        examples; the pairs differ by chance alone
    """
    by_pair = []
    for pair in pairs:
        answer = pair[0].answer  # the same in all pairs
        by_pair.append([[scores(version) for version in pair] for scores in METRICS.values()])
    by_metric = dict(zip(METRICS, np.array(by_pair).swapaxes(0, 1), strict=True))
    common_of = {name: _common(scores, name in COUNTED) for name, scores in by_metric.items()}
    for code in np.unique(answer).tolist():
        of_class = by_metric["accuracy"][:, :, answer == code]
        common_of[f"{RECALL}{code}"] = _common(of_class, counted=True)
    return common_of


def _common(scores: np.ndarray, counted: bool) -> float:
    """The part of the variance of changes that all examples share; scaled.

    Parameters
    ----------
    scores : (pairs, 2, examples) the contributions to one metric
    """
    change = scores[:, 1] - scores[:, 0]  # (pairs, examples)
    variance = change.var(axis=0).mean()  # of one example
    common = max(0.0, change.mean(axis=1).var() - variance / change.shape[1])
    scale = variance if counted else scores.mean() ** 2
    return float(common / scale) if scale else 0.0
