"""Several people's labels to one: who can be trusted how far, who confuses what with what, and what they agree on.

Dawid and Skene (1979) give each person a confusion matrix, for which few people answer enough. Here all share one
matrix, and each has a rate of their own: how many times the usual errors they make. A rate is shrunk towards the usual
one. What a model that did not see the labels expects of an example can be the prior (as in Raykar et al. 2010).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import softmax

_USUAL_ERRORS = 0.1  # share of wrong labels before anything is known,
_LABELS = 10.0  # counted as so many labels of each person,
_CELL = 100.0  # and for each cell of the matrix
_ROUNDS = 30
_SETTLED = 1e-3  # change of a rate below which it is final
_CELLS = 2_000_000  # examples times classes that are worked on at a time
_TINY = 1e-12


@dataclass
class Votes:
    """Who said what of which example.

    Attributes
    ----------
    examples, annotators, labels : (votes,) int, from 0
    shape : number of examples, of annotators, of classes
    """

    examples: np.ndarray
    annotators: np.ndarray
    labels: np.ndarray
    shape: tuple[int, int, int]


@dataclass
class Consensus:
    """What people agree on.

    Attributes
    ----------
    probabilities : (examples, classes) posterior of each class; a row without votes is its prior
    accuracy : (annotators,) estimated share of right labels, 0..1
    confusion : (classes, classes) probability of each label, a row for each true class
    """

    probabilities: np.ndarray
    accuracy: np.ndarray
    confusion: np.ndarray


def consensus(
    votes: Votes,
    held_out: np.ndarray | None = None,
    prior: np.ndarray | None = None,
    confusion: np.ndarray | None = None,
) -> Consensus:
    """Weigh people's votes by what the votes themselves, and the prior, say of each person.

    Without a prior only examples with two votes or more tell anything of people.

    Parameters
    ----------
    held_out : (examples,) bool, test examples, whose votes tell nothing of people; None: no example is one
    prior : (examples, classes) probabilities from a model that did not see that example's labels; None: uniform
    confusion : (classes, classes) to expect of people; None: all errors are equally likely
    """
    n_examples, n_annotators, n_classes = votes.shape
    order = np.argsort(votes.examples, kind="stable")
    examples, annotators, labels = (
        votes.examples[order],
        votes.annotators[order],
        votes.labels[order],
    )
    telling = np.ones(len(examples), bool)
    if prior is None:
        telling = np.bincount(examples, minlength=n_examples)[examples] > 1
        prior = np.full((n_examples, n_classes), 1 / n_classes, np.float32)
    if held_out is not None:
        telling &= ~held_out[examples]
    answered = np.bincount(annotators[telling], minlength=n_annotators)
    expected = uniform(_USUAL_ERRORS, n_classes) if confusion is None else confusion
    confusion, rate = expected, np.ones(n_annotators)
    posterior = np.empty((n_examples, n_classes), np.float32)
    step = max(1, _CELLS // n_classes)
    for _ in range(_ROUNDS):
        counts = np.zeros((n_classes, n_classes))  # (true, label)
        exposed, right = (
            np.zeros((n_annotators, n_classes)),
            np.zeros(n_annotators),
        )  # to true classes
        for start in range(0, n_examples, step):
            rows = slice(start, start + step)
            own = slice(*np.searchsorted(examples, [start, start + step]))
            likelihood = np.log(_likelihood(confusion, rate[annotators[own]], labels[own]))
            each = np.arange(len(likelihood))
            places = (examples[own] - start, each)
            by_example = csr_array(
                (np.ones(len(each)), places), shape=(len(prior[rows]), len(each))
            )
            posterior[rows] = softmax(
                np.log(np.maximum(prior[rows], _TINY)) + by_example @ likelihood, axis=1
            )
            believed = posterior[examples[own]]  # (votes, classes)
            weight, people = telling[own].astype(float), annotators[own]
            right += np.bincount(people, weight * believed[each, labels[own]], n_annotators)
            exposed += (
                csr_array((weight, (people, each)), shape=(n_annotators, len(each))) @ believed
            )
            counts += (
                csr_array((weight, (labels[own], each)), shape=(n_classes, len(each))) @ believed
            ).T
        overall = (counts.sum() - np.trace(counts) + _LABELS * _USUAL_ERRORS) / (
            counts.sum() + _LABELS
        )
        errors = _LABELS * overall
        confusion = counts + _CELL * n_classes * _with_errors(expected, overall)
        confusion /= confusion.sum(axis=1, keepdims=True)
        usual = exposed @ (1 - np.diag(confusion))
        updated = (answered - right + errors) / (usual + errors)
        settled = np.abs(updated - rate).max(initial=0) < _SETTLED
        rate = updated
        if settled:
            break
    share = (answered - right + errors) / (answered + _LABELS)
    return Consensus(posterior, np.clip(1 - share, 0, 1), confusion)


def uniform(errors: float, n_classes: int) -> np.ndarray:
    """The confusion matrix with that share of errors, all of them equally likely."""
    confusion = np.full((n_classes, n_classes), errors / max(n_classes - 1, 1))
    np.fill_diagonal(confusion, 1 - errors if n_classes > 1 else 1)
    return confusion


def _with_errors(confusion: np.ndarray, errors: float) -> np.ndarray:
    """The same errors, so much more or less frequent that they are that share over all classes."""
    scaled = confusion * errors / max(1 - np.diag(confusion).mean(), _TINY)
    off_diagonal = scaled.sum(axis=1) - np.diag(scaled)
    np.fill_diagonal(scaled, np.maximum(1 - off_diagonal, _TINY))
    return scaled


def _likelihood(confusion: np.ndarray, rate: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probability of each label, had it that person's rate of errors, for each true class. Shape (votes, classes)."""
    n_classes = len(confusion)
    usual = 1 - np.diag(confusion)  # (classes,)
    errors = np.minimum(
        rate[:, None] * usual, 1 - 1 / max(n_classes, 2)
    )  # (votes, classes); no worse than chance
    wrong = errors / np.maximum(usual, _TINY) * confusion[:, labels].T
    return np.maximum(np.where(labels[:, None] == np.arange(n_classes), 1 - errors, wrong), _TINY)
