"""What several out-of-sample opinions, compared with labels that are partly wrong, say of the true class.

A model of the true class and a matrix of who is taken for whom are fitted together, so that the labels become as likely
as they can be: the noise layer of Sukhbaatar et al. (2015) and Goldberger and Ben-Reuven (2017), here on scores and not
on a network. The probabilities of the true class are

    softmax(sum over voices of scores · weights + bias)        and, of a label, those times the confusion matrix.

It starts from one temperature a voice and the confusion matrix of confident learning (Northcutt, Jiang and Chuang
2021), and leaves there as far as the labels ask for it: a Gaussian prior around the start weighs what few examples say.
Where there are fewer examples than weights would be free, a voice keeps one temperature for all classes; then who is
taken for whom is learned from a start that knows nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from cleanlab.count import compute_confident_joint
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import softmax

from assay.cleaning import annotators
from assay.training import calibration

_NOISE = 0.05  # share of wrong labels where nothing is known of them
_LEAVES = 0.5  # how far from the start a weight is expected, for scores with a standard deviation of one (the logarithm
# of one that is the same for all classes),
_CONFUSES = 1.0  # and the logarithm of an entry of the confusion matrix, up to its row's sum
_ROWS, _CELLS = 20_000, 5_000_000  # at most so many are fitted on; and so many times classes
_SHARED_ROWS, _SHARED_CELLS = (
    5000,
    300_000,
)  # so many, times classes, say enough of what all classes share
_MOST_CLASSES = 100  # with more, all classes share the start's one temperature a voice and one share of wrong labels
_ITERATIONS = 200
_SETTLED = 1e-6  # change of the loss, as a share of it, that ends the fit of many classes: float32 tells little more
_LEAST_GAIN = 0.02  # of the mean log-likelihood over that of the classes' shares, for predictions to have a say
_MOST_RIGHT, _FEW = (
    0.5,
    5,
)  # share of a class's labels that are right at least, if there are so many
_TINY = 1e-300


@dataclass
class NoiseLayer:
    """Attributes
    ----------
    weights : (voices, classes, classes), from a voice's scores to the logits of the true class
    bias : (classes,)
    confusion : (classes, classes) probability of each label, a row for each true class
    """

    weights: np.ndarray
    bias: np.ndarray
    confusion: np.ndarray

    def pred_probs(self, voices: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of the true class before its label is looked at. Shape (n, classes), float32."""
        logits = (
            sum(voice @ weights for voice, weights in zip(voices, self.weights, strict=True))
            + self.bias
        )
        return softmax(logits, axis=1).astype(np.float32)


def fit(voices: Sequence[np.ndarray], labels: np.ndarray) -> NoiseLayer:
    """Fit the layer on examples whose labels the voices have not seen.

    Parameters
    ----------
    voices : arrays of shape (n, classes), scores in which larger is likelier
    labels : (n,) int
    """
    step = max(1, -(-len(labels) // min(_ROWS, max(1, _CELLS // voices[0].shape[1]))))
    voices, labels, n_classes = (
        [voice[::step] for voice in voices],
        labels[::step],
        voices[0].shape[1],
    )
    few = max(1, min(voices[0].size // _SHARED_CELLS, len(labels) // _SHARED_ROWS))
    sharpness, noise = calibration.shared([voice[::few] for voice in voices], labels[::few])
    weights, bias = sharpness[:, None, None] * np.eye(n_classes), np.zeros(n_classes)
    pred_probs = softmax(np.tensordot(sharpness, np.stack(voices), 1), axis=1)
    if not _telling(pred_probs, labels, noise):
        bias = np.log(np.maximum(np.bincount(labels, minlength=n_classes) / len(labels), _TINY))
        return NoiseLayer(np.zeros_like(weights), bias, annotators.uniform(_NOISE, n_classes))
    layer = NoiseLayer(weights, bias, annotators.uniform(noise, n_classes))
    if 1 < n_classes <= _MOST_CLASSES:
        tied = len(labels) < weights.size
        confusion = annotators.uniform(_NOISE, n_classes)
        if not tied:
            joint = compute_confident_joint(labels, pred_probs).T + 1.0
            confusion = joint / joint.sum(axis=1, keepdims=True)
        own = _own(voices, labels, sharpness, confusion, tied=tied)
        layer = own if _believes_every_class(own, voices, labels) else layer
    return replace(
        layer, weights=layer.weights.astype(np.float32), bias=layer.bias.astype(np.float32)
    )


def _telling(pred_probs: np.ndarray, labels: np.ndarray, noise: float) -> bool:
    """Whether predictions say more of the labels than the classes' shares: else half of them could seem wrong."""
    right = pred_probs[np.arange(len(labels)), labels]
    shares = np.bincount(labels) / len(labels)
    gain = (
        calibration.log_likelihood(right, noise, pred_probs.shape[1])
        - np.log(shares[labels]).mean()
    )
    return bool(gain > _LEAST_GAIN)


def _believes_every_class(
    layer: NoiseLayer, voices: Sequence[np.ndarray], labels: np.ndarray
) -> bool:
    """Whether of no class most labels are taken to be wrong: such a class was lost to another one."""
    joint = layer.pred_probs(voices) * layer.confusion[:, labels].T
    right = joint[np.arange(len(labels)), labels] / np.maximum(joint.sum(axis=1), _TINY)
    counts = np.bincount(labels)
    return bool(
        (np.bincount(labels, right)[counts >= _FEW] >= _MOST_RIGHT * counts[counts >= _FEW]).all()
    )


def _own(
    voices: Sequence[np.ndarray],
    labels: np.ndarray,
    sharpness: np.ndarray,
    confusion: np.ndarray,
    *,
    tied: bool,
) -> NoiseLayer:
    """The layer with bias and confusion of each class for itself, starting from shared ones; weights too, or `tied`."""
    scores, spread = calibration.standardised(voices)
    n_voices, n, n_classes = scores.shape
    sharpness = sharpness * spread
    dtype, identity = (
        np.float32 if tied else np.float64,
        np.eye(n_classes),
    )  # many classes take their time
    if tied:
        scores = scores.astype(dtype)
        onehot = csr_array((np.ones(n, dtype), (np.arange(n), labels)), (n, n_classes))
        first = np.log(sharpness)
    else:
        rows = scores.transpose(1, 0, 2).reshape(n, -1)  # (n, voices * classes)
        onehot, first = identity[labels], (sharpness[:, None, None] * identity).ravel()
    start = np.concatenate([first, np.zeros(n_classes), np.log(confusion).ravel()])
    cut = np.cumsum([len(first), n_classes])
    expected = np.where(np.arange(len(start)) < cut[1], _LEAVES, _CONFUSES)

    def parts(point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights, bias, confusion = np.split(point, cut)
        weights = np.exp(weights) if tied else weights.reshape(-1, n_classes)
        return weights, bias, softmax(confusion.reshape(-1, n_classes), axis=1)

    def log_loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias, confusion = (part.astype(dtype) for part in parts(point))
        logits = (np.tensordot(weights, scores, 1) if tied else rows @ weights) + bias
        odds = calibration.relative_odds(logits)
        pred_probs = odds / odds.sum(axis=1, keepdims=True)
        joint = pred_probs * confusion[:, labels].T  # (n, true class)
        likelihood = joint.sum(axis=1, keepdims=True)
        posterior = joint / likelihood
        surplus = posterior - pred_probs
        ascent = np.tensordot(scores, surplus, 2) * weights if tied else (rows.T @ surplus).ravel()
        counts = posterior.T @ onehot  # (true class, label)
        errors = counts - confusion * counts.sum(axis=1, keepdims=True)
        gradient = np.concatenate([ascent, surplus.sum(axis=0), errors.ravel()])
        away = (point - start) / expected
        return (away @ away / 2 - np.log(likelihood).sum(dtype=np.float64)) / n, (
            away / expected - gradient
        ) / n

    how = {"maxiter": _ITERATIONS} | ({"ftol": _SETTLED} if tied else {})
    found = minimize(log_loss, start, jac=True, method="L-BFGS-B", options=how)
    weights, bias, confusion = parts(found.x)
    weights = (
        weights[:, None, None] * identity
        if tied
        else weights.reshape(n_voices, n_classes, n_classes)
    )
    return NoiseLayer(weights / spread[:, None, None], bias, confusion)
