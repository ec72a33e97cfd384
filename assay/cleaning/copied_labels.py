"""Pairs of annotators who make the same errors: one may copy from the other.

Two people who work alone also err alike: on hard examples, and between similar classes. So a pair
is compared with all other pairs. Errors are those against the consensus.
"""

import numpy as np
import pandas as pd
from scipy.stats import binom

from assay.cleaning.annotators import Consensus, Votes
from assay.measures import multiple_testing

_LEVEL = 0.01  # chance that any pair is flagged although nobody copies
_TIMES = 2.0  # a pair that copies has at least so many times the equal errors of other pairs
_MOST = 5_000_000  # pairs of labels that are looked at
_TINY = 1e-12


def pairs(votes: Votes, consensus: Consensus, people: list[str]) -> pd.DataFrame:
    """Count the equal errors of each pair of people who labelled an example both.

    Returns
    -------
    pd.DataFrame
        `first`, `second`; `same_errors`, the number of examples to which both gave the same wrong
        label; `expected`, how many that would be if they erred alike as often as other pairs do;
        `copies`: whether it is so many more that chance explains it badly (Holm 1979).
    """
    columns = ["first", "second", "same_errors", "expected", "copies"]
    true = consensus.probabilities.argmax(axis=1)
    labels = pd.DataFrame(
        {"example": votes.examples, "person": votes.annotators, "label": votes.labels}
    ).drop_duplicates(["example", "person"], keep="last")
    sizes = labels["example"].map(labels["example"].value_counts())
    both = labels[(sizes > 1) & ((sizes**2).cumsum() <= _MOST)]
    both = both.merge(both, on="example", suffixes=("", "_other"))
    both = both[both["person"] < both["person_other"]]
    if both.empty:
        return pd.DataFrame(columns=columns)
    class_ = true[both["example"]]
    is_same = (both["label"] == both["label_other"]) & (both["label"] != class_)
    chance = _chance_of_same_error(consensus)
    first, second = both["person"].to_numpy(), both["person_other"].to_numpy()
    expected = chance[class_] * _errors(consensus, first) * _errors(consensus, second)
    counted = pd.DataFrame({"first": first, "second": second, "same_errors": is_same})
    sums = counted.assign(expected=expected).groupby(["first", "second"]).sum().reset_index()
    same, share = sums["same_errors"].to_numpy(int), sums["expected"].to_numpy()
    of_others, share_of_others = same.sum() - same, share.sum() - share
    usual = np.divide(
        of_others * share, share_of_others, where=share_of_others > _TINY, out=same * 1.0
    )
    p_values = binom.sf(same - 1, same.sum(), np.clip(share / max(share.sum(), _TINY), 0, 1))
    flagged = (multiple_testing.adjusted(p_values) < _LEVEL) & (same >= _TIMES * usual)
    names = np.array(people, dtype=object)
    values = names[sums["first"]], names[sums["second"]], same, usual, flagged
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def _errors(consensus: Consensus, person: np.ndarray) -> np.ndarray:
    """The share of wrong labels of each of some people (n,)."""
    return 1 - consensus.accuracy[person]


def _chance_of_same_error(consensus: Consensus) -> np.ndarray:
    """How likely two wrong labels are equal, for each true class (classes,), up to a factor."""
    wrong = consensus.confusion * (1 - np.eye(len(consensus.confusion)))
    return np.square(wrong).sum(axis=1)
