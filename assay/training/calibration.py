"""Turn scores into calibrated probabilities, although some labels for calibration are wrong."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from assay.contract.sampling import step_for

_NOISE = 0.05  # share of wrong labels where the search starts
_SHARPNESS = 3.0  # typical for a classifier whose scores have a standard deviation of one
# For logits: the prior weighs as much as 4 examples, and 10 more labels are taken to be right. With
# smaller numbers, 15 to 100 examples make a good model too sure, because its errors look like wrong
# labels. Simulated with logits that are 0.4 to 3 times as sure as they should be.
_OF_LOGITS, _RIGHT_LABELS = 4, 10
_LARGEST_LOG_SHARPNESS, _LARGEST_LOGIT = 7, 30  # bounds of the search
# The second search: how much lower its first logarithm of the sharpness is, how many labels it
# reads at most, and by how much its mean loss must be lower. Two searches that find the same
# optimum differ by less.
_SOFTER, _FEW, _CLEARLY = 2.0, 1000, 1e-4
_SPREAD_OF_EACH = 4.0  # of the prior on each sharpness, if their sum has a prior too
_TINY = 1e-300


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that calibrates logits (n, classes) if some labels (n,) are wrong.

    The logits must come from training by cross-entropy, which aims at a temperature of one. Long
    training makes logits too large. So the centre of the prior is half way between one and a
    typical sharpness. The prior weighs as much as four examples. The labels are cleaned ones, so
    ten more labels are taken to be right. Prior and added labels matter only if labels are few.
    """
    _, spread = standardised([logits])
    centre = (np.log(_SHARPNESS) + np.log(spread[0])) / 2
    sharpness, _ = sharpness_and_noise([logits], labels, centre, _OF_LOGITS, _RIGHT_LABELS)
    return float(1 / sharpness[0])


def sharpness_and_noise(
    voices: Sequence[np.ndarray],
    labels: np.ndarray,
    centre: float = np.log(_SHARPNESS),
    of_sharpness: float = 1,
    right_labels: float = 0,
    *,
    together: bool = False,
) -> tuple[np.ndarray, float]:
    """The likeliest sharpness of each classifier, and the likeliest share of wrong labels.

    A temperature alone (Guo, Pleiss, Sun and Weinberger 2017: On Calibration of Modern Neural
    Networks) would repeat the errors of the labels. Wrong labels and low sharpness look different:
    a wrong label contradicts even a very sure prediction, while low sharpness makes all predictions
    less sure. So both can be estimated. If all predictions are right, a higher sharpness always has
    a higher likelihood. A log-normal prior of spread one keeps the sharpness from growing without
    end.

    There can be two optima: sharp classifiers and many wrong labels, or softer classifiers and few
    wrong labels. So a second search starts from softer classifiers and reads only some labels. If
    it ends at a likelier point, the search goes on from there with all labels.

    Parameters
    ----------
    voices : scores (n, classes) of each classifier
    labels : (n,) int
    centre : centre of the prior: the logarithm of the sharpness, for scores of standard deviation
        one
    of_sharpness : the prior weighs as much as so many examples
    right_labels : how many more labels are taken to be right
    together : whether the prior is on the sum of all sharpness. With one prior each, similar
        classifiers would be too sure together

    Returns
    -------
    tuple
        The inverse temperature of each classifier (voices,), and the share of wrong labels.
    """
    scores, spread = standardised(voices)  # (voices, n, classes), (voices,)

    def log_loss(point: np.ndarray, step: int = 1) -> float:
        """The loss at a point of the search space, see `_from_point`, on every `step`-th label."""
        sharpness, noise = _from_point(point)
        logits = np.tensordot(sharpness, scores[:, ::step], 1)  # (n, classes)
        n, n_classes = logits.shape
        odds = relative_odds(logits)
        right = odds[np.arange(n), labels[::step]] / odds.sum(axis=1)
        away = ((point[:-1] - centre) ** 2).sum()
        if together:
            away = (np.log(sharpness.sum()) - centre) ** 2 + away / _SPREAD_OF_EACH**2
        prior = (of_sharpness * away / 2 - right_labels * np.log(1 - noise)) / n
        return prior - log_likelihood(right, noise, n_classes)

    def search(start: np.ndarray, step: int = 1) -> OptimizeResult:
        options = {"xatol": 1e-3, "fatol": 1e-7}
        return minimize(log_loss, start, (step,), method="Nelder-Mead", options=options)

    def first_point(level: float) -> np.ndarray:
        """The start of a search: `level` is the logarithm of each classifier's sharpness."""
        return np.append(np.full(len(scores), level), np.log(_NOISE / (0.5 - _NOISE)))

    optimum = search(first_point(centre))
    softer = search(first_point(centre - _SOFTER), step_for(len(labels), _FEW)).x
    if log_loss(softer) < optimum.fun - _CLEARLY:
        optimum = search(softer)
    sharpness, noise = _from_point(optimum.x)
    least_noise = 1 / (len(labels) + 1)  # even a clean data set may have a wrong label
    return sharpness / spread, max(noise, least_noise)


def log_likelihood(right: np.ndarray, noise: float, n_classes: int) -> float:
    """Mean log-likelihood of labels.

    Parameters
    ----------
    right : (n,) probability of the class that each label names
    noise : share of wrong labels, spread evenly over the other classes
    n_classes : number of classes
    """
    likelihood = (1 - noise) * right + noise / max(1, n_classes - 1) * (1 - right)
    return np.log(np.maximum(likelihood, _TINY)).mean()


def relative_odds(logits: np.ndarray) -> np.ndarray:
    """Odds of each class against the likeliest one. Shape (n, classes).

    scipy's softmax, which divides by their sum, is slower.
    """
    return np.exp(logits - logits.max(axis=1, keepdims=True))


def standardised(voices: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Scores (voices, n, classes) float64 of standard deviation one; their old one (voices,)."""
    spread = np.array([max(float(voice.std()), 1e-6) for voice in voices])
    return np.stack(voices).astype(np.float64) / spread[:, None, None], spread


def _from_point(point: np.ndarray) -> tuple[np.ndarray, float]:
    """Sharpness and noise (at most 0.5) of a point in the search space, (voices + 1,) reals."""
    sharpness = np.exp(np.clip(point[:-1], -_LARGEST_LOG_SHARPNESS, _LARGEST_LOG_SHARPNESS))
    logit = np.clip(point[-1], -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return sharpness, float(0.5 / (1 + np.exp(-logit)))
