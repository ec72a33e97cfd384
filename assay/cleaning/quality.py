"""Label quality: which labels are wrong, how sure that is, and what to do about each.

Confident learning (Northcutt, Jiang and Chuang 2021), by cleanlab, on out-of-sample probabilities.
"""

import warnings

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

from assay.contract.parameters import Clean

DECISIONS = ("keep", "relabel", "drop", "review")
COLUMNS = ["id", "given", "suggested", "quality", "confidence", "is_issue", "decision", "reason"]


def doubt(
    given: np.ndarray, pred_probs: np.ndarray, posterior: np.ndarray, voted: np.ndarray
) -> pd.DataFrame:
    """Find the labels that are likely to be wrong: the posterior must say so, and confident learning, or a person.

    Parameters
    ----------
    given : (n,) int, classes 0..classes-1
    pred_probs : (n, classes) probabilities from a model that did not see that row's label
    posterior : (n, classes) the same once the label was looked at, and how often labels are wrong
    voted : (n, classes) bool, which classes somebody gave

    Returns
    -------
    pd.DataFrame
        A row a label: `quality`, 0 bad to 1 good, the probability that the given class is right; `suggested`, int, the
        most probable class; `confidence`, its probability; `is_issue`, whether the label is taken to be wrong;
        `disputed`, whether it is and somebody gave the suggested class.
    """
    suggested = posterior.argmax(axis=1)
    confident = np.ones(len(given), bool)  # where all have one class, confident learning has no say
    if len(np.unique(given)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of classes with few examples
            confident = find_label_issues(given, pred_probs, filter_by="prune_by_class", n_jobs=1)
    quality = posterior[np.arange(len(given)), given]
    disputed = voted[np.arange(len(given)), suggested] & (suggested != given)
    is_issue = (confident & (suggested != given)) | disputed
    found = {"quality": quality, "suggested": suggested, "confidence": posterior.max(axis=1)}
    return pd.DataFrame({**found, "is_issue": is_issue, "disputed": disputed})


def decide(found: pd.DataFrame, held_out: np.ndarray, params: Clean) -> np.ndarray:
    """What to do about each label, (n,) of DECISIONS.

    Parameters
    ----------
    found : what `doubt` found
    held_out : (n,) bool, test examples, which are never changed: what is doubted goes to review
    params : `relabel_above`, the confidence from which on the suggested class replaces a doubted one, unless people
        already disagree; `drop_below`, else, the quality below which the example is left out; else it stays, for review
    """
    sure, hopeless = (
        found.disputed | (found.confidence >= params.relabel_above),
        found.quality < params.drop_below,
    )
    return np.select(
        [~found.is_issue, held_out, sure, hopeless], ["keep", "review", "relabel", "drop"], "review"
    )


def reason(given: str, suggested: str, quality: float, confidence: float, disputed: bool) -> str:
    """Why a label is not simply kept, for people."""
    said = (
        f"the other examples say {suggested} ({confidence:.2f}) rather than {given} ({quality:.2f})"
    )
    return f"people disagree; {said}" if disputed else said
