"""Consensus weighs people by how far they can be trusted, and no odd annotator breaks it."""

import numpy as np

from assay.annotators import consensus


def people(accuracies: list[float], n: int = 500, n_classes: int = 4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    truth = rng.integers(n_classes, size=n)
    examples = np.tile(np.arange(n), len(accuracies))
    annotators = np.repeat(np.arange(len(accuracies)), n)
    wrong = rng.random(len(examples)) >= np.repeat(accuracies, n)
    labels = np.where(wrong, (truth[examples] + rng.integers(1, n_classes, len(examples))) % n_classes, truth[examples])
    return truth, examples, annotators, labels, (n, len(accuracies), n_classes)


def test_accuracies_are_found():
    _, *votes = people([0.95, 0.8, 0.6, 0.25])
    np.testing.assert_allclose(consensus(*votes).accuracy, [0.95, 0.8, 0.6, 0.25], atol=0.06)


def test_beats_the_majority_where_people_differ():
    truth, examples, annotators, labels, shape = people([0.97, 0.5, 0.5, 0.5])
    votes = np.zeros(shape[::2], int)
    np.add.at(votes, (examples, labels), 1)
    agreed = consensus(examples, annotators, labels, shape).probabilities.argmax(axis=1)
    assert np.mean(agreed == truth) > np.mean(votes.argmax(axis=1) == truth) + 0.05


def test_one_vote_is_the_consensus():
    found = consensus(np.array([0, 1]), np.array([0, 1]), np.array([2, 0]), (3, 2, 3))
    assert found.probabilities.argmax(axis=1)[:2].tolist() == [2, 0]
    np.testing.assert_allclose(found.probabilities[2], 1 / 3)


def test_always_the_same_answer_and_a_single_class():
    truth, examples, annotators, labels, shape = people([0.9, 0.9, 0.9])
    labels[annotators == 2] = 0
    found = consensus(examples, annotators, labels, shape)
    assert found.accuracy[2] < 0.4
    assert np.mean(found.probabilities.argmax(axis=1) == truth) > 0.9
    assert np.isfinite(consensus(examples, annotators, np.zeros_like(labels), (*shape[:2], 1)).probabilities).all()
