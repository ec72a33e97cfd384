"""Probabilities of the true classes from independent classifiers that did not see the label."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads
from assay.cleaning import annotators, boosted_trees, kernel_vote, network_recipe, noise_layer
from assay.cleaning.annotators import Votes
from assay.cleaning.kernel_vote import KernelVote
from assay.contract import time_left
from assay.contract.errors import InputError, quiet, tell
from assay.contract.parameters import Parameters
from assay.contract.parquet_files import GROUP
from assay.measures import batch_features, crossed, leave_group_out, leave_one_out
from assay.measures.batch_features import Features
from assay.measures.crossed import CrossedRows
from assay.measures.leave_one_out import LeaveOneOut


@dataclass
class OutOfSample:
    """The predictions of all examples.

    Attributes
    ----------
    pred_probs : (examples, classes) float32 probabilities of the true class. They use neither the
        label of the example nor the labels of its group.
    confusion : (classes, classes) probability of each label, a row for each true class
    linear : the ridge classifier among the classifiers, which can explain a prediction
    """

    pred_probs: np.ndarray
    confusion: np.ndarray
    linear: LeaveOneOut


def predict(
    examples: pd.DataFrame, learned: pd.Series, votes: Votes, params: Parameters
) -> OutOfSample:
    """Read embeddings, and combine a linear classifier and the vote of neighbours.

    For a table, there are also a linear classifier with products, and trees. With `clean.folds`,
    there is a network. A learned example is predicted without its own label and the labels of its
    group. Any other example is predicted from all learned ones.

    Parameters
    ----------
    examples : the catalogue
    learned : the classes to learn from, int, by row of the catalogue, ascending
    votes : people's labels, of these rows and of others
    params : `clean.folds`, see `network_recipe.choose`

    Raises
    ------
    InputError
        If all learned examples are of one group.
    """
    known = learned.index.to_numpy()  # (learned,)
    given = learned.to_numpy()  # (learned,)
    n_classes = votes.shape[2]
    features = catalogue.features(examples.loc[known])
    groups = catalogue.groups(examples.loc[known])
    if groups is not None and not groups.any():
        group = examples[GROUP][known[0]]
        only = f"all {len(known)} labels to learn from are of the group {group!r}"
        raise InputError(f"{only}: label examples of other groups, or change collect.group")
    linear = _ridge(features, given, n_classes, groups)
    near = kernel_vote.fit(features, given, linear, len(examples), groups)
    voices = [
        _of_all(examples, known, linear.scores, linear.predict),
        _of_all(examples, known, _votes(near, features), near.scores),
    ]
    is_table = payloads.payload_format(examples)["modality"] == "table"
    if is_table:
        voices += _of_table(examples, learned, linear)
    combined = _combined(voices, known, given, linear, is_table)
    network = _of_network(examples, learned, votes, combined, params)
    if network is None:
        return combined
    return _combined([*voices, network], known, given, linear, is_table)


def _votes(near: KernelVote, features: Features) -> np.ndarray:
    """The scores (learned, classes) of the rows that were learned from."""
    blocks = batch_features.rows_of(features)
    scores = (near.scores(block, rows.start) for rows, block in blocks)
    n = sum(map(len, features))
    return np.concatenate(list(time_left.with_progress(scores, n, "neighbours vote")))


def _combined(
    voices: list[np.ndarray], known: np.ndarray, given: np.ndarray, linear: LeaveOneOut, alike: bool
) -> OutOfSample:
    """The combined predictions; `voices` are the scores (examples, classes) of each classifier."""
    layer = noise_layer.fit([voice[known] for voice in voices], given, alike=alike)
    return OutOfSample(layer.pred_probs(voices), layer.confusion, linear)


def _of_network(
    examples: pd.DataFrame,
    learned: pd.Series,
    votes: Votes,
    others: OutOfSample,
    params: Parameters,
) -> np.ndarray | None:
    """The scores of networks that learn from the other classifiers and people; None without any."""
    payload = payloads.payload_format(examples)
    folds = params.clean.folds
    recipe = network_recipe.choose(folds, payload["modality"], payload["shape"], len(learned))
    if not recipe:
        return None
    known = learned.index.to_numpy()
    held_out = ~examples.index.isin(known)
    believed = annotators.consensus(votes, held_out, others.pred_probs, others.confusion)
    targets = believed.probabilities[known]  # (learned, classes)
    wrong = 1 - float(targets[np.arange(len(known)), learned].mean())
    if wrong < recipe.least_wrong:
        return None
    if folds == "auto":
        seem = f"{wrong:.0%} of the labels seem wrong"
        tell(f"clean: {seem}, so networks judge them too (clean.folds: auto)")
    with quiet():  # importing TensorFlow writes to stderr
        from assay.cleaning import cross_validation

    return cross_validation.log_probabilities(examples, known, targets, recipe, params)


def _of_table(examples: pd.DataFrame, learned: pd.Series, linear: LeaveOneOut) -> list[np.ndarray]:
    """The scores of the classifiers that learn interactions of columns."""
    known = learned.index.to_numpy()
    n_classes = len(linear.intercept)
    voices = []
    crossing = crossed.fit(linear)
    if crossing.directions.size:
        features = [CrossedRows(rows, crossing) for rows in catalogue.features(examples.loc[known])]
        groups = catalogue.groups(examples.loc[known])
        pairs = _ridge(features, learned.to_numpy(), n_classes, groups)

        def predict_crossed(rows: np.ndarray) -> np.ndarray:
            return pairs.predict(crossing(rows))

        voices.append(_of_all(examples, known, pairs.scores, predict_crossed))
    grown = boosted_trees.log_probabilities(examples, learned, n_classes)
    return voices if grown is None else [*voices, grown]


def _ridge(
    features: Features, given: np.ndarray, n_classes: int, groups: np.ndarray | None
) -> LeaveOneOut:
    if groups is None:
        return leave_one_out.fit(features, given, n_classes)
    return leave_group_out.fit(features, given, groups, n_classes)


def _of_all(
    examples: pd.DataFrame,
    known: np.ndarray,
    scores: np.ndarray,
    predict: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Read the features that are not learned from, and return all scores of a classifier.

    Parameters
    ----------
    examples : the catalogue
    known : (learned,) its rows that were learned from
    scores : (learned, classes) of these rows
    predict : returns the scores of other rows from their features

    Returns
    -------
    np.ndarray
        Shape (examples, classes), float32.
    """
    all_scores = np.empty((len(examples), scores.shape[1]), np.float32)
    all_scores[known] = scores
    others = examples.index.difference(known).to_numpy()
    for rows, block in batch_features.rows_of(catalogue.features(examples.loc[others])):
        all_scores[others[rows]] = predict(block)
    return all_scores
