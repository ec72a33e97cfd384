"""How good each annotator is: in all, and on the classes and batches that are harder for them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from assay.cleaning.annotators import Consensus, Votes, right_by_others
from assay.measures import intervals, slices

_CONFIDENCE = 0.95
_USUAL = 1.0  # weight of the mean accuracy, in labels: it decides if labels say nothing
_HALVINGS = 25  # of an interval from 0 to 1
_LISTED = 1000  # parts at most; the parts with the smallest p-values come first


def table(
    votes: Votes, consensus: Consensus, people: list[str], classes: list[str]
) -> pd.DataFrame:
    """The accuracy of each annotator, and the confusion that each makes most often.

    A confusion is a pair: the true class, and the label that the annotator gave instead.
    """
    labels = np.bincount(votes.annotators, minlength=len(people))
    true = consensus.probabilities[votes.examples].argmax(axis=1)
    answers = votes.frame().assign(true=true)
    wrong = answers[answers["label"] != answers["true"]]
    wrong = wrong.value_counts(["annotator", "label", "true"]).reset_index(name="times")
    order = ["annotator", "times", "true", "label"]
    wrong = wrong.sort_values(order, ascending=[True, False, True, True])
    confuses = [""] * len(people)
    for row in wrong.drop_duplicates("annotator").itertuples():
        confuses[row.annotator] = f"{classes[row.true]} as {classes[row.label]} ({row.times})"
    accuracy, low, high = accuracies(votes, consensus)
    columns = {"annotator": people, "labels": labels, "accuracy": accuracy}
    columns |= {"accuracy_low": low, "accuracy_high": high, "confuses": confuses}
    return pd.DataFrame(columns)


def accuracies(votes: Votes, consensus: Consensus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of right labels of each annotator, by the prior and the labels of others.

    It is the most likely share. The mean accuracy of all annotators counts as one more label. The
    interval holds all shares with a likelihood that is not much lower (Wilks 1938). So the interval
    is wide if the prior and the others say little, and from 0 to 1 if they say nothing.

    Returns
    -------
    tuple
        The accuracy, and the lower and upper end of its interval, (annotators,) each, 0..1.
    """
    right = right_by_others(votes, consensus)  # (votes,)
    mean = consensus.accuracy[votes.annotators].mean()
    n_people = votes.shape[1]

    def likelihoods(share: np.ndarray) -> np.ndarray:  # (votes,)
        of_vote = share[votes.annotators]
        return of_vote * right + (1 - of_vote) * (1 - right)

    def logarithm(share: np.ndarray) -> np.ndarray:  # (annotators,)
        return np.bincount(votes.annotators, np.log(likelihoods(share)), n_people)

    def slope(share: np.ndarray) -> np.ndarray:  # of the logarithm, which is concave
        return np.bincount(votes.annotators, (2 * right - 1) / likelihoods(share), n_people)

    def with_mean(share: np.ndarray) -> np.ndarray:
        return slope(share) + _USUAL * (mean / share - (1 - mean) / (1 - share))

    zero, one = np.zeros(n_people), np.ones(n_people)
    accuracy = _where(lambda share: with_mean(share) > 0, zero, one)
    likeliest = _where(lambda share: slope(share) > 0, zero, one)
    least = logarithm(likeliest) - intervals.standard_errors(_CONFIDENCE) ** 2 / 2
    low = _where(lambda share: logarithm(share) < least, zero, likeliest)
    high = _where(lambda share: logarithm(share) > least, likeliest, one)
    return accuracy, low, high


def _where(
    is_before: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """The last place between `low` and `high` where `is_before` is true, found by bisection."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        before = is_before(middle)
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return (low + high) / 2


def parts(
    votes: Votes, consensus: Consensus, people: list[str], classes: list[str], batches: pd.Series
) -> pd.DataFrame:
    """The accuracy of each annotator on each class and in each batch, the worst parts first.

    Batches are in the order of arrival, so they show who improved and who got tired.

    Parameters
    ----------
    batches : (examples,) the batch of each example

    Returns
    -------
    pd.DataFrame
        `annotator`, and the columns of `slices.table`. A part is compared with all labels of the
        same annotator. The p-values are adjusted for all parts of all annotators.
    """
    true = consensus.probabilities[votes.examples].argmax(axis=1)
    correct = votes.labels == true
    of_votes = pd.DataFrame(
        {
            "class": np.array(classes, dtype=object)[true],
            "batch": batches.to_numpy()[votes.examples],
        }
    )
    names = np.array(people, dtype=object)[votes.annotators]
    listed = slices.of_groups(of_votes, names, correct, _CONFIDENCE)
    return listed.rename(columns={"group": "annotator"}).head(_LISTED)
