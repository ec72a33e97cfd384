"""Scores to probabilities of the true class, although the labels they are compared to are partly wrong.

A temperature alone (Guo, Pleiss, Sun and Weinberger 2017) makes a model repeat the errors of its labels: it would say
0.9 where one label in ten is wrong. So the share of wrong labels is fitted with it: a label is the true class with
probability 1 - noise, and else any other class. Both have a maximum of the likelihood of the given labels, because
errors contradict even sure predictions, while a model's own doubt is graded. It is the simplest case of the noise layer
of Sukhbaatar et al. (2015), with one parameter for all classes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

_NOISE = 0.05  # where the search starts


@dataclass
class Calibration:
    """softmax(scores / temperature) are probabilities of the true class; `noise` is the share of wrong labels, 0..1."""

    temperature: float
    noise: float

    def pred_probs(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of the true class before its label is looked at. Shape (n, classes), float32."""
        return softmax(scores / self.temperature, axis=1).astype(np.float32)

    def given_label(self, pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Probabilities of the true class once its label (n,) int is looked at, by Bayes's rule. Shape (n, classes)."""
        rows = np.arange(len(labels))
        joint = pred_probs * (self.noise / max(1, pred_probs.shape[1] - 1))
        joint[rows, labels] = pred_probs[rows, labels] * (1 - self.noise)
        return joint / np.maximum(joint.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)


def fit(scores: np.ndarray, labels: np.ndarray, typical: float) -> Calibration:
    """The temperature and the share of wrong labels under which the labels are most likely.

    Where all scores are on the right side any lower temperature is likelier still; so `typical` weighs in, with the
    weight of one example and a log-normal spread of one.

    Parameters
    ----------
    scores : (n, classes), of a model that did not see that row's label
    labels : (n,) int
    typical : the temperature to expect of such scores
    """
    rows = np.arange(len(labels))
    others = max(1, scores.shape[1] - 1)

    def log_loss(point: np.ndarray) -> float:
        temperature, noise = _from_point(point)
        right = softmax(scores / temperature, axis=1)[rows, labels]
        likelihood = (1 - noise) * right + noise / others * (1 - right)
        unusual = (point[0] - np.log(typical)) ** 2 / 2 / len(labels)
        return unusual - np.log(np.maximum(likelihood, np.finfo(float).tiny)).mean()

    start = (np.log(typical), np.log(_NOISE / (0.5 - _NOISE)))
    found = minimize(log_loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-7})
    temperature, noise = _from_point(found.x)
    return Calibration(temperature, max(noise, 1 / (len(labels) + 1)))  # no data set is so clean that none may be wrong


def _from_point(point: np.ndarray) -> tuple[float, float]:
    """Temperature and noise, at most one label in two, from where the search is on the real line."""
    return float(np.exp(np.clip(point[0], -7, 7))), float(0.5 / (1 + np.exp(-np.clip(point[1], -30, 30))))
