"""A linear classifier on what a frozen encoder gives: multinomial logistic regression on weighted labels.

Where the encoder has the wide output `features` beside its embedding, the classifier reads that.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

FEATURES = "features"  # the wide output that an encoder may have
_STRENGTHS = (0.3, 3.0, 30.0)  # inverse penalties
_ITERATIONS = 300
_NEVER = (
    10.0  # by how much the logit of a class without examples lies below the others' least intercept
)
_SPARSE = 0.3  # share of values that are not 0 up to which they are kept alone


@dataclass
class LinearHead:
    """Logits are features @ coef + intercept: (features, classes), (classes,). `strength` is its inverse penalty."""

    coef: np.ndarray
    intercept: np.ndarray
    strength: float

    def logits(self, features: np.ndarray | csr_array) -> np.ndarray:
        """Of rows (n, features). Shape (n, classes)."""
        return features @ self.coef + self.intercept


def gather(blocks: Iterable[np.ndarray]) -> np.ndarray | csr_array:
    """Blocks (rows, features) below each other, a sparse array where they are mostly zeros; float64."""
    kept = [
        csr_array(block)
        if isinstance(block, np.ndarray) and np.count_nonzero(block) < _SPARSE * block.size
        else block
        for block in blocks
    ]
    sparse = any(isinstance(block, csr_array) for block in kept)
    return (vstack(kept, "csr") if sparse else np.concatenate(kept)).astype(np.float64)


def fit(
    features: np.ndarray | csr_array,
    labels: np.ndarray,
    weights: np.ndarray,
    n_classes: int,
    validation: tuple[np.ndarray | csr_array, np.ndarray] | None = None,
    *,
    strengths: Sequence[float] = _STRENGTHS,
) -> LinearHead:
    """The classifier whose penalty does best on the validation examples.

    Parameters
    ----------
    features : (n, features)
    labels : (n,) int, at least two classes
    weights : (n,) 0..1
    validation : features and labels of other examples, if there are any
    strengths : inverse penalties to choose from; without validation examples the middle one is taken
    """
    sparse = isinstance(features, csr_array)
    mean = (
        np.zeros(features.shape[1]) if sparse else features.mean(axis=0)
    )  # else it is found slowly
    features = features if sparse else features - mean
    scale = np.sqrt(
        max(float((features**2).sum()) / len(labels), 1e-12)
    )  # a row's typical distance from it
    heads = []
    for strength in strengths if validation else [strengths[len(strengths) // 2]]:
        model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # nearly there is good enough
            model.fit(features / scale, labels, sample_weight=weights)
        coef, intercept = model.coef_.T / scale, model.intercept_
        if len(model.classes_) == 2:  # the model keeps one column for both
            coef, intercept = (
                np.hstack([-coef / 2, coef / 2]),
                np.concatenate([-intercept / 2, intercept / 2]),
            )
        every = np.zeros((len(coef), n_classes)), np.full(n_classes, intercept.min() - _NEVER)
        every[0][:, model.classes_], every[1][model.classes_] = coef, intercept
        coef, intercept = every
        heads.append(LinearHead(coef, intercept - mean @ coef, strength))
    if not validation:
        return heads[0]
    return min(heads, key=lambda head: loss(head.logits(validation[0]), validation[1]))


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy of logits (n, classes) for labels (n,)."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
