"""Multinomial logistic regression on weighted labels, for the output of a frozen encoder."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import log_softmax

from assay.contract.errors import InputError

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

FEATURES = "features"  # a wide output of some encoders; a linear classifier reads it if it is there
_STRENGTHS = (0.3, 3.0, 30.0)  # inverse penalties
_ITERATIONS = 300
_NEVER = 10.0  # the intercept of a class without examples is so far below the lowest other one
_SPARSE = 0.3  # share of non-zero values below which features are stored as a sparse array
_TINY = 1e-12

Features: TypeAlias = np.ndarray | csr_array  # (n, features) float64


@dataclass
class LinearHead:
    """A linear classifier.

    Attributes
    ----------
    coef : (features, classes)
    intercept : (classes,)
    strength : its inverse penalty
    """

    coef: np.ndarray
    intercept: np.ndarray
    strength: float

    def logits(self, features: Features) -> np.ndarray:
        """Logits of rows (n, features). Shape (n, classes)."""
        return features @ self.coef + self.intercept


def gather(blocks: Iterable[Features]) -> Features:
    """Blocks (rows, features) as one float64 array, sparse where most values are zeros.

    Raises
    ------
    InputError
        If a value is not finite.
    """
    stored = [_sparse_if_smaller(block) for block in blocks]
    is_sparse = any(isinstance(block, csr_array) for block in stored)
    features = vstack(stored, "csr") if is_sparse else np.concatenate(stored)
    features = features.astype(np.float64)
    values = features.data if is_sparse else features
    if not np.isfinite(values).all():
        wrong = "the encoder gives features that are not finite"
        raise InputError(f"{wrong}: take another, or leave out examples with extreme values")
    return features


def _sparse_if_smaller(block: Features) -> Features:
    if isinstance(block, np.ndarray) and np.count_nonzero(block) < _SPARSE * block.size:
        return csr_array(block)
    return block


def fit(
    features: Features,
    labels: np.ndarray,
    weights: np.ndarray,
    n_classes: int,
    validation: tuple[Features, np.ndarray] | None = None,
    *,
    strengths: Sequence[float] = _STRENGTHS,
) -> LinearHead:
    """The classifier whose penalty does best on the validation examples.

    Parameters
    ----------
    features : (n, features)
    labels : (n,) int, at least two classes
    weights : (n,) 0 or more
    n_classes : number of classes; some may have no examples
    validation : features and labels of other examples, if there are any
    strengths : inverse penalties to choose from; without validation the middle one is taken
    """
    if isinstance(features, csr_array):
        mean = np.zeros(features.shape[1])  # a centred array would not be sparse
    else:
        mean = features.mean(axis=0)
        features = features - mean  # else the solver converges slowly
    squared_distance = float((features**2).sum()) / len(labels)  # of a row from the mean
    scale = np.sqrt(max(squared_distance, _TINY))
    if validation is None:
        strengths = [strengths[len(strengths) // 2]]
    # scikit-learn takes seconds to import, and most networks do not need it
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    heads = []
    for strength in strengths:
        model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # close to converged is enough
            model.fit(features / scale, labels, sample_weight=weights)
        coef, intercept = _of_all_classes(model, n_classes)
        coef /= scale
        heads.append(LinearHead(coef, intercept - mean @ coef, strength))
    if validation is None:
        return heads[0]
    others, answers = validation
    return min(heads, key=lambda head: loss(head.logits(others), answers))


def _of_all_classes(model: "LogisticRegression", n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (features, classes) and intercepts (classes,), also of absent classes."""
    coef = model.coef_.T
    intercept = model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one column for both
        coef = np.hstack([-coef / 2, coef / 2])
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    all_coef = np.zeros((len(coef), n_classes))
    all_intercept = np.full(n_classes, intercept.min() - _NEVER)
    all_coef[:, model.classes_] = coef
    all_intercept[model.classes_] = intercept
    return all_coef, all_intercept


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy of logits (n, classes) for labels (n,)."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
