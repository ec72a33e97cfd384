"""What to do next: what more rows, more labels, corrected labels or a larger encoder would give."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from assay.evaluation import forecast
from assay.evaluation.forecast import Curve, Estimate, Head, Point

_ROWS = 1000  # of which the gain is forecast
_ADDED_NOISE = 0.0, 0.1, 0.2, 0.3  # shares of labels that are made wrong
_DRAWS = 4  # of these labels
_SHARES = 1 / 16, 1 / 8, 1 / 4, 1 / 2  # of the dimensions, for a backtest


def table(
    head: Head,
    curve: Curve,
    *,
    doubt: np.ndarray,
    unlabelled: int,
    answers: int,
    dimension: int,
    accuracy: float,
    confidence: float,
) -> pd.DataFrame:
    """What each lever would give, the largest gain first, those that cannot be told last.

    Parameters
    ----------
    doubt : (rows,) probability that the label of each labelled row is wrong
    unlabelled : number of rows without a label
    answers : of a person in an hour
    dimension, accuracy : of the whole embedding, and of a head on it
    confidence : of the intervals

    Returns
    -------
    pd.DataFrame
        `lever`, `gain`, `low`, `high` (in accuracy; nan if it cannot be told), `per` and `note`
    """
    n, hour = len(doubt), f"hour of {answers} answers"
    labelled = _ROWS * n / (n + unlabelled)
    asked = np.sort(doubt)[::-1][:answers].sum()
    wrong = f"about {doubt.sum():.0f} labels are wrong, {asked:.0f} of them found in an hour"
    larger = encoder(head, dimension, accuracy).gain(dimension, 2 * dimension, confidence)
    gains = {
        ("more_rows", f"{_ROWS} rows", f"{labelled:.0f} of them with a label, as now"):
            curve.gain(n, n + labelled, confidence),
        ("more_labels", hour, f"{unlabelled} examples have no label"):
            curve.gain(n, n + min(unlabelled, answers), confidence),
        ("corrected_labels", hour, wrong):
            corrected(head, doubt.mean(), asked / n, confidence),
        ("larger_encoder", "twice the dimensions", f"{dimension} dimensions now"): larger,
    }  # fmt: skip
    frame = pd.DataFrame(gains, index=["gain", "low", "high"]).T
    frame = frame.rename_axis(["lever", "per", "note"]).reset_index()
    doubtful = np.where(frame["low"] > 0, "", "no gain shown; ")
    frame["note"] = np.where(frame["gain"].isna(), "cannot tell; ", doubtful) + frame["note"]
    frame = frame.sort_values("gain", ascending=False, kind="stable")
    return frame[["lever", "gain", "low", "high", "per", "note"]]


def corrected(head: Head, noise: float, share: float, confidence: float) -> Estimate:
    """What correcting a share of all labels would give, from what more wrong labels cost.

    Labels are made wrong at known rates, and the accuracy is extrapolated to fewer wrong ones
    (SIMEX: Cook and Stefanski 1994).

    Parameters
    ----------
    noise : share of labels that are wrong now, 0 to 1
    share : of all labels that would be corrected, at most `noise`
    """
    rng, n = np.random.default_rng(0), len(head.labels)
    products, *_ = head.sums(np.arange(n))
    points = []
    for added in _ADDED_NOISE:
        for _ in range(_DRAWS if added else 1):
            moves = rng.integers(1, max(head.n_classes, 2), n) * (rng.random(n) < added)
            by_class = head.by_class((head.labels + moves) % head.n_classes, head.features)
            points.append((added * (1 - noise), head.accuracy(products, *by_class)))
    x, accuracy = np.array(points).T
    powers, covariance = np.polyfit(x, accuracy, 2, cov=True)
    move = np.subtract(*np.vander([-share, 0], 3))  # from the wrong labels of now to fewer
    margin = student.ppf((1 + confidence) / 2, len(x) - 3) * np.sqrt(move @ covariance @ move)
    gain = max(float(move @ powers), 0.0)
    return gain, float(gain - margin), float(gain + margin)


def encoder(head: Head, dimension: int, accuracy: float) -> Curve:
    """The accuracy by number of dimensions, from heads on some of them.

    Parameters
    ----------
    dimension, accuracy : of the whole embedding, and of a head on it
    """
    width = head.features.shape[1]
    products, of_class, counts = head.sums(np.arange(len(head.labels)))

    def point(share: float) -> Point:
        few = max(int(width * share), 1)  # the first, as a smaller encoder has the main directions
        return few, head.accuracy(products[:few, :few], of_class[:, :few], counts)

    whole = [point(1), point(3 / 4)]
    if dimension > width:
        whole.append((dimension, accuracy))
    return forecast.drawn([[point(share) for share in _SHARES]], whole)
