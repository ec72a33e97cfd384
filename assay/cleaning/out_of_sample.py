"""What independent classifiers say of each example without having seen its label, put together by the noise layer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.cleaning import kernel_vote, noise_layer
from assay.contract.errors import quiet
from assay.contract.parameters import Parameters
from assay.measures import leave_one_out
from assay.measures.leave_one_out import LeaveOneOut


@dataclass
class Opinions:
    """What was heard.

    Attributes
    ----------
    pred_probs : (examples, classes) float32 probabilities of the true class, before an example's label is looked at
    confusion : (classes, classes) probability of each label, a row for each true class
    linear : the ridge classifier among them, which can say why
    """

    pred_probs: np.ndarray
    confusion: np.ndarray
    linear: LeaveOneOut


def hear(
    examples: pd.DataFrame,
    learned: np.ndarray,
    given: np.ndarray,
    n_classes: int,
    params: Parameters,
) -> Opinions:
    """Ask a linear classifier, the neighbours, and, with `clean.folds`, a network.

    Parameters
    ----------
    examples : the catalogue
    learned : (n,) int, the rows of it whose labels are learned from, ascending
    given : (n,) int, their labels
    """
    features = catalogue.features(examples.loc[learned])
    linear = leave_one_out.fit(features, given, n_classes)
    near = kernel_vote.fit(features, given, linear, len(examples))
    voices = np.empty((2 + bool(params.clean.folds), len(examples), n_classes), np.float32)
    voices[0, learned] = linear.scores
    for rows, block in leave_one_out.rows_of(features):
        voices[1, learned[rows]] = near.scores(block, rows.start)
    others = examples.index.difference(learned).to_numpy()
    for rows, block in leave_one_out.rows_of(catalogue.features(examples.loc[others])):
        voices[0, others[rows]], voices[1, others[rows]] = linear.predict(block), near.scores(block)
    if params.clean.folds:
        with quiet():  # TensorFlow greets on stderr, whatever it is told
            from assay.cleaning import cross_validation

        voices[2] = cross_validation.log_probabilities(examples, learned, given, n_classes, params)
    layer = noise_layer.fit(voices[:, learned], given)
    return Opinions(layer.pred_probs(voices), layer.confusion, linear)
