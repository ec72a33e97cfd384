"""Combine out-of-sample scores of several classifiers, although labels are partly wrong.

The layer holds two models, fitted together so that the given labels are as likely as possible:

    P(true class) = softmax(sum over classifiers of scores · weights + bias)
    P(label)      = P(true class) · confusion matrix

This is the noise layer of Sukhbaatar et al. (2015) and Goldberger and Ben-Reuven (2017), here on
scores instead of a network. The fit starts from one temperature for each classifier and from the
confusion matrix of confident learning (Northcutt, Jiang and Chuang 2021). A Gaussian prior around
that start prevents large changes that only few examples support.

With fewer examples than free weights, a classifier keeps one temperature for all classes. The
confusion matrix then starts from equally likely errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from assay.cleaning import annotators
from assay.cleaning.score_weights import Temperatures, Weights
from assay.contract.sampling import step_for
from assay.training import calibration

_NOISE = 0.05  # expected share of wrong labels
# Spread of the prior, for scores with a standard deviation of one: on a weight, on the logarithm of
# a weight that all classes share, and on the bias.
_WEIGHT_SPREAD = 0.5
_CONFUSION_SPREAD = 1.0  # of the prior on the logarithm of an entry of the confusion matrix
_ROWS, _CELLS = 20_000, 5_000_000  # at most: fitted examples, and fitted examples times classes
_SHARED_ROWS, _SHARED_CELLS = 5000, 300_000  # the same for what all classes share
_MOST_CLASSES = 100  # with more, all classes share one temperature and one share of wrong labels
# Labels that are added to each cell of the confident joint. If it is the first of two starts, less
# is added: whole labels in empty cells would make it less likely, and the second start would win.
_ADDED, _ADDED_TO_FIRST = 1.0, 0.02
# Least gain in mean log-likelihood over class frequencies; with less, frequencies are used instead.
# They leave little to gain if one class is rare. Then a share of their entropy is enough.
_LEAST_GAIN, _LEAST_SHARE = 0.02, 0.1
_BY_CHANCE = 5  # divided by the number of labels: what ten free numbers gain by chance
_LEAST_RIGHT = 0.5  # share of the labels of a class that must seem right,
_LEAST_LABELS = 5  # if the class has at least this many labels
_TINY = 1e-300


@dataclass
class NoiseLayer:
    """The fitted layer.

    Attributes
    ----------
    weights : (classifiers, classes, classes), from a classifier's scores to the true class's logits
    bias : (classes,)
    confusion : (classes, classes) probability of each label, a row for each true class
    """

    weights: np.ndarray
    bias: np.ndarray
    confusion: np.ndarray

    def pred_probs(self, scores: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of the true class, without use of the label. Shape (n, classes), float32.

        Parameters
        ----------
        scores : one array (n, classes) for each classifier
        """
        weighted = [block @ weights for block, weights in zip(scores, self.weights, strict=True)]
        return softmax(sum(weighted) + self.bias, axis=1).astype(np.float32)

    def posterior(self, scores: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
        """Probabilities of the true class, given the label too. Shape (n, classes), float64.

        `scores` are as in `pred_probs`, and `labels` is (n,), int.
        """
        joint = self.pred_probs(scores) * self.confusion[:, labels].T.astype(np.float64)
        return joint / np.maximum(joint.sum(axis=1, keepdims=True), _TINY)


def fit(
    scores: Sequence[np.ndarray],
    labels: np.ndarray,
    *,
    one_temperature: bool = False,
    alike: bool = False,
) -> NoiseLayer:
    """Fit the layer on examples whose labels the classifiers have not seen.

    If all classifiers together are no better than class frequencies, all are ignored.

    Parameters
    ----------
    scores : one array (n, classes) for each classifier; the larger, the likelier
    labels : (n,) int
    one_temperature : keep one temperature for each classifier, even with many examples
    alike : whether the classifiers make similar errors, as for a table. Then their agreement makes
        the layer less sure, and a second start helps where classes overlap.
    """
    n_classes = scores[0].shape[1]
    most = min(_ROWS, max(1, _CELLS // n_classes))
    step = step_for(len(labels), most)
    scores = [block[::step] for block in scores]
    labels = labels[::step]

    stride = max(1, min(scores[0].size // _SHARED_CELLS, len(labels) // _SHARED_ROWS))
    some = [block[::stride] for block in scores]
    sharpness, noise = calibration.sharpness_and_noise(some, labels[::stride], together=alike)
    pred_probs = softmax(np.tensordot(sharpness, np.stack(scores), 1), axis=1)
    weights = sharpness[:, None, None] * np.eye(n_classes)
    # without this check, half of the labels could seem wrong
    if not _beats_frequencies(pred_probs, labels, noise):
        frequencies = np.bincount(labels, minlength=n_classes) / len(labels)
        bias = np.log(np.maximum(frequencies, _TINY))
        return NoiseLayer(np.zeros_like(weights), bias, annotators.uniform(_NOISE, n_classes))

    layer = NoiseLayer(weights, np.zeros(n_classes), annotators.uniform(noise, n_classes))
    if 1 < n_classes <= _MOST_CLASSES:
        model_of: type[Temperatures | Weights]
        if one_temperature or len(labels) < len(scores) * n_classes**2:
            model_of, starts = Temperatures, [annotators.uniform(_NOISE, n_classes)]
        else:
            added = _ADDED_TO_FIRST if alike else _ADDED
            model_of, starts = Weights, [_confident_confusion(labels, pred_probs, added)]
            starts += [layer.confusion] if alike else []
        by_class = _fit_by_class(scores, labels, sharpness, model_of, starts)
        layer = by_class if _keeps_every_class(by_class, scores, labels) else layer
    weights, bias = layer.weights.astype(np.float32), layer.bias.astype(np.float32)
    return NoiseLayer(weights, bias, layer.confusion)


def _beats_frequencies(pred_probs: np.ndarray, labels: np.ndarray, noise: float) -> bool:
    """Whether predictions explain labels better than class frequencies do."""
    right = pred_probs[np.arange(len(labels)), labels]
    explained = calibration.log_likelihood(right, noise, pred_probs.shape[1])
    frequencies = np.bincount(labels) / len(labels)
    entropy = -np.log(frequencies[labels]).mean()
    least = min(_LEAST_GAIN, max(_LEAST_SHARE * entropy, _BY_CHANCE / len(labels)))
    return bool(explained + entropy > least)


def _keeps_every_class(layer: NoiseLayer, scores: Sequence[np.ndarray], labels: np.ndarray) -> bool:
    """Whether at least half of each class's labels seem right. If not, a class absorbed another."""
    right = layer.posterior(scores, labels)[np.arange(len(labels)), labels]  # (n,)
    counts, right_counts = np.bincount(labels), np.bincount(labels, right)
    enough = counts >= _LEAST_LABELS
    return bool((right_counts[enough] >= _LEAST_RIGHT * counts[enough]).all())


def _confident_confusion(labels: np.ndarray, pred_probs: np.ndarray, added: float) -> np.ndarray:
    """The confusion matrix (classes, classes) of confident learning, with `added` in each cell."""
    from cleanlab.count import compute_confident_joint  # takes seconds to import

    joint = compute_confident_joint(labels, pred_probs).T + added
    return joint / joint.sum(axis=1, keepdims=True)


def _fit_by_class(
    scores: Sequence[np.ndarray],
    labels: np.ndarray,
    sharpness: np.ndarray,
    model_of: type[Temperatures | Weights],
    starts: Sequence[np.ndarray],
) -> NoiseLayer:
    """The layer with a bias and a row of the confusion matrix for each class.

    The fit runs once from each start, a confusion matrix, and the likelier result is used. One
    start is not enough where classes overlap: there, the matrix of confident learning takes hard
    examples for wrong labels. The prior on the confusion matrix does not count in this choice. It
    is centred on the start, so it would favour a start that was fitted to these labels.
    """
    standard, spread = calibration.standardised(scores)  # (classifiers, n, classes)
    n_classes = standard.shape[2]
    model = model_of(standard, labels, sharpness * spread)
    optima, losses = [], []
    for confusion in starts:
        start = np.concatenate([model.start, np.zeros(n_classes), np.log(confusion).ravel()])
        arguments = {"jac": True, "method": "L-BFGS-B", "options": model.options}
        optimum = minimize(_objective, start, (model, start, labels), **arguments)
        away = (optimum.x - start)[-confusion.size :] / _CONFUSION_SPREAD
        optima.append(optimum.x)
        losses.append(optimum.fun - away @ away / 2 / len(labels))
    point, bias, confusion = _parts(optima[np.argmin(losses)], n_classes)
    return NoiseLayer(model.weights(point) / spread[:, None, None], bias, confusion)


def _parts(point: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The model's point, the bias (classes,), and the confusion matrix (classes, classes)."""
    model_point, bias, logs = np.split(point, [-n_classes - n_classes**2, -(n_classes**2)])
    return model_point, bias, softmax(logs.reshape(n_classes, n_classes), axis=1)


def _objective(
    point: np.ndarray, model: Temperatures | Weights, start: np.ndarray, labels: np.ndarray
) -> tuple[float, np.ndarray]:
    """The mean negative log-posterior at a point, and its gradient.

    For an example with label l, let p be the probabilities of the true classes, C the confusion
    matrix, and q_c = p_c C_cl / sum_k p_k C_kl the posterior. Then L = log sum_c p_c C_cl, and

        dL / d logit_c  = q_c - p_c                   p is a softmax of logits
        dL / d bias_c   = q_c - p_c                   a logit is a sum with the bias
        dL / d log C_ck = q_c (1[k = l] - C_ck)       each row of C is a softmax too

    Over all examples, the last line sums to N_ck - C_ck sum_j N_cj. N_ck is the expected number of
    examples of class c with label k. The model's `gradient` applies the chain rule from the logits
    to its point.
    """
    n, dtype = len(labels), model.onehot.dtype
    model_point, bias, confusion = _parts(point, model.onehot.shape[1])
    bias, confusion = bias.astype(dtype), confusion.astype(dtype)
    odds = calibration.relative_odds(model.logits(model_point) + bias)
    pred_probs = odds / odds.sum(axis=1, keepdims=True)  # (n, true class)
    joint = pred_probs * confusion[:, labels].T  # (n, true class)
    likelihood = joint.sum(axis=1, keepdims=True)  # (n, 1)
    posterior = joint / likelihood

    by_logit = posterior - pred_probs
    counts = posterior.T @ model.onehot  # (true class, label)
    by_confusion = counts - confusion * counts.sum(axis=1, keepdims=True)
    by_point = [model.gradient(model_point, by_logit), by_logit.sum(axis=0), by_confusion.ravel()]

    spread = np.full(len(point), _WEIGHT_SPREAD)
    spread[-confusion.size :] = _CONFUSION_SPREAD
    away = (point - start) / spread
    loss = away @ away / 2 - np.log(likelihood).sum(dtype=np.float64)
    return loss / n, (away / spread - np.concatenate(by_point)) / n
