"""Nearby examples as voters: what the labels of similar embeddings say of each example, its own label left out.

Kernel regression (Nadaraya 1964, Watson 1964) on the cosine of embeddings that are projected to their main directions
and half whitened. It errs elsewhere than a linear classifier does, so the two together see more.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.special import log_softmax

from assay.measures import leave_one_out
from assay.measures.leave_one_out import Features, LeaveOneOut

_WHITENING = 0.25  # power of the eigenvalues that is divided out; 0.5 would be all of it
_LEAST = 1e-6  # variance of a direction that is whitened, of the largest
_SHARPNESS = (5.0, 10.0, 15.0, 25.0, 40.0)  # of the weights exp(sharpness · cosine)
_VOTERS = 20_000  # at most so many examples vote,
_PAIRS = 2_000_000_000  # and fewer, where more examples ask than so many pairs allow
_ASKED = 1000  # examples on which the sharpness is chosen
_BLOCK = 1024
_FLOOR = 0.003  # added to each share before its logarithm
_TINY = 1e-30


@dataclass
class KernelVote:
    """Examples that vote, with the projection that makes others comparable to them.

    Attributes
    ----------
    mean, directions : (features,), (features, dimensions) of the projection
    voters : (voters, dimensions), each of length 1
    onehot : (classes, voters), their labels, sparse
    step : they are every so many-th of the fitted rows
    sharpness : of the weights
    """

    mean: np.ndarray
    directions: np.ndarray
    voters: np.ndarray
    onehot: csr_array
    step: int
    sharpness: float

    def scores(self, features: np.ndarray, first: int | None = None) -> np.ndarray:
        """Logarithms of each class's share of the votes. Shape (n, classes).

        Parameters
        ----------
        features : (n, features)
        first : where these are rows that were fitted on, the number of the first one: none votes for itself
        """
        parts = [np.zeros((0, self.onehot.shape[0]), np.float32)]
        for start in range(0, len(features), _BLOCK):
            block = _unit((features[start : start + _BLOCK] - self.mean) @ self.directions)
            parts.append(
                self.vote(block, None if first is None else first + start + np.arange(len(block)))
            )
        return np.concatenate(parts)

    def vote(self, block: np.ndarray, asking: np.ndarray | None) -> np.ndarray:
        """Logarithms of shares, for projected examples; `asking` (n,) are the numbers of those that were fitted on."""
        weights = np.exp(self.sharpness * (self.voters @ block.T - 1))  # (voters, block)
        if asking is not None:
            voting = np.flatnonzero(asking % self.step == 0)
            weights[asking[voting] // self.step, voting] = 0
        votes = (self.onehot @ weights).T  # (block, classes)
        total = votes.sum(axis=1, keepdims=True)
        return np.log(
            np.where(total > 0, votes / np.maximum(total, _TINY), 1 / votes.shape[1]) + _FLOOR
        )


def fit(features: Features, labels: np.ndarray, model: LeaveOneOut, n_asking: int) -> KernelVote:
    """Choose who votes, and how much nearer examples count for more: what says most of the labels of others.

    Parameters
    ----------
    features : one array a batch
    labels : (n,) int, over all batches in order
    model : the ridge classifier of the same rows, which knows their mean and their main directions
    n_asking : examples that are to be voted on
    """
    n, n_classes = model.scores.shape
    step = max(1, -(-n // min(_VOTERS, max(1, _PAIRS // n_asking))))
    spread = (
        np.maximum(model.values, max(model.values.max(initial=0) * _LEAST, _TINY)) ** _WHITENING
    )
    directions = (model.directions / spread).astype(np.float32)
    blocks = leave_one_out.rows_of(features, step)
    voters = np.concatenate([_unit((block - model.mean) @ directions) for _, block in blocks])
    labels, each = labels[::step], np.arange(len(voters))
    onehot = csr_array(
        (np.ones(len(voters), np.float32), (labels, each)), shape=(n_classes, len(voters))
    )
    found = KernelVote(model.mean, directions, voters, onehot, step, 0.0)
    asked = each[:: max(1, len(voters) // _ASKED)]

    def log_loss(sharpness: float) -> float:
        scores = replace(found, sharpness=sharpness).vote(voters[asked], step * asked)
        return -float(log_softmax(scores, axis=1)[np.arange(len(asked)), labels[asked]].mean())

    return replace(found, sharpness=min(_SHARPNESS, key=log_loss))


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32."""
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)).astype(
        np.float32
    )
