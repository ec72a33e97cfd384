"""The consensus weighs annotators by their reliability, also with unusual annotators."""

import numpy as np

from assay.cleaning import annotators
from assay.cleaning.annotators import Votes, consensus


def people(accuracies: list[float], n: int = 500, n_classes: int = 4) -> tuple[np.ndarray, Votes]:
    """The true classes (n,), and a vote of each annotator on every example."""
    rng = np.random.default_rng(0)
    truth = rng.integers(n_classes, size=n)
    examples = np.tile(np.arange(n), len(accuracies))
    annotator = np.repeat(np.arange(len(accuracies)), n)
    wrong = rng.random(len(examples)) >= np.repeat(accuracies, n)
    other = (truth[examples] + rng.integers(1, n_classes, len(examples))) % n_classes
    labels = np.where(wrong, other, truth[examples])
    return truth, Votes(examples, annotator, labels, (n, len(accuracies), n_classes))


def right(truth: np.ndarray, probabilities: np.ndarray) -> float:
    return np.mean(probabilities.argmax(axis=1) == truth)


def test_accuracies_are_found():
    _, votes = people([0.95, 0.8, 0.6, 0.3])
    np.testing.assert_allclose(consensus(votes).accuracy, [0.95, 0.8, 0.6, 0.3], atol=0.06)


def test_beats_the_majority_where_people_differ():
    truth, votes = people([0.97, 0.5, 0.5, 0.5])
    majority = np.zeros(votes.shape[::2])
    np.add.at(majority, (votes.examples, votes.labels), 1)
    assert right(truth, consensus(votes).probabilities) > right(truth, majority) + 0.05


def test_a_prior_helps_and_tells_the_accuracies_where_examples_have_one_vote():
    truth, votes = people([0.9, 0.5], n=2000)
    once = votes.examples % 2 == votes.annotators  # one label an example
    votes = Votes(votes.examples[once], votes.annotators[once], votes.labels[once], votes.shape)
    off = np.random.default_rng(1).choice(4, p=[0.7, 0.1, 0.1, 0.1], size=len(truth))
    prior = np.full(votes.shape[::2], 0.1)
    prior[np.arange(len(truth)), (truth + off) % 4] = 0.7
    found = consensus(votes, prior=prior)
    np.testing.assert_allclose(found.accuracy, [0.9, 0.5], atol=0.05)
    assert right(truth, found.probabilities) > right(truth, consensus(votes).probabilities)


def test_few_labels_an_example():
    truth, votes = people([0.8, 0.65, 0.5], n=3000, n_classes=10)
    some = np.random.default_rng(0).random(len(votes.examples)) < 0.5
    votes = Votes(votes.examples[some], votes.annotators[some], votes.labels[some], votes.shape)
    found = consensus(votes)
    np.testing.assert_allclose(found.accuracy, [0.8, 0.65, 0.5], atol=0.1)
    voted = np.unique(votes.examples)
    assert right(truth[voted], found.probabilities[voted]) > 0.7


def test_the_confusion_matrix_is_found():
    truth, votes = people([0.95, 0.95, 0.95], n=4000)
    confused = (truth[votes.examples] == 1) & (votes.examples % 3 == votes.annotators)
    votes.labels[confused] = 2  # one of three people calls a 1 a 2
    confusion = consensus(votes).confusion
    assert confusion[1, 2] > 0.25
    assert confusion[2, 1] < 0.05


def test_labels_of_test_examples_do_not_change_accuracies():
    _, votes = people([0.9, 0.9, 0.9])
    held_out = np.arange(votes.shape[0]) < 250
    spoilt = Votes(votes.examples, votes.annotators, votes.labels.copy(), votes.shape)
    spoilt.labels[(votes.annotators == 0) & held_out[votes.examples]] = 0
    accuracies = [consensus(given, held_out).accuracy for given in (votes, spoilt)]
    np.testing.assert_array_equal(*accuracies)


def test_one_vote_is_the_consensus():
    found = consensus(Votes(np.array([0, 1]), np.array([0, 1]), np.array([2, 0]), (3, 2, 3)))
    assert found.probabilities.argmax(axis=1)[:2].tolist() == [2, 0]
    np.testing.assert_allclose(found.probabilities[2], 1 / 3)
    np.testing.assert_allclose(found.accuracy, 0.9)  # the expected accuracy


def test_always_the_same_answer_at_random_and_a_single_class():
    truth, votes = people([0.9, 0.9, 0.9, 0.25])
    votes.labels[votes.annotators == 2] = 0
    found = consensus(votes)
    assert (found.accuracy[2:] < 0.4).all()
    assert right(truth, found.probabilities) > 0.9
    zeros = np.zeros_like(votes.labels)
    one_class = Votes(votes.examples, votes.annotators, zeros, (*votes.shape[:2], 1))
    assert np.isfinite(consensus(one_class).probabilities).all()


def test_blocks_do_not_change_the_consensus(monkeypatch):
    _, votes = people([0.9, 0.7, 0.5])
    whole = consensus(votes)
    monkeypatch.setattr(annotators, "_CELLS", 130)
    in_blocks = consensus(votes)
    np.testing.assert_allclose(in_blocks.probabilities, whole.probabilities, atol=1e-6)
    np.testing.assert_allclose(in_blocks.accuracy, whole.accuracy)
