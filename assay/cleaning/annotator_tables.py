"""How good each annotator is: in all, and on the classes and batches that are harder for them."""

import numpy as np
import pandas as pd

from assay.cleaning.annotators import Consensus, Votes
from assay.measures import slices

_CONFIDENCE = 0.95
_LISTED = 1000  # parts, at most; the most significantly bad ones come first


def table(
    votes: Votes, consensus: Consensus, people: list[str], classes: list[str]
) -> pd.DataFrame:
    """The accuracy of each annotator, and the confusion that each makes most often.

    A confusion is a pair: the true class, and the label that the annotator gave instead.
    """
    labels = np.bincount(votes.annotators, minlength=len(people))
    answers = pd.DataFrame({"annotator": votes.annotators, "label": votes.labels})
    answers["true"] = consensus.probabilities[votes.examples].argmax(axis=1)
    wrong = answers[answers["label"] != answers["true"]]
    wrong = wrong.value_counts().reset_index(name="times")
    is_ascending = {"annotator": True, "times": False, "true": True, "label": True}  # by column
    wrong = wrong.sort_values(list(is_ascending), ascending=list(is_ascending.values()))
    worst = wrong.drop_duplicates("annotator").set_index("annotator")
    confuses = pd.Series("", range(len(people)), dtype=object)
    for row in worst.itertuples():
        confuses[row.Index] = f"{classes[row.true]} as {classes[row.label]} ({row.times})"
    low, high = slices.wilson(consensus.accuracy * labels, np.maximum(labels, 1), _CONFIDENCE)
    columns = {"annotator": people, "labels": labels, "accuracy": consensus.accuracy}
    columns |= {"accuracy_low": low, "accuracy_high": high}
    return pd.DataFrame(columns).assign(confuses=confuses)


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
