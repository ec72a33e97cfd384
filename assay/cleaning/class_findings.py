"""Findings about classes: two names of one class, rare or missing classes, and sorted labels.

A finding is a row of `data_findings.find`: by name, only the columns that apply to it.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.cleaning import leaky_column
from assay.contract import class_names, parquet_files, paths
from assay.contract.errors import counted, first_of, say

NO_BETTER = "predicts {} better than the frequencies of the classes do"  # for messages
_OVERLAP = 0.8  # two names of one class have 1, up to chance; CIFAR-10's cats and dogs have 0.6
_TIMES = 20  # a class is rare if another class has this many times its labels, or more
_SORTED = 0.5  # rows count as sorted if their order leaves less than this share of the errors
_TINY = 1e-12


Finding = dict[str, str]


def nothing_is_predicted(pred_probs: np.ndarray) -> bool:
    """Whether all rows of the probabilities (examples, classes) are equal: they predict nothing."""
    return not np.ptp(pred_probs, axis=0).any()


def overlaps(given: pd.Series, pred_probs: np.ndarray, classes: list[str]) -> Iterator[Finding]:
    """List the pairs of classes that predictions do not tell apart: they may be one class.

    Let M be the mean of `pred_probs` by given class. Then sqrt(M_ab M_ba / (M_aa M_bb)) is 1 for
    two names of one class, however many examples each has, and 0 if they are never confused. If
    nothing is predicted, it would be 1 for all pairs. Then no pair is listed.
    """
    if nothing_is_predicted(pred_probs):
        return
    means = pd.DataFrame(pred_probs[given.index]).groupby(given.to_numpy()).mean()
    means = means.reindex(range(len(classes)), fill_value=0).to_numpy(np.float64)  # M
    diagonal = np.diag(means)  # (classes,) M_aa
    is_predicted = diagonal > 0.5 / len(classes)  # a class never predicted has no overlap
    is_compared = np.triu(np.outer(is_predicted, is_predicted), 1)  # each pair once
    products = np.maximum(np.outer(diagonal, diagonal), _TINY)  # M_aa M_bb
    overlap = np.sqrt(means * means.T / products) * is_compared  # (classes, classes)
    for a, b in np.argwhere(overlap >= _OVERLAP):
        degree = f"({overlap[a, b]:.2f} of what one class would)"
        reason = f"predictions confuse {classes[a]} and {classes[b]} {degree}"
        two_names = {"given": classes[a], "suggested": classes[b]}
        yield {"kind": "class_overlap", **two_names, "reason": reason}


def imbalance(given: pd.Series, classes: list[str]) -> Iterator[Finding]:
    """List the rarest class, if the most frequent one has 20 times as many labels or more."""
    counts = np.bincount(given, minlength=len(classes))
    most = int(counts.argmax())
    without_missing = np.where(counts, counts, len(given) + 1)  # a missing class is not rare
    least = int(without_missing.argmin())
    if counts[least] * _TIMES <= counts[most]:
        few = f"{counted(counts[least], 'label')} of {classes[least]}"
        reason = f"{few}, and {counts[most]:,} of {classes[most]}"
        yield {"kind": "imbalance", "given": classes[least], "reason": reason}


def say_apart(labels: pd.Series, batch: np.ndarray) -> None:
    """Say which batches share no class with all batches before them.

    Parameters
    ----------
    labels : (n,) names of classes, in the order of arrival
    batch : (n,) the batch of each label
    """
    earlier: set[str] = set()
    for name, of_batch in labels.groupby(batch, sort=False):
        names = set(of_batch)
        if apart := class_names.apart(names, earlier):
            what = f"the classes of batch {name} are none of those of the batches before"
            say(f"{what}: {apart}: give them one name if they are the same")
        earlier |= names


def missing(labels: pd.Series, split: pd.Series, classes: list[str]) -> Iterator[Finding]:
    """List the splits that have labels, but no label of some classes.

    Parameters
    ----------
    labels : index of the class, by example
    split : of each example
    """
    for name, codes in labels.groupby(split[labels.index]):
        absent = np.flatnonzero(np.bincount(codes, minlength=len(classes)) == 0)
        if len(absent):
            names = first_of([repr(classes[code]) for code in absent])
            number = f"{len(absent)} of {len(classes)} classes"
            reason = f"no label of {number} in the split {name}: {names}"
            yield {"kind": "missing_class", "split": str(name), "reason": reason}


def sorted_labels(examples: pd.DataFrame, given: np.ndarray) -> Iterator[Finding]:
    """List the batches whose rows have an order that tells their labels.

    Files in folders have no order of their own, so only batches with row numbers count.

    Parameters
    ----------
    examples : rows of the catalogue
    given : (n,) int, their labels
    """
    for batch, rows in pd.Series(given, examples.index).groupby(examples["batch"], sort=False):
        if not parquet_files.is_numbered(paths.examples(str(batch))):
            continue
        keys = examples["key"][rows.index]
        order = np.lexsort((keys, keys.str.len()))  # 9 is before 10
        place = order.argsort(kind="stable")
        usual = 1 - np.bincount(rows).max() / len(rows)
        errors = leaky_column.errors(place.astype(float), rows.to_numpy(), is_category=False)
        if errors < _SORTED * usual:
            tells = f"the place of a row tells the label of {1 - errors:.1%} of {len(rows)} rows"
            reason = f"{tells} ({1 - usual:.1%} have the most frequent label)"
            yield {"kind": "sorted_labels", "batch": str(batch), "reason": reason}
