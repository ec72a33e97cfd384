"""Label quality: which labels are wrong, how sure that is, and what to do about each.

Confident learning (Northcutt, Jiang and Chuang 2021), by cleanlab, on out-of-sample probabilities.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

DECISIONS = ("keep", "relabel", "drop", "review")


@dataclass
class Doubt:
    """What is thought of each label.

    Attributes
    ----------
    quality : (n,) 0 bad to 1 good: the out-of-sample probability of the given class
    suggested : (n,) int, the most probable class
    is_issue : (n,) bool, whether the label is taken to be wrong
    """

    quality: np.ndarray
    suggested: np.ndarray
    is_issue: np.ndarray


def doubt(given: np.ndarray, pred_probs: np.ndarray, *, sure_above: float) -> Doubt:
    """Find the labels that are likely to be wrong.

    Parameters
    ----------
    given : (n,) int, classes 0..classes-1
    pred_probs : (n, classes) probabilities from a model that did not see that row's label
    sure_above : from this probability of another class on, a label is an issue whatever confident learning says
    """
    suggested = pred_probs.argmax(axis=1)
    if not len(given):
        return Doubt(np.zeros(0), suggested, np.zeros(0, bool))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of classes with few examples
        is_issue = find_label_issues(given, pred_probs, filter_by="prune_by_class", n_jobs=1)
    is_issue |= (suggested != given) & (pred_probs.max(axis=1) >= sure_above)
    return Doubt(get_label_quality_scores(given, pred_probs), suggested, is_issue)


def decide(
    found: Doubt, confidence: np.ndarray, *, relabel_above: float, drop_below: float, held_out: bool
) -> np.ndarray:
    """What to do about each label, (n,) of DECISIONS.

    Parameters
    ----------
    confidence : (n,) probability of the suggested class
    relabel_above : confidence from which on the suggested class replaces a doubted one
    drop_below : else, quality below which the example is left out; else it stays, for review
    held_out : test examples are never changed: what is doubted goes to review
    """
    if held_out:
        return np.where(found.is_issue, "review", "keep")
    sure, hopeless = confidence >= relabel_above, found.quality < drop_below
    return np.select([~found.is_issue, sure, hopeless], ["keep", "relabel", "drop"], "review")


def reason(given: str, suggested: str, quality: float, confidence: float, decision: str) -> str:
    """Why a label is not simply kept, for people."""
    why = f"the other examples say {suggested} ({confidence:.2f}) rather than {given} ({quality:.2f})"
    return f"{why}, too unsurely to correct it" if decision == "drop" else why
