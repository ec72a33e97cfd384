"""Several people's labels to one: who can be trusted how far, and what they agree on."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

_PRIOR_ACCURACY = 0.9  # of a person of whom nothing is known yet,
_PRIOR_LABELS = 10  # counted as so many labels
_MOST = 0.999  # nobody is taken to be right always
_ROUNDS = 20


@dataclass
class Consensus:
    """What people agree on.

    Attributes
    ----------
    probabilities : (examples, classes) posterior of each class; a row without votes is uniform
    accuracy : (annotators,) estimated share of right labels, 0..1
    """

    probabilities: np.ndarray
    accuracy: np.ndarray


def consensus(
    examples: np.ndarray, annotators: np.ndarray, labels: np.ndarray, shape: tuple, held_out: np.ndarray | None = None
) -> Consensus:
    """Weigh people's votes by the accuracy that the votes themselves show (Dawid and Skene 1979, one coin a person).

    Each person is right with a chance of their own and otherwise picks any other class. Only examples with two votes
    or more tell anything of that chance; it is shrunk towards a prior, so that one label does not decide it.

    Parameters
    ----------
    examples, annotators, labels : (votes,) int, from 0
    shape : number of examples, of annotators, of classes
    held_out : (examples,) bool, test examples, whose votes tell nothing of people; None: no example is one
    """
    n_examples, n_annotators, n_classes = shape
    cells = examples * n_classes + labels
    shared = np.bincount(examples, minlength=n_examples)[examples] > 1
    if held_out is not None:
        shared &= ~held_out[examples]
    answered = np.bincount(annotators[shared], minlength=n_annotators)
    accuracy = np.full(n_annotators, _PRIOR_ACCURACY)
    for _ in range(_ROUNDS):
        odds = np.log(accuracy * max(n_classes - 1, 1) / (1 - accuracy))
        logits = np.bincount(cells, odds[annotators], n_examples * n_classes).reshape(n_examples, n_classes)
        posterior = softmax(logits, axis=1)
        right = np.bincount(annotators[shared], posterior[examples[shared], labels[shared]], n_annotators)
        shrunk = (right + _PRIOR_ACCURACY * _PRIOR_LABELS) / (answered + _PRIOR_LABELS)
        updated = np.clip(shrunk, 1 / n_classes, _MOST)
        if np.abs(updated - accuracy).max() < 1e-4:
            break
        accuracy = updated
    return Consensus(posterior, accuracy)
