"""Pairs of annotators who make the same errors: one may copy from the other.

Two people who work alone also make the same errors: on hard examples, and between similar classes.
So a pair is compared with all other pairs. An error is a label that differs from the consensus.
"""

import numpy as np
import pandas as pd
from scipy.stats import binom

from assay.cleaning.annotators import Consensus, Votes
from assay.contract.errors import counted, first_of, say
from assay.contract.paths import GIVEN
from assay.measures import multiple_testing

_LEVEL = 0.01  # chance that any pair is flagged although nobody copies
_TIMES = 2.0  # a pair is flagged if it has at least this many times the expected same errors
_MOST = 5_000_000  # pairs of labels that are looked at
_TINY = 1e-12


def pairs(votes: Votes, consensus: Consensus, people: list[str]) -> pd.DataFrame:
    """Count the same errors of each pair of people who labelled at least one example in common.

    Returns
    -------
    pd.DataFrame
        `first`, `second`; `same_errors`, the number of examples to which both gave the same wrong
        label; `expected`, that number if they made the same errors as often as other pairs do;
        `copies`: whether there are twice as many or more, and chance hardly explains this (Holm
        1979).
    """
    both = _pairs_of_labels(votes)
    true_class = consensus.probabilities.argmax(axis=1)[both["example"]]
    is_same = (both["label"] == both["label_other"]) & (both["label"] != true_class)
    chance = _chance_of_same_error(consensus)
    errors = 1 - consensus.accuracy  # (people,)
    first = both["annotator"].to_numpy()
    second = both["annotator_other"].to_numpy()
    weight = chance[true_class] * errors[first] * errors[second]
    by_example = {"first": first, "second": second, "same_errors": is_same, "weight": weight}
    by_pair = pd.DataFrame(by_example).groupby(["first", "second"]).sum().reset_index()
    same = by_pair["same_errors"].to_numpy(int)  # (pairs,)
    weight = by_pair["weight"].to_numpy()
    same_of_others = same.sum() - same
    weight_of_others = weight.sum() - weight
    of_others = same_of_others * weight / np.maximum(weight_of_others, _TINY)
    expected = np.where(weight_of_others > _TINY, of_others, same)  # a single pair
    share = np.clip(weight / max(weight.sum(), _TINY), 0, 1)
    p_values = binom.sf(same - 1, same.sum(), share)
    is_significant = multiple_testing.adjusted(p_values) < _LEVEL
    copies = is_significant & (same >= _TIMES * expected)
    names = np.array(people, dtype=object)
    by_pair = by_pair.assign(same_errors=same, expected=expected, copies=copies)
    by_pair[["first", "second"]] = names[by_pair[["first", "second"]]]
    return by_pair.drop(columns="weight")


def _pairs_of_labels(votes: Votes) -> pd.DataFrame:
    """The labels that two people gave to one example: `annotator`, `label` and `…_other`."""
    labels = votes.one_each()  # as for kappa, which stands beside these numbers
    n_labels = labels["example"].value_counts().sort_index()  # by example
    several = n_labels[n_labels > 1]
    n_pairs = (several**2).cumsum()
    judged = several.index[n_pairs <= _MOST]
    if len(judged) < len(several):
        labelled = f"{len(several):,} examples that several people labelled"
        say(f"who copies labels is judged by the first {len(judged):,} of {labelled}")
    shared = labels[labels["example"].isin(judged)]
    both = shared.merge(shared, on="example", suffixes=("", "_other"))
    return both[both["annotator"] < both["annotator_other"]]


def say_copies(listed: pd.DataFrame) -> None:
    """Say who may copy from whom.

    Parameters
    ----------
    listed : from `pairs`
    """
    copies = listed[listed["copies"].astype(bool)].sort_values("same_errors", ascending=False)
    if copies.empty:
        return
    texts = [
        f"{_named(row.first)} and {_named(row.second)} gave the same wrong label "
        f"to {row.same_errors:,} (expected {row.expected:.1f})"
        for row in copies.itertuples()
    ]
    pairs_of_people = counted(len(copies), "pair")
    say(f"{pairs_of_people} of people, one of whom may copy from the other: {first_of(texts)}")


def _named(person: str) -> str:
    return f"{person!r}" + (" (the label that came with the data)" if person == GIVEN else "")


def _chance_of_same_error(consensus: Consensus) -> np.ndarray:
    """The chance of equal wrong labels, for each true class (classes,), up to a factor."""
    wrong = consensus.confusion * (1 - np.eye(len(consensus.confusion)))
    return np.square(wrong).sum(axis=1)
