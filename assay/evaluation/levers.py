"""What to do next: what more rows, more labels, corrected labels or a larger encoder would give."""

import math

import numpy as np
import pandas as pd
from scipy.stats import sem
from scipy.stats import t as student

from assay.contract.sections import Evaluate
from assay.evaluation import forecast
from assay.evaluation.forecast import Curve, Estimate, Head, Point
from assay.measures import intervals

_ROWS = 1000  # more rows, whose gain is forecast
_SAID = {  # what a gain is for, and what its forecast starts from
    "more_rows": ("{step} rows", "{now} of them with a label, as now"),
    "more_labels": ("hour of {step} answers", "examples without a label in use: {now}"),
    "corrected_labels": ("hour of {step} answers", "wrong labels: about {now}, in an hour {found}"),
    "larger_encoder": ("twice the dimensions", "{now} dimensions now"),
}
_ALL_LABELLED = "all labelled, as now"
_BUT_ANSWERS = ", not counting answers of people, which are taken as right"
_ADDED_NOISE = 0.1, 0.2, 0.3  # shares of labels that are made wrong
_DRAWS = 4  # of these labels
_SHARES = 1 / 16, 1 / 8, 1 / 4, 1 / 2  # of the dimensions, for a backtest


def table(
    head: Head,
    curve: Curve,
    doubt: np.ndarray,
    whole: Point,
    *,
    unlabelled: int,
    params: Evaluate,
    has_answers: bool = False,
) -> pd.DataFrame:
    """What each lever would give, the largest gain first, unknown gains last.

    Parameters
    ----------
    doubt : (rows,) probability that the label of each labelled row is wrong
    whole : dimensions of the whole embedding, and the accuracy of a head on it
    unlabelled : number of rows without a label in use
    has_answers : whether some labels are answers of people; their doubt is 0: nobody judges them

    Returns
    -------
    pd.DataFrame
        `lever`, `gain`, `low`, `high` (in accuracy; nan if unknown), `per` and `note`, and the
        numbers in these two texts: `step`, `now` and `found`
    """
    n = len(doubt)
    level = params.confidence
    hour = params.answers_per_hour
    labelled = _ROWS * n / (n + unlabelled)
    answered = min(unlabelled, hour)
    n_corrected = np.sort(doubt)[::-1][:hour].sum()
    dimensions, _ = whole
    accuracy = curve.at(n, level)[0]
    more_rows = clipped(curve.gain(n, n + labelled, level), accuracy)
    more_labels = clipped(curve.gain(n, n + answered, level), accuracy)
    corrections = clipped(corrected(head, curve, doubt, n_corrected, level), accuracy)
    of_dimensions = curve_of_dimensions(head, whole)
    larger = of_dimensions.gain(dimensions, 2 * dimensions, level)
    larger_encoder = clipped(larger, of_dimensions.at(dimensions, level)[0])
    levers = [
        ("more_rows", more_rows, _ROWS, round(labelled), 0),
        *([("more_labels", more_labels, hour, unlabelled, 0)] if unlabelled else []),
        ("corrected_labels", corrections, hour, round(doubt.sum()), round(n_corrected)),
        ("larger_encoder", larger_encoder, 2, dimensions, 0),
    ]
    rows = []
    for lever, estimate, step, now, found in levers:
        gain, low, high = estimate
        numbers = {"step": step, "now": now, "found": found}
        texts = _texts(lever, estimate, numbers, has_answers=has_answers)
        rows.append({"lever": lever, "gain": gain, "low": low, "high": high} | texts | numbers)
    return pd.DataFrame(rows).sort_values("gain", ascending=False, kind="stable")


def _texts(
    lever: str, estimate: Estimate, numbers: dict[str, int], *, has_answers: bool
) -> dict[str, str]:
    """`per` and `note` of a lever, in words."""
    gain, low, _ = estimate
    per, note = _SAID[lever]
    if lever == "more_rows" and numbers["now"] == numbers["step"]:
        note = _ALL_LABELLED
    if lever == "corrected_labels" and has_answers:
        note += _BUT_ANSWERS
    start = "" if low > 0 else "no gain shown; "
    if math.isnan(gain):
        start = "cannot tell; "
    return {"per": per.format(**numbers), "note": start + note.format(**numbers)}


def clipped(gain: Estimate, accuracy: float) -> Estimate:
    """A gain and its interval, cut where the accuracy would fall below 0 or rise above 1."""
    value, low, high = np.clip(gain, -accuracy, 1 - accuracy).tolist()
    return value, low, high


def metrics(curve: Curve, table: pd.DataFrame, n: int, confidence: float) -> dict[str, float]:
    """The forecast as flat numbers, without the unknown ones; see the glossary."""
    values = {"rows": n, "accuracy": curve.at(n, confidence)[0], "backtest_error": curve.error}
    for row in table.itertuples():
        values |= intervals.as_metric(f"gain_{row.lever}", row.gain, row.low, row.high)
    at_twice = np.clip(curve.at(2 * n, confidence), 0, 1).tolist()
    values |= intervals.as_metric("accuracy_at_twice", *at_twice)
    return {name: value for name, value in values.items() if np.isfinite(value)}


def corrected(
    head: Head, curve: Curve, doubt: np.ndarray, n_corrected: float, level: float
) -> Estimate:
    """What correcting some wrong labels would give, expressed as a number of more rows.

    Take a head on n labels, and make a share of them wrong. We assume that the head is then as
    accurate as a head on n (1 - share)^power labels without these errors. The power is found by
    making labels wrong, at known rates. The learning curve says how many of the present labels give
    the same accuracy.

    Parameters
    ----------
    doubt : (rows,) probability that each label is wrong
    n_corrected : number of wrong labels that would be corrected
    level : of the interval, 0..1
    """
    rng = np.random.default_rng(0)
    n = len(head.labels)
    rows = len(doubt)
    products, *_ = head.sums(np.arange(n))

    def accuracy_with(share: float) -> float:  # of labels that are made wrong
        other_class = rng.integers(1, max(head.n_classes, 2), n)  # steps from the label
        is_changed = rng.random(n) < share
        labels = (head.labels + other_class * is_changed) % head.n_classes
        return head.accuracy(products, *head.by_class(labels, head.features))

    added = np.array(_ADDED_NOISE)  # (shares,)
    accuracies = np.array([[accuracy_with(share) for _ in range(_DRAWS)] for share in added])
    variances = accuracies.var(axis=1, ddof=1) / added  # by share of changed labels
    rows_as_good = [curve.rows_for(accuracy) for accuracy in accuracies.mean(axis=1)]
    powers = np.log(rows_as_good / curve.rows.max()) / np.log(1 - added)
    power = max(float(powers.mean()), 0.0)
    error = sem(powers) * student.ppf((1 + level) / 2, len(powers) - 1)  # Student 1908
    n_free = len(powers) * (_DRAWS - 1)
    spread = np.sqrt(variances.mean() * n_corrected / rows)
    times = 1 + n_corrected / max((1 - doubt).sum(), 1)
    gain, low, _ = curve.gain(rows, rows * times**power, level)
    if math.isnan(gain):
        return gain, gain, gain
    most, *_ = curve.gain(rows, rows * times ** (power + error), level)
    by_curve = gain - low
    by_power = most - gain
    by_draws = spread * student.ppf((1 + level) / 2, n_free)
    margin = math.hypot(by_curve, by_power, by_draws)
    margin = max(margin, forecast.least_error(head))
    return gain, gain - margin, gain + margin


def curve_of_dimensions(head: Head, whole: Point) -> Curve:
    """The accuracy by number of dimensions, from heads on some of them.

    Parameters
    ----------
    whole : dimensions of the whole embedding, and the accuracy of a head on it
    """
    width = head.features.shape[1]
    products, of_class, counts = head.sums(np.arange(len(head.labels)))

    def point(share: float) -> Point:
        # the first dimensions: a smaller encoder keeps the main directions
        n_first = max(int(width * share), 1)
        return n_first, head.accuracy(products[:n_first, :n_first], of_class[:, :n_first], counts)

    others = [point(1), point(3 / 4), *([whole] if whole[0] > width else [])]
    halves = [[point(share) for share in _SHARES]]
    return forecast.drawn(halves, others, forecast.least_error(head))
