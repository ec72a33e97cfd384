"""The accuracy against true labels, although test labels may be wrong.

Without answers, an example counts with the probability that the prediction is its true class. This
is only as good as these probabilities. People's answers correct it: prediction-powered inference
(Angelopoulos et al. 2023). Chance decides which labels are checked first, and doubtful labels have
a higher chance (active inference: Zrnic and Candès 2024). The random order is that of priority
sampling (Ohlsson 1998; Duffield, Lund and Thorup 2007): a random number divided by a weight. If
only doubtful labels were checked, the model would seem better than it is.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.measures import intervals

_LEAST_WEIGHT = 0.02  # weight of a label without doubt; at a probability of 0.5 it is about 0.5
# Spread of the error of probabilities that are not checked, relative to the change that they make.
# Measured in benchmarks/true_accuracy.py.
_MISCALIBRATION = 0.2
_ANSWERED = 0.75  # share of the first labels to check that must be answered: some are skipped


def metrics(
    doubts: pd.DataFrame,
    answers: pd.Series,
    confidence: float,
    tied: pd.Series | None = None,
    *,
    unlabelled: pd.DataFrame | None = None,
) -> dict[str, float]:
    """Accuracy against true labels, with its interval, and the number of doubtful test labels.

    The accuracy is left out if the truth of all is known: then nothing needs an estimate. It is
    also left out if nothing judges labels: the share that is right would be a guess. People's
    answers tie on hard examples, and there the model errs too. So an example with a tie is not
    skipped. It counts with the share of its answers that are the predicted class.

    Parameters
    ----------
    doubts : of test examples, from `held_out_labels.doubt`, with their `truth`, "" if not known
    answers : people's labels, by id
    tied : labels that tie, by id, several for each id
    unlabelled : `id`, `predicted` and `truth` of the test examples without a label. Their truth
        counts, so that this accuracy is about the same examples as the raw one
    """
    if doubts.empty:
        return {}
    is_answered = doubts["id"].isin(answers.index)
    doubtful = int(((doubts["reason"] != "") & ~is_answered).sum())
    if (doubts["truth"] != "").all() or doubts["right"].isna().any():
        return {"test_doubts": doubtful}
    if unlabelled is not None:
        is_right = unlabelled["truth"] == unlabelled["predicted"]
        others = unlabelled.assign(given=unlabelled["truth"], right=is_right.astype(float))
        doubts = pd.concat([doubts, others.assign(check_order=np.nan)], ignore_index=True)
    predicted = doubts["predicted"]
    known = doubts["truth"].where(doubts["truth"] != "", doubts["id"].map(answers))
    shares = doubts["id"].map(shares_of_ties(tied, doubts.set_index("id")["predicted"]))
    correct = np.where(known.isna(), shares, known == predicted)
    agrees = (predicted == doubts["given"]).to_numpy()
    right = doubts["right"].to_numpy()
    order = doubts["check_order"].to_numpy()
    estimated = estimate(right, order, agrees, correct, confidence)
    return intervals.as_metric("accuracy_true", *estimated) | {"test_doubts": doubtful}


def shares_of_ties(tied: pd.Series | None, predicted: pd.Series) -> pd.Series:
    """The share of the tied answers about an example that are the predicted class, by id."""
    if tied is None or tied.empty:
        return pd.Series(dtype=float)
    is_predicted = tied.array == tied.index.map(predicted)
    return pd.Series(is_predicted, tied.index).groupby(level=0).mean()


def check_order(ids: Sequence[str], right: np.ndarray, agrees: np.ndarray) -> np.ndarray:
    """When to check each test label, (n,) > 0: in ascending order.

    Parameters
    ----------
    right : (n,) probability that the prediction is the true class
    agrees : (n,) bool, whether the prediction is the given label
    """
    digests = [hashlib.sha256(f"check {id_}".encode()).digest()[:8] for id_ in ids]
    chance = np.array([int.from_bytes(digest) for digest in digests]) / 2**64  # (n,) 0..1
    return chance / _weight(right, agrees)


def _weight(right: np.ndarray, agrees: np.ndarray) -> np.ndarray:
    return np.sqrt(_expected(right, agrees)) + _LEAST_WEIGHT


def _expected(right: np.ndarray, agrees: np.ndarray) -> np.ndarray:
    """The expected squared error (n,): by chance, and by errors of the probabilities."""
    return right * (1 - right) + (_MISCALIBRATION * (right - agrees)) ** 2


def estimate(
    right: np.ndarray, order: np.ndarray, agrees: np.ndarray, answers: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """The accuracy against true labels, and its interval for examples like these.

    The interval is that of a share of n examples (Wilson 1927), made wider by the doubt about their
    labels. The two margins add up as standard errors do, by squares (MOVER: Zou and Donner 2008).

    Parameters
    ----------
    right : (n,) probability that the prediction is the true class
    order : (n,) from `check_order`; nan for an example whose only label is an answer. Chance did
        not choose such an answer, so it counts for its own example only
    agrees : (n,) bool, whether the prediction is the given label
    answers : (n,) 1 if a person's answer is the predicted class, 0 if not, a share if answers tie,
        nan without an answer
    confidence : of the interval
    """
    share, variance = of_these(right, order, agrees, answers)
    low, high = intervals.wilson(share * len(right), len(right), confidence)
    margin_of_labels = intervals.standard_errors(confidence) * np.sqrt(variance)
    below, above = np.hypot([share - low, high - share], margin_of_labels)
    return share, max(0.0, float(share - below)), min(1.0, float(share + above))


def of_these(
    right: np.ndarray, order: np.ndarray, agrees: np.ndarray, answers: np.ndarray
) -> tuple[float, float]:
    """The accuracy on these examples, and the variance of its error. Parameters as in `estimate`.

    The estimate by probabilities and the correction by answers are weighted by their variances
    (Angelopoulos, Duchi and Zrnic 2023: PPI++).
    """
    answered = ~np.isnan(answers)
    checked, chance = _checked(_weight(right, agrees), answered, order)
    known = answered & ~checked  # answers out of turn count for their own example only
    right = np.where(known, answers, right)
    prior = float(right.mean())
    variance = _variance_without_checks(right, agrees)
    if not checked.any():
        return prior, variance
    chance_of_checked = chance[checked]
    surprise = (answers - right)[checked] / chance_of_checked
    observed = ((1 - chance_of_checked) * surprise**2).sum()
    squared_errors = np.where(known, 0, _expected(right, agrees))
    expected = ((1 - chance) / chance * squared_errors).sum()
    variance_of_checks = max(observed, expected) / len(right) ** 2
    weight = variance / (variance + variance_of_checks) if variance_of_checks else 1.0
    corrected = prior + weight * surprise.sum() / len(right)
    return float(np.clip(corrected, 0, 1)), float(weight * variance_of_checks)


def _checked(
    weight: np.ndarray, answered: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which labels were checked in turn, (n,) bool, and each label's chance of a check, (n,)."""
    has_order = ~np.isnan(order)
    in_order = np.argsort(order, kind="stable")[: has_order.sum()]  # nan comes last
    n_first = np.arange(1, len(in_order) + 1)
    answered_shares = np.cumsum(answered[in_order]) / n_first  # of the first 1, 2, … labels
    enough = np.flatnonzero(answered_shares >= _ANSWERED)
    count = enough[-1] + 1 if len(enough) else 0
    in_turn = np.zeros(len(order), bool)
    in_turn[in_order[:count]] = True
    bound = order[in_order[count]] if count < len(in_order) else np.inf
    inclusion = np.minimum(1, weight * bound)
    answered_share = answered_shares[count - 1] if count else 1.0
    return in_turn & answered, inclusion * answered_share


def _variance_without_checks(right: np.ndarray, agrees: np.ndarray) -> float:
    change = np.abs(right - agrees).mean()
    by_chance = (right * (1 - right)).sum() / len(right) ** 2
    return float(by_chance + (_MISCALIBRATION * change) ** 2)
