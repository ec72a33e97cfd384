"""Label quality: which labels are wrong, with what confidence, and what to do about each.

Confident learning (Northcutt, Jiang and Chuang 2021), by cleanlab, on out-of-sample probabilities.
"""

import warnings

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

from assay.contract.sections import Clean

DECISIONS = ("keep", "relabel", "drop", "review")
COLUMNS = ["id", "given", "suggested", "quality", "confidence", "is_issue", "decision", "reason"]


def sure_of_unlearned(pred_probs: np.ndarray, labels: pd.DataFrame) -> np.ndarray:
    """The predictions, but sure of each test label with a class that no learned label has.

    Predictions say nothing about such a label, so it is taken to be right.

    Parameters
    ----------
    pred_probs : (examples, classes)
    labels : `given`, int, and `held_out`, by row of `pred_probs`
    """
    learned = labels.loc[~labels["held_out"], "given"]
    unlearned = labels.loc[~labels["given"].isin(learned), "given"]
    if unlearned.empty:
        return pred_probs
    sure = pred_probs.copy()
    sure[unlearned.index] = np.eye(pred_probs.shape[1])[unlearned]
    return sure


def doubt(
    given: np.ndarray, pred_probs: np.ndarray, posterior: np.ndarray, voted: np.ndarray
) -> pd.DataFrame:
    """Find the labels that are likely to be wrong.

    The posterior must prefer another class, and confident learning or an annotator must agree.

    Parameters
    ----------
    given : (n,) int, classes 0..classes-1
    pred_probs : (n, classes) probabilities from a model that did not see that row's label
    posterior : (n, classes) the same, but they also use the label, and how often labels are wrong
    voted : (n, classes) bool, the classes that annotators gave

    Returns
    -------
    pd.DataFrame
        One row for each label. `quality`: the probability that the given class is right, 0 bad to 1
        good; `suggested`: int, the most probable class; `confidence`: its probability; `is_issue`:
        whether the label is likely to be wrong; `disputed`: whether the suggested class is not the
        given one, and an annotator gave it.
    """
    rows = np.arange(len(given))
    suggested = posterior.argmax(axis=1)
    confident = np.ones(len(given), bool)  # with one class, confident learning has no result
    if len(np.unique(given)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of classes with few examples
            confident = find_label_issues(given, pred_probs, filter_by="prune_by_class", n_jobs=1)
    differs = suggested != given
    disputed = voted[rows, suggested] & differs
    doubts = pd.DataFrame({"quality": posterior[rows, given], "suggested": suggested})
    doubts["confidence"] = posterior.max(axis=1)
    doubts["is_issue"] = (confident & differs) | disputed
    doubts["disputed"] = disputed
    return doubts


def decide(doubts: pd.DataFrame, held_out: np.ndarray, params: Clean) -> np.ndarray:
    """Decide what to do about each label. Shape (n,), one of DECISIONS each.

    Parameters
    ----------
    doubts : from `doubt`
    held_out : (n,) bool, test examples, which are never changed: doubted ones go to review
    params : a doubted label is replaced if its suggestion's confidence is at least `relabel_above`,
        or if annotators disagree. If `relabel_above` is 1, no label is replaced. Else the example
        is left out if the label's quality is below `drop_below`. Else it stays, for review.
    """
    is_sure = doubts.disputed | (doubts.confidence >= params.relabel_above)
    sure = is_sure & (params.relabel_above < 1)  # a confidence is rounded, so it may be 1
    hopeless = doubts.quality < params.drop_below
    conditions = [~doubts.is_issue, held_out, sure, hopeless]
    return np.select(conditions, ["keep", "review", "relabel", "drop"], "review")


def reason(given: str, suggested: str, quality: float, confidence: float, disputed: bool) -> str:
    """Say why a label is not simply kept."""
    rather = f"{suggested} ({confidence:.2f}) rather than {given} ({quality:.2f})"
    return f"{'people disagree; ' if disputed else ''}the other examples say {rather}"
