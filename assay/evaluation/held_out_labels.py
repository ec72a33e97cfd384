"""Labels of test and validation examples, judged by the released model and by `clean`.

Both predictions are out of sample, so they go into the noise layer without cross-validation. If the
model learned from the validation labels too, `clean` alone judges these. Held-out labels are few,
so each prediction has one temperature.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from assay.cleaning import class_findings, noise_layer
from assay.contract import class_names
from assay.contract.errors import counted, say
from assay.evaluation import true_accuracy
from assay.evaluation.scores import SMALLEST

COLUMNS = ["given", "suggested", "quality", "confidence", "reason"]
DOUBTS = ["id", "batch", "key", "example", "split", *COLUMNS, "check_order"]  # of doubts.csv
_BOTH = "the model and the other examples"
_CLEAN = "the other examples"


def posterior(predictions: Sequence[np.ndarray], given: np.ndarray) -> np.ndarray | None:
    """Probabilities (n, classes) of the true class, given the label and all predictions.

    None if predictions say nothing: class frequencies alone would doubt each label of a rare class.

    Parameters
    ----------
    predictions : (n, classes) probabilities each, from models that did not see these labels
    given : (n,) int, the labels
    """
    scores = [np.log(np.maximum(part, SMALLEST)) for part in predictions]
    layer = noise_layer.fit(scores, given, one_temperature=True)
    return layer.posterior(scores, given) if layer.weights.any() else None


def say_unjudged(split: pd.Series) -> None:
    """Say that predictions say nothing about some labels; `split` is that of their examples."""
    no_better = f"nothing {class_findings.NO_BETTER.format('them')}"
    no_estimate = "; so accuracy_true is not estimated" if (split == "test").any() else ""
    none = f"none is judged, since {no_better}{no_estimate}"
    say(f"{counted(len(split), 'label')} outside training: {none}")


def judge(
    given: np.ndarray, true: np.ndarray, classes: Sequence[str], judges: np.ndarray | str = _BOTH
) -> pd.DataFrame:
    """COLUMNS for each label: what it is, what it may be, and how likely it is to be right.

    Parameters
    ----------
    given : (n,) int, the labels
    true : (n, classes), from `posterior`
    judges : whose predictions these are, for the reason: (n,) str, or the same for all labels

    Returns
    -------
    pd.DataFrame
        `quality` is the probability of the given class, 0 bad to 1 good. `suggested` is the most
        probable class, and `confidence` its probability. `reason` is "" if it is the given class.
    """
    names = np.array(classes, dtype=object)
    suggested = true.argmax(axis=1)
    quality = true[np.arange(len(given)), given]
    confidence = true.max(axis=1)
    columns = [names[given], names[suggested], quality, confidence]
    rows = zip(np.broadcast_to(judges, len(given)), *columns, strict=True)
    reasons = [
        f"{who} say {new} ({sure:.2f}) rather than {old} ({left:.2f})"
        for who, old, new, left, sure in rows
    ]
    columns.append(np.where(suggested == given, "", reasons))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def doubt(
    held_out: pd.DataFrame,
    out_of_sample: np.ndarray,
    of_model: np.ndarray,
    classes: list[str],
    learned: list[str],
    *,
    learned_splits: Collection[str] = (),
) -> pd.DataFrame:
    """Judge the labels of held-out examples.

    Predictions say nothing about a label if its class was never learned. Such a label is taken to
    be right. If they say nothing about any label, none is doubted.

    Parameters
    ----------
    held_out : rows of the catalogue, with the label, `given`, and whether they `had_label` before
        people's answers
    out_of_sample : (n, classes) probabilities, from `clean`
    of_model : (n, learned) probabilities, from the classifier
    learned_splits : splits whose labels the classifier learned from; `clean` alone judges these

    Returns
    -------
    pd.DataFrame
        `held_out` with the columns of `judge`; `predicted`, the class; `right`, the probability
        that this is the true class, nan if no label is judged; and `check_order`. The last is nan
        for validation examples, and for a label that only an answer gave, since such a label checks
        nothing.
    """
    names = class_names.with_unknown(classes, [*learned, *held_out["given"]])
    of_model = class_names.columns(of_model, learned, names)  # (n, names)
    given = class_names.codes(held_out["given"], names)
    predicted = of_model.argmax(axis=1)
    is_judged = held_out["given"].isin(set(learned) & set(classes)).to_numpy()
    true = np.eye(len(names))[given]  # (n, names)
    is_learned = held_out["split"].isin(learned_splits).to_numpy()
    both = [out_of_sample, of_model[:, : len(classes)]]
    clean_alone = [out_of_sample]
    is_unknown = np.zeros(len(held_out), bool)
    for have_these_judges, predictions in ((~is_learned, both), (is_learned, clean_alone)):
        rows = is_judged & have_these_judges
        if not rows.any():
            continue
        of_rows = posterior([part[rows] for part in predictions], given[rows])
        if of_rows is None:
            say_unjudged(held_out["split"][rows])
            is_unknown |= rows
        else:
            true[rows, : len(classes)] = of_rows
    judges = np.where(is_learned, _CLEAN, _BOTH)
    judged = judge(given, true, names, judges).set_index(held_out.index)
    right = true[np.arange(len(true)), predicted]
    agrees = predicted == given
    order = true_accuracy.check_order(held_out["id"], right, agrees)
    is_checked = (held_out["split"] == "test") & held_out["had_label"]
    columns = {
        "predicted": np.array(names, dtype=object)[predicted],
        "right": np.where(is_unknown, np.nan, right),
        "check_order": np.where(is_checked, order, np.nan),
    }
    return held_out.assign(**judged, **columns)
