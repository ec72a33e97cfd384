"""Probabilities of the true classes from independent classifiers that did not see the label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.cleaning import kernel_vote, noise_layer
from assay.contract.errors import InputError, quiet
from assay.contract.parameters import Parameters
from assay.contract.parquet_files import GROUP
from assay.contract.time_left import shown
from assay.measures import leave_group_out, leave_one_out
from assay.measures.leave_one_out import LeaveOneOut


@dataclass
class OutOfSample:
    """The predictions of all examples.

    Attributes
    ----------
    pred_probs : (examples, classes) float32 probabilities of the true class, without use of an
        example's label, and of the labels of its group
    confusion : (classes, classes) probability of each label, a row for each true class
    linear : the ridge classifier among the classifiers, which can explain a prediction
    """

    pred_probs: np.ndarray
    confusion: np.ndarray
    linear: LeaveOneOut


def predict(
    examples: pd.DataFrame, learned: pd.Series, n_classes: int, params: Parameters
) -> OutOfSample:
    """Read embeddings, and combine a linear classifier, neighbours and, with folds, a network.

    None of them sees the label of a learned example, or of others in its group. An example that is
    not learned from is predicted from all of them.

    Parameters
    ----------
    examples : the catalogue
    learned : the classes to learn from, int, by row of the catalogue, ascending
    params : `clean.folds` of a network, 0 for none

    Raises
    ------
    InputError
        If all learned examples are of one group.
    """
    known, given = learned.index.to_numpy(), learned.to_numpy()  # (learned,)
    features = catalogue.features(examples.loc[known])
    groups = catalogue.groups(examples.loc[known])
    if groups is None:
        linear = leave_one_out.fit(features, given, n_classes)
    elif groups.any():
        linear = leave_group_out.fit(features, given, groups, n_classes)
    else:
        group = examples[GROUP][known[0]]
        only = f"all {len(known)} labels to learn from are of the group {group!r}"
        raise InputError(f"{only}: label examples of other groups, or change collect.group")
    near = kernel_vote.fit(features, given, linear, len(examples), groups)
    n_classifiers = 3 if params.clean.folds else 2
    scores = np.empty((n_classifiers, len(examples), n_classes), np.float32)
    scores[0, known] = linear.scores
    asking = leave_one_out.rows_of(features)
    for rows, block in shown(asking, len(known), "neighbours vote", size=lambda part: len(part[1])):
        scores[1, known[rows]] = near.scores(block, rows.start)
    others = examples.index.difference(known).to_numpy()
    for rows, block in leave_one_out.rows_of(catalogue.features(examples.loc[others])):
        scores[0, others[rows]] = linear.predict(block)
        scores[1, others[rows]] = near.scores(block)
    if params.clean.folds:
        with quiet():  # importing TensorFlow writes to stderr
            from assay.cleaning import cross_validation

        scores[2] = cross_validation.log_probabilities(examples, learned, n_classes, params)
    layer = noise_layer.fit(list(scores[:, known]), given)
    return OutOfSample(layer.pred_probs(list(scores)), layer.confusion, linear)
