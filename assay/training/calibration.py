"""Scores to probabilities of the true class, although the labels they are compared to are partly wrong."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

_NOISE = 0.05  # share of wrong labels where the search starts
_SHARPNESS = 3.0  # of a voice whose scores have a standard deviation of one, typically
_TINY = 1e-300


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """By which to divide logits (n, classes) for calibrated probabilities, although some labels (n,) are wrong."""
    return float(1 / shared([logits], labels)[0][0])


def shared(voices: Sequence[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, float]:
    """One sharpness (inverse temperature) a voice, (voices,), and the share of wrong labels, for all classes.

    A temperature alone (Guo, Pleiss, Sun and Weinberger 2017) would repeat the errors of the labels. Both have a
    maximum of the likelihood, because errors contradict even sure predictions, while a model's own doubt is graded.
    Where all scores are on the right side any sharper ones are likelier still; so a typical sharpness weighs in, with
    the weight of one example and a log-normal spread of one.
    """
    scores, spread = standardised(voices)
    rows, n_classes = np.arange(len(labels)), scores.shape[2]

    def log_loss(point: np.ndarray) -> float:
        sharpness, noise = _from_point(point)
        logits = np.tensordot(sharpness, scores, 1)
        odds = relative_odds(logits)
        right = odds[rows, labels] / odds.sum(axis=1)
        unusual = ((point[:-1] - np.log(_SHARPNESS)) ** 2).sum() / 2 / len(labels)
        return unusual - log_likelihood(right, noise, n_classes)

    start = np.append(np.full(len(scores), np.log(_SHARPNESS)), np.log(_NOISE / (0.5 - _NOISE)))
    found = minimize(log_loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-7})
    sharpness, noise = _from_point(found.x)
    return sharpness / spread, max(
        noise, 1 / (len(labels) + 1)
    )  # no data set is so clean that none may be wrong


def log_likelihood(right: np.ndarray, noise: float, n_classes: int) -> float:
    """Mean log-likelihood of labels whose classes have the probabilities `right` (n,), if that share is wrong."""
    likelihood = (1 - noise) * right + noise / max(1, n_classes - 1) * (1 - right)
    return np.log(np.maximum(likelihood, _TINY)).mean()


def relative_odds(logits: np.ndarray) -> np.ndarray:
    """Of each class (n, classes) against the likeliest; scipy's softmax, which divides by their sum, is slower."""
    return np.exp(logits - logits.max(axis=1, keepdims=True))


def standardised(voices: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Scores (voices, n, classes), float64, with a standard deviation of one each; and what it was, (voices,)."""
    spread = np.array([max(float(voice.std()), 1e-6) for voice in voices])
    return np.stack(voices).astype(np.float64) / spread[:, None, None], spread


def _from_point(point: np.ndarray) -> tuple[np.ndarray, float]:
    """Sharpness and noise, at most one label in two, from where the search is on the real line."""
    return np.exp(np.clip(point[:-1], -7, 7)), float(
        0.5 / (1 + np.exp(-np.clip(point[-1], -30, 30)))
    )
