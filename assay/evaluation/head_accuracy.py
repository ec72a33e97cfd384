"""The test accuracy of a linear classifier on embeddings: what labels are worth, at low cost."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.measures import leave_one_out


def of_each(
    labels: Mapping[str, pd.DataFrame], test: pd.DataFrame, penalty: float
) -> dict[str, float]:
    """The accuracy for several versions of the labels, by name; equal ones are fitted once.

    Parameters
    ----------
    labels : `id`, `label` of examples of the catalogue; a version without any has no accuracy
    test, penalty : as in `of_labels`
    """
    label_of = {name: rows.set_index("id")["label"].sort_index() for name, rows in labels.items()}
    accuracies: dict[str, float] = {}
    for name, rows in labels.items():
        same = [other for other in accuracies if label_of[other].equals(label_of[name])]
        if same:
            accuracies[name] = accuracies[same[0]]
        elif len(rows):
            accuracies[name] = of_labels(rows, test, penalty)
    return accuracies


def of_labels(learned: pd.DataFrame, test: pd.DataFrame, penalty: float) -> float:
    """The accuracy on test examples, 0..1, of a ridge classifier that learned from these labels.

    Parameters
    ----------
    learned : examples of the catalogue with their `label`
    test : examples of the catalogue with their `answer`
    penalty : relative, as in `leave_one_out.solve`
    """
    codes, classes = pd.factorize(learned["label"], sort=True)
    coef, intercept = leave_one_out.solve(catalogue.features(learned), codes, len(classes), penalty)
    logits = [rows[:] @ coef + intercept for rows in catalogue.features(test)]
    predicted = np.concatenate([batch_logits.argmax(axis=1) for batch_logits in logits])
    return float((classes[predicted] == test["answer"]).mean())
