"""How the noise layer weights the scores of classifiers: one temperature each, or by class.

A point is the array of real numbers that the optimiser varies.
"""

import numpy as np
from scipy.sparse import csr_array

_ITERATIONS = 200
_SETTLED = 1e-6  # relative change of a float32 loss that ends the fit: it has no more digits


class Temperatures:
    """One inverse temperature for each classifier, in float32, which is faster with many classes.

    A point is their logarithms, (classifiers,).
    """

    def __init__(self, scores: np.ndarray, labels: np.ndarray, sharpness: np.ndarray) -> None:
        n, n_classes = scores.shape[1:]
        self.scores = scores.astype(np.float32)  # (classifiers, n, classes)
        self.onehot = csr_array((np.ones(n, np.float32), (np.arange(n), labels)), (n, n_classes))
        self.start = np.log(sharpness)
        self.options = {"maxiter": _ITERATIONS, "ftol": _SETTLED}

    def logits(self, point: np.ndarray) -> np.ndarray:
        return np.tensordot(np.exp(point).astype(np.float32), self.scores, 1)  # (n, classes)

    def gradient(self, point: np.ndarray, by_logit: np.ndarray) -> np.ndarray:
        by_sharpness = np.tensordot(self.scores, by_logit, 2)  # (classifiers,)
        return by_sharpness * np.exp(point).astype(np.float32)

    def weights(self, point: np.ndarray) -> np.ndarray:
        return np.exp(point)[:, None, None] * np.eye(self.scores.shape[2])


class Weights:
    """A matrix of weights (classes, classes) for each classifier.

    A point is all of them, (classifiers * classes * classes,).
    """

    def __init__(self, scores: np.ndarray, labels: np.ndarray, sharpness: np.ndarray) -> None:
        n_classifiers, n, n_classes = scores.shape
        identity = np.eye(n_classes)
        self.shape = n_classifiers, n_classes, n_classes
        self.rows = scores.transpose(1, 0, 2).reshape(n, -1)  # (n, classifiers * classes)
        self.onehot = identity[labels]
        self.start = (sharpness[:, None, None] * identity).ravel()
        self.options = {"maxiter": _ITERATIONS}

    def logits(self, point: np.ndarray) -> np.ndarray:
        return self.rows @ point.reshape(-1, self.shape[2])  # (n, classes)

    def gradient(self, _point: np.ndarray, by_logit: np.ndarray) -> np.ndarray:
        return (self.rows.T @ by_logit).ravel()

    def weights(self, point: np.ndarray) -> np.ndarray:
        return point.reshape(self.shape)
