"""The consensus of several annotators, and how reliable each annotator is.

Dawid and Skene (1979) estimate one confusion matrix for each annotator, which needs many labels
from each. Here all annotators share one matrix, and each has one rate. A rate of 2 means twice as
many errors as in the shared matrix. A rate is shrunk towards 1. The predictions of a model that did
not see the labels can be the prior, as in Raykar et al. (2010). The estimate is found by EM.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import softmax

_USUAL_ERRORS = 0.1  # the expected share of wrong labels, before any label is seen
_LABELS = 10.0  # weight of this expectation, in labels of each annotator
_CELL = 100.0  # its weight in the confusion matrix, in labels of each cell
_ROUNDS = 30  # of EM, at most
_SETTLED = 1e-3  # EM ends when no rate changes by more
_CELLS = 2_000_000  # examples times classes in a block
_TINY = 1e-12


@dataclass
class Votes:
    """The labels that annotators gave, one entry for each label.

    Attributes
    ----------
    examples, annotators, labels : (votes,) int, from 0
    shape : number of examples, of annotators, of classes
    """

    examples: np.ndarray
    annotators: np.ndarray
    labels: np.ndarray
    shape: tuple[int, int, int]

    def frame(self) -> pd.DataFrame:
        """`example`, `annotator` and `label`, a row for each label."""
        columns = {"example": self.examples, "annotator": self.annotators, "label": self.labels}
        return pd.DataFrame(columns)

    def one_each(self) -> pd.DataFrame:
        """The first label of each person for each example: a person may label a copy too."""
        return self.frame().drop_duplicates(["example", "annotator"])


@dataclass
class Consensus:
    """The estimate of the true classes and of the annotators.

    Attributes
    ----------
    probabilities : (examples, classes) posterior of each class; without votes, the prior
    accuracy : (annotators,) estimated share of right labels, 0..1
    rate : (annotators,) the annotator's errors divided by those of the shared `confusion`
    confusion : (classes, classes) probability of each label, a row for each true class
    """

    probabilities: np.ndarray
    accuracy: np.ndarray
    rate: np.ndarray
    confusion: np.ndarray


def consensus(
    votes: Votes,
    held_out: np.ndarray | None = None,
    prior: np.ndarray | None = None,
    confusion: np.ndarray | None = None,
    *,
    alike: bool = False,
) -> Consensus:
    """Estimate the true classes from all votes, each weighted by the annotator's reliability.

    Parameters
    ----------
    held_out : (examples,) bool, test examples; their votes do not count for reliability
    prior : (examples, classes) probabilities from a model that did not see that example's labels;
        None: uniform, and only examples with two votes or more count for reliability
    confusion : (classes, classes) expected matrix; None: all errors are equally likely
    alike : all errors stay equally likely, so that no class is preferred
    """
    n_examples, n_annotators, n_classes = votes.shape
    counted = np.ones(len(votes.examples), bool)
    if prior is None:
        counted = np.bincount(votes.examples, minlength=n_examples)[votes.examples] > 1
        prior = np.full((n_examples, n_classes), 1 / n_classes, np.float32)
    if held_out is not None:
        counted &= ~held_out[votes.examples]
    blocks = _blocks(votes, counted)
    expected = uniform(_USUAL_ERRORS, n_classes) if confusion is None else confusion
    confusion = expected
    rate = np.ones(n_annotators)
    posterior = np.empty((n_examples, n_classes), np.float32)
    for _ in range(_ROUNDS):
        tallies = []
        for rows, block, weights in blocks:
            posterior[rows] = _expect(block, prior[rows], confusion, rate)
            tallies.append(_tally(block, weights, posterior[rows]))
        previous = rate
        confusion, rate, accuracy = _maximise(tallies, expected, alike)
        if np.abs(rate - previous).max(initial=0) < _SETTLED:
            break
    return Consensus(posterior, accuracy, rate, confusion)


def right_by_others(votes: Votes, consensus: Consensus) -> np.ndarray:
    """The probability that each label is right, from the prior and the labels of others alone.

    The annotator's own reliability does not count: right and wrong are taken as equally likely.

    Returns
    -------
    np.ndarray
        Shape (votes,), 0..1.
    """
    n_votes, n_classes = len(votes.labels), votes.shape[2]
    right = np.empty(n_votes)
    step = max(1, _CELLS // n_classes)
    for start in range(0, n_votes, step):
        part = slice(start, start + step)
        people, person = np.unique(votes.annotators[part], return_inverse=True)
        given = np.arange(len(person)), votes.labels[part]
        # The posterior has a factor for the person's label: 1 - errors for its class; for another
        # class, errors times the chance of this label among the wrong ones. Errors are divided out.
        likelihood = _errors(consensus.confusion, consensus.rate[people])[person]
        likelihood[given] = 1 - likelihood[given]  # (votes, classes)
        np.maximum(likelihood, _TINY, out=likelihood)
        by_class = consensus.probabilities[votes.examples[part]] / likelihood  # (votes, classes)
        right[part] = by_class[given] / by_class.sum(axis=1)
    return right


def uniform(errors: float, n_classes: int) -> np.ndarray:
    """A confusion matrix (classes, classes) with a share of errors, all equally likely."""
    confusion = np.full((n_classes, n_classes), errors / max(n_classes - 1, 1))
    np.fill_diagonal(confusion, 1 - errors if n_classes > 1 else 1)
    return confusion


def _blocks(votes: Votes, counted: np.ndarray) -> list[tuple[slice, Votes, np.ndarray]]:
    """Cut the votes into blocks of consecutive examples, so that memory does not grow with them.

    Returns
    -------
    list
        The rows of the examples; their votes, with examples numbered from the first of the block;
        and weights (votes,), 1.0 where a vote counts for its annotator's reliability, else 0.0.
    """
    n_examples, n_annotators, n_classes = votes.shape
    order = np.argsort(votes.examples, kind="stable")
    examples = votes.examples[order]
    step = max(1, _CELLS // n_classes)
    blocks = []
    for start in range(0, n_examples, step):
        rows = slice(start, min(start + step, n_examples))
        first, end = np.searchsorted(examples, [rows.start, rows.stop])
        in_block = order[first:end]  # (votes,)
        block = Votes(
            examples=examples[first:end] - start,
            annotators=votes.annotators[in_block],
            labels=votes.labels[in_block],
            shape=(rows.stop - rows.start, n_annotators, n_classes),
        )
        blocks.append((rows, block, counted[in_block].astype(float)))
    return blocks


def _expect(votes: Votes, prior: np.ndarray, confusion: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """E step: the posterior (examples, classes) of the true classes."""
    likelihood = _likelihood(votes, confusion, rate)  # (votes, classes)
    by_example = _sum_by(votes.examples, len(prior), np.ones(len(votes.labels)))
    log_prior = np.log(np.maximum(prior, _TINY))  # (examples, classes)
    return softmax(log_prior + by_example @ np.log(likelihood, out=likelihood), axis=1)


def _tally(votes: Votes, weights: np.ndarray, posterior: np.ndarray) -> tuple[np.ndarray, ...]:
    """Count what the M step needs; a vote's true class is as probable as in the posterior.

    Returns
    -------
    answered : (annotators,) votes that count
    right : (annotators,) the expected number of right ones among them
    exposed : (annotators, classes) the expected number of each true class among them
    counts : (classes, classes) the expected number of each label, a row for each true class
    """
    _, n_annotators, n_classes = votes.shape
    true = posterior[votes.examples].astype(float)  # (votes, classes)
    agreement = true[np.arange(len(votes.labels)), votes.labels]  # (votes,)
    answered = np.bincount(votes.annotators, weights, n_annotators)
    right = np.bincount(votes.annotators, weights * agreement, n_annotators)
    exposed = _sum_by(votes.annotators, n_annotators, weights) @ true
    counts = _sum_by(votes.labels, n_classes, weights) @ true  # (label, true class)
    return answered, right, exposed, counts.T


def _maximise(
    tallies: list[tuple[np.ndarray, ...]], expected: np.ndarray, alike: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """M step: the confusion matrix, and each annotator's rate and accuracy, from all tallies."""
    totals = [reduce(np.add, parts) for parts in zip(*tallies, strict=True)]
    answered, right, exposed, counts = totals
    n_votes = counts.sum()
    n_wrong = n_votes - np.trace(counts)
    errors = (n_wrong + _LABELS * _USUAL_ERRORS) / (n_votes + _LABELS)
    confusion = counts + _CELL * len(counts) * _with_errors(expected, errors)
    confusion /= confusion.sum(axis=1, keepdims=True)
    if alike:
        confusion = uniform(errors, len(counts))
    wrong = answered - right + _LABELS * errors  # (annotators,)
    # what `wrong` would be at a rate of 1
    wrong_as_usual = exposed @ (1 - np.diag(confusion)) + _LABELS * errors
    accuracy = np.clip(1 - wrong / (answered + _LABELS), 0, 1)
    return confusion, wrong / wrong_as_usual, accuracy


def _sum_by(groups: np.ndarray, n_groups: int, weights: np.ndarray) -> csr_array:
    """A matrix (groups, votes): its product with rows (votes, …) sums the rows of each group."""
    places = groups, np.arange(len(groups))
    return csr_array((weights, places), shape=(n_groups, len(groups)))


def _with_errors(confusion: np.ndarray, errors: float) -> np.ndarray:
    """Scale the errors of a confusion matrix so that their mean share over classes is `errors`."""
    scaled = confusion * errors / max(1 - np.diag(confusion).mean(), _TINY)
    off_diagonal = scaled.sum(axis=1) - np.diag(scaled)
    np.fill_diagonal(scaled, np.maximum(1 - off_diagonal, _TINY))
    return scaled


def _likelihood(votes: Votes, confusion: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Probability of each label for each true class, (votes, classes)."""
    people, person = np.unique(votes.annotators, return_inverse=True)
    errors = _errors(confusion, rate[people])  # (people, classes)
    usual = 1 - np.diag(confusion)  # (classes,)
    likelihood = (errors / np.maximum(usual, _TINY))[person]
    likelihood *= np.ascontiguousarray(confusion.T)[votes.labels]
    likelihood[np.arange(len(person)), votes.labels] = 1 - errors[person, votes.labels]
    return np.maximum(likelihood, _TINY, out=likelihood)


def _errors(confusion: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """The share of wrong labels for each true class, (people, classes), at rates (people,)."""
    chance = 1 - 1 / max(len(confusion), 2)  # nobody is worse than chance
    return np.minimum(rate[:, None] * (1 - np.diag(confusion)), chance)
