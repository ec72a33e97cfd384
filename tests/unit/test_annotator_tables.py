"""What is said of people: the classes and batches that are hard for them, and who copies."""

import numpy as np
import pandas as pd
import pytest

from assay.cleaning import agreement, annotator_tables, annotators, copied_labels
from assay.cleaning.annotators import Votes

PEOPLE, CLASSES, N = ["a", "b", "c", "d"], list("vwxyz"), 600


def labels_of(rng: np.random.Generator, true: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Labels of a person who errs on a share of the examples."""
    wrong = rng.random(len(true)) < errors
    return (true + wrong * rng.integers(1, len(CLASSES), len(true))) % len(CLASSES)


def judged(columns: list[np.ndarray], true: np.ndarray) -> tuple:
    """Votes, and the consensus with predictions that tell the true class."""
    examples = np.tile(np.arange(len(true)), len(columns))
    people = np.repeat(np.arange(len(columns)), len(true))
    shape = (len(true), len(columns), len(CLASSES))
    votes = Votes(examples, people, np.concatenate(columns), shape)
    prior = np.full((len(true), len(CLASSES)), 0.05)
    prior[np.arange(len(true)), true] = 0.8
    return votes, annotators.consensus(votes, prior=prior), prior


@pytest.mark.parametrize(("copied", "found"), [(0.0, 0), (0.6, 1)])
def test_who_copies_shares_errors(copied, found):
    flagged = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        true = rng.integers(len(CLASSES), size=N)
        hard = np.where(rng.random(N) < 0.2, 0.5, 0.1)  # all err more on these
        columns = [labels_of(rng, true, hard) for _ in PEOPLE]
        columns[3] = np.where(rng.random(N) < copied, columns[2], columns[3])
        votes, consensus, _ = judged(columns, true)
        pairs = copied_labels.pairs(votes, consensus, PEOPLE)
        flagged += pairs.loc[pairs["copies"], ["first", "second"]].to_numpy().tolist()
    assert flagged == [["c", "d"]] * 10 * found


def test_who_may_copy_is_told_once(capsys):
    columns = ["first", "second", "same_errors", "expected", "copies"]
    rows = [("a", "b", 4, 4.0, False), ("c", "d\u202e", 1200, 12.34, True)]
    copied_labels.say_copies(pd.DataFrame(rows[:1], columns=columns))
    copied_labels.say_copies(pd.DataFrame(columns=columns))
    assert capsys.readouterr().err == ""
    copied_labels.say_copies(pd.DataFrame(rows, columns=columns))
    assert capsys.readouterr().err == (
        "assay: 1 pair of people, one of whom may copy from the other: "
        "'c' and 'd\\u202e' gave the same wrong label to 1,200 (expected 12.3)\n"
    )
    copied_labels.say_copies(pd.DataFrame([("c", "given", 88, 2.0, True)], columns=columns))
    both = "'c' and 'given' (the label that came with the data) gave the same wrong label"
    assert f": {both} to 88 " in capsys.readouterr().err


def lone_labels(rng: np.random.Generator, n: int, sure: float) -> tuple:
    """Labels of four people, each on own examples, whose true class a model gives `sure`."""
    true = rng.integers(len(CLASSES), size=4 * n)
    prior = np.full((4 * n, len(CLASSES)), (1 - sure) / (len(CLASSES) - 1))
    likely = (true + (rng.random(4 * n) > sure) * rng.integers(1, 5, 4 * n)) % len(CLASSES)
    prior[np.arange(4 * n), likely] = sure
    people = np.repeat(np.arange(4), n)
    labels = labels_of(rng, true, np.repeat([0, 0.05, 0.3, 0.66], n))
    return Votes(np.arange(4 * n), people, labels, (4 * n, 4, len(CLASSES))), prior, labels == true


def test_the_interval_has_the_share_of_right_labels_as_often_as_it_says():
    """Also of a person who is always right, and the wider the less the model knows."""
    width = {}
    for sure, error in ((0.95, 0.025), (0.6, 0.08)):
        holds, errors, widths = [], [], []
        for seed in range(60):
            votes, prior, correct = lone_labels(np.random.default_rng(seed), 100, sure)
            found = annotators.consensus(votes, prior=prior)
            accuracy, low, high = annotator_tables.accuracies(votes, found)
            share = correct.reshape(4, -1).mean(axis=1)
            assert np.all((low <= accuracy) & (accuracy <= high))
            holds.append((low - 1e-6 <= share) & (share <= high + 1e-6))
            errors.append(np.abs(accuracy - share))
            widths.append(high - low)
        assert np.mean(holds, axis=0).min() > 0.92
        assert np.mean(errors, axis=0).max() < error
        width[sure] = np.mean(widths, axis=0)
    assert (width[0.6] > 1.5 * width[0.95]).all()


def test_nothing_is_known_of_a_person_whose_labels_nothing_can_judge():
    votes, _, _ = lone_labels(np.random.default_rng(0), 50, 0.9)
    found = annotators.consensus(votes)
    accuracy, low, high = annotator_tables.accuracies(votes, found)
    np.testing.assert_allclose(accuracy, 0.9, atol=1e-6)  # the expected accuracy
    np.testing.assert_allclose([low, high], [[0] * 4, [1] * 4], atol=1e-6)


def test_blocks_do_not_change_what_others_say(monkeypatch):
    votes, prior, _ = lone_labels(np.random.default_rng(0), 50, 0.9)
    found = annotators.consensus(votes, prior=prior)
    whole = annotators.right_by_others(votes, found)
    monkeypatch.setattr(annotators, "_CELLS", 70)
    np.testing.assert_array_equal(annotators.right_by_others(votes, found), whole)


def test_what_others_say_of_a_label_does_not_depend_on_it():
    votes, prior, _ = lone_labels(np.random.default_rng(0), 50, 0.9)
    right = annotators.right_by_others(votes, annotators.consensus(votes, prior=prior))
    is_likely = votes.labels == prior.argmax(axis=1)
    # 0.9 and 0.025 of the class, against the mean of the other classes
    np.testing.assert_allclose(right[is_likely], 0.9 / (0.9 + 0.1 / 4), atol=0.02)


def test_two_people_alone_are_compared_with_nobody():
    true = np.arange(20) % 5
    votes, consensus, _ = judged([true, true], true)
    assert not copied_labels.pairs(votes, consensus, PEOPLE[:2])["copies"].any()


def test_of_copies_with_two_labels_the_first_counts_for_errors_as_for_kappa():
    true = np.arange(60) % 5
    wrong = (true + 1) % 5
    first = np.where(np.arange(60) < 20, wrong, true)
    _, consensus, _ = judged([true, true], true)
    votes, *_ = judged([first, first], true)
    again = np.arange(20)  # these examples have a copy, to which the first person gave the truth
    repeated = Votes(
        np.append(votes.examples, again),
        np.append(votes.annotators, np.zeros(20, int)),
        np.append(votes.labels, true[again]),
        votes.shape,
    )
    assert agreement.kappas(repeated, PEOPLE[:2])["kappa"].item() == 1
    pairs = copied_labels.pairs(repeated, consensus, PEOPLE[:2])
    assert pairs["same_errors"].item() == 20


def test_it_is_said_if_not_all_examples_tell_who_copies(monkeypatch, capsys):
    true = np.arange(20) % 5
    votes, consensus, _ = judged([true] * 3, true)
    monkeypatch.setattr(copied_labels, "_MOST", 9 * 7)  # pairs, 3 x 3 of each example
    copied_labels.pairs(votes, consensus, PEOPLE[:3])
    said = "who copies labels is judged by the first 7 of 20 examples that several people labelled"
    assert said in capsys.readouterr().err


def test_a_person_who_got_tired_and_one_who_does_not_know_a_class():
    rng = np.random.default_rng(0)
    true = rng.integers(len(CLASSES), size=N)
    batches = pd.Series(np.where(np.arange(N) < N // 2, "early", "late"))
    tired = np.where(batches == "late", 0.4, 0.05)
    unsure = np.where(true == 2, 0.6, 0.05)
    errors = [tired, unsure, np.full(N, 0.1), np.full(N, 0.1)]
    votes, consensus, prior = judged([labels_of(rng, true, each) for each in errors], true)
    parts = annotator_tables.parts(votes, consensus, PEOPLE, CLASSES, batches)
    worse = parts.loc[parts["worse"].astype(bool), ["annotator", "slice", "value"]]
    assert sorted(worse.to_numpy().tolist()) == [["a", "batch", "late"], ["b", "class", "x"]]
    counts = agreement.against_model(votes, prior)
    assert 0 < counts["labelled_alike_by_three"] < N
    assert counts["model_differs_from_three"] == 0
