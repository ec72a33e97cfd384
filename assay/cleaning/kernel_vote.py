"""Nearby examples vote on the class of an example, without the example itself and its group.

This is kernel regression (Nadaraya 1964, Watson 1964) on the cosine similarity of embeddings. They
are first projected to their main directions and partly whitened. Its errors differ from those of a
linear classifier, so the two together are better than one.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from assay.contract.sampling import step_for
from assay.measures import batch_features
from assay.measures.batch_features import Features
from assay.measures.leave_one_out import LeaveOneOut
from assay.training import linear_head

_WHITENING = 0.25  # power of the eigenvalues that is divided out; 0.5 would be full whitening
_LEAST = 1e-6  # least variance of a whitened direction, relative to the largest
_SHARPNESS = (5.0, 10.0, 15.0, 25.0, 40.0)  # tried, in the weights exp(sharpness · cosine)
# At least this many rows for each direction. With as many directions as voters, all voters are
# equally far from each other, but not from other examples. Then the votes on other examples are
# much surer than the votes that the noise layer learns from.
_ROWS_A_DIRECTION = 4
_VOTERS = 20_000  # examples that vote, at most
_PAIRS = 1_400_000_000  # pairs of an asking example and a voter, at most
_TRIED_ON = 1000  # examples on which the sharpness is chosen
_BLOCK = 1024  # asking examples at a time
_FLOOR = 0.003  # added to each share before its logarithm
_TINY = 1e-30


@dataclass
class KernelVote:
    """The examples that vote, and the projection to compare others with them.

    Attributes
    ----------
    mean, directions : (features,), (features, dimensions) of the projection
    voters : (voters, dimensions), each of length 1
    onehot : (classes, voters), their labels, sparse
    step : every `step`-th of the fitted rows is a voter
    sharpness : the factor in the weights exp(sharpness · cosine)
    groups : (fitted rows,) int; None: rows have no groups
    """

    mean: np.ndarray
    directions: np.ndarray
    voters: np.ndarray
    onehot: csr_array
    step: int
    sharpness: float
    groups: np.ndarray | None = None

    def scores(self, features: np.ndarray, first: int | None = None) -> np.ndarray:
        """Logarithms of each class's share of the votes. Shape (n, classes).

        Parameters
        ----------
        features : (n, features)
        first : the number of the first row, if these are rows that were fitted on; None: other rows
        """
        parts = [np.zeros((0, self.onehot.shape[0]), np.float32)]
        for start in range(0, len(features), _BLOCK):
            rows = features[start : start + _BLOCK]
            fitted_rows = None if first is None else first + start + np.arange(len(rows))
            parts.append(self.vote(_project(rows, self.mean, self.directions), fitted_rows))
        return np.concatenate(parts)

    def vote(self, asking: np.ndarray, fitted_rows: np.ndarray | None) -> np.ndarray:
        """Logarithms of each class's share of the votes. Shape (n, classes).

        Parameters
        ----------
        asking : (n, dimensions) projected examples
        fitted_rows : (n,) their numbers among the fitted rows; None: they are other rows
        """
        weights = self.voters @ asking.T  # (voters, n)
        weights -= 1
        weights *= self.sharpness
        np.exp(weights, out=weights)
        if fitted_rows is not None:
            are_voters = np.flatnonzero(fitted_rows % self.step == 0)
            voters = fitted_rows[are_voters] // self.step
            weights[voters, are_voters] = 0  # no example votes for itself
            if self.groups is not None:
                groups_of_voters = self.groups[:: self.step]
                same_group = groups_of_voters[:, None] == self.groups[fitted_rows]  # (voters, n)
                weights[same_group] = 0
        votes = (self.onehot @ weights).T  # (n, classes)
        total = votes.sum(axis=1, keepdims=True)
        shares = np.where(total > 0, votes / np.maximum(total, _TINY), 1 / votes.shape[1])
        return np.log(shares + _FLOOR)


def fit(
    features: Features,
    labels: np.ndarray,
    model: LeaveOneOut,
    n_asking: int,
    groups: np.ndarray | None = None,
) -> KernelVote:
    """Choose the voters, and the sharpness that predicts the labels of others best.

    Parameters
    ----------
    features : one array for each batch
    labels : (n,) int, over all batches in order
    model : the ridge classifier of the same rows, for their mean and main directions
    n_asking : number of examples that will be voted on
    groups : (n,) int; examples of one group do not vote on each other
    """
    n, n_classes = model.scores.shape
    most = min(_VOTERS, max(1, _PAIRS // n_asking))
    step = step_for(n, most)
    main = slice(max(1, n // _ROWS_A_DIRECTION))
    least = max(model.values.max(initial=0) * _LEAST, _TINY)
    spread = np.maximum(model.values[main], least) ** _WHITENING  # (dimensions,)
    directions = (model.directions[:, main] / spread).astype(np.float32)
    blocks = batch_features.rows_of(features, step)
    voters = np.concatenate([_project(block, model.mean, directions) for _, block in blocks])
    labels_of_voters = labels[::step]
    numbers = np.arange(len(voters))
    ones = np.ones(len(voters), np.float32)
    onehot = csr_array((ones, (labels_of_voters, numbers)), shape=(n_classes, len(voters)))
    untuned = KernelVote(model.mean, directions, voters, onehot, step, 0.0, groups)
    tried = numbers[:: max(1, len(voters) // _TRIED_ON)]

    def log_loss(sharpness: float) -> float:
        scores = replace(untuned, sharpness=sharpness).vote(voters[tried], step * tried)
        return linear_head.loss(scores, labels_of_voters[tried])

    return replace(untuned, sharpness=min(_SHARPNESS, key=log_loss))


def _project(rows: np.ndarray, mean: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Rows (n, features) along the directions, each of length 1. Shape (n, dimensions), float32."""
    projected = (rows - mean) @ directions
    length = np.linalg.norm(projected, axis=1, keepdims=True)
    return (projected / np.maximum(length, _TINY)).astype(np.float32)
