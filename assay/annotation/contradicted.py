"""Answers that may be wrong: classifiers that did not learn from them are sure of another class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.annotation import answers
from assay.contract import class_names
from assay.contract.errors import counted, first_of, say

# Measured on 100 right and 100 wrong answers to the queue of the example data. At 0.95, none of the
# right answers and half of the wrong ones are contradicted. At 0.9, 2 and 61. At 0.5, 13 and 89.
_SURE = 0.95
# Of a rare class, classifiers are sure even where they know nothing. So the example itself must say
# something: its odds must be this many times those of the frequencies. That is a Bayes factor; one
# of less than 3 is "not worth more than a bare mention" (Kass and Raftery 1995).
_FACTOR = 3
_SHOWN = 10  # answers in the message


def strongly(
    answered: pd.DataFrame, pred_probs: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """The answers where the classifiers are sure of another class, the surest first.

    Parameters
    ----------
    answered : people's answers that give the label in use
    pred_probs : (examples of the catalogue, classes), of classifiers that knew no answers

    Returns
    -------
    The rows of `answered`, with the class that is more probable as `other`
    """
    of_answers = pred_probs[answered["example"].to_numpy(int)].copy()  # (answers, classes)
    rows, given = np.arange(len(answered)), class_names.codes(answered["label"], classes)
    of_given = of_answers[rows, given]
    of_answers[rows, given] = 0
    other = of_answers.argmax(axis=1)
    probability = of_answers.max(axis=1)
    frequency = pred_probs.mean(axis=0)  # (classes,)
    # Without a division, since probabilities and frequencies may be 0.
    is_evidence = probability * frequency[given] >= _FACTOR * of_given * frequency[other]
    names = np.array(classes, dtype=object)
    frame = answered.assign(other=names[other], probability=probability)
    frame = frame[is_evidence & (probability >= _SURE)]
    return frame.sort_values("probability", ascending=False, kind="stable")


def tell(answered: pd.DataFrame, pred_probs: np.ndarray, classes: Sequence[str]) -> None:
    """Say on stderr which answers are contradicted, and how many of each person.

    Parameters
    ----------
    answered, pred_probs : from `answers.read`, without ties; and as in `strongly`
    """
    label_of_example = answers.standing(answered)["label"]
    in_use = answered[answered["label"] == answered["example"].map(label_of_example)]
    doubted = strongly(in_use, pred_probs, classes)
    if doubted.empty:
        return
    n_of = in_use["annotator"].value_counts()
    by_person = doubted["annotator"].value_counts()
    people = [f"{n:,} of {n_of[person]:,} by {person!r}" for person, n in by_person.items()]
    rows = doubted.itertuples()
    places = [f"{row.place} {row.label!r} (rather {row.other!r})" for row in rows]
    sure = f"classifiers that did not learn from them give another class {_SURE:.0%} or more"
    count = f"{counted(len(doubted), 'answer')} ({first_of(people)}) may be wrong, since {sure}"
    say(f"{count}; they count all the same. Look again at {first_of(places, _SHOWN)}")
