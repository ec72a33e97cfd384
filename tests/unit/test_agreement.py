"""Agreement is what its definitions say, and its intervals hold the truth as often as they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from assay.cleaning import agreement
from assay.cleaning.annotators import Votes


def votes_of(labels: np.ndarray) -> Votes:
    """Votes of a matrix (people, examples), -1 where there is no label."""
    annotators, examples = np.nonzero(labels >= 0)
    shape = labels.shape[1], len(labels), int(labels.max()) + 1
    return Votes(examples, annotators, labels[annotators, examples], shape)


def by_definition(labels: np.ndarray) -> float:
    """Krippendorff's alpha from the matrix of coincidences, pair by pair (Krippendorff 2013)."""
    n_classes = labels.max() + 1
    coincidences = np.zeros((n_classes, n_classes))
    for column in labels.T:
        unit = column[column >= 0]
        for i, one in enumerate(unit):
            for j, other in enumerate(unit):
                if i != j:
                    coincidences[one, other] += 1 / (len(unit) - 1)
    totals = coincidences.sum(axis=0)
    n = totals.sum()
    observed = n - np.trace(coincidences)
    expected = (n**2 - np.square(totals).sum()) / (n - 1)
    return 1 - observed / expected


@given(st.integers(0, 10**6))
def test_alpha_is_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, examples, classes = rng.integers(2, 6), rng.integers(5, 40), rng.integers(2, 6)
    truth = rng.integers(classes, size=examples)
    guesses = rng.integers(classes, size=(people, examples))
    labels = np.where(rng.random((people, examples)) < 0.6, truth, guesses)
    labels[rng.random((people, examples)) < 0.2] = -1
    labels[:2, :2] = [[0, 1], [1, 1]]  # two classes, and examples with two labels
    found = agreement.alpha(votes_of(labels))
    assert found.value == pytest.approx(by_definition(labels), abs=1e-9)
    assert found.low <= found.value <= found.high
    assert found.examples == (np.sum(labels >= 0, axis=0) > 1).sum()


def test_alpha_of_krippendorffs_example() -> None:
    """Four observers, twelve units, five values: nominal alpha is 0.743 (Krippendorff 2011)."""
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    labels = [[int(cell.replace(".", "0")) - 1 for cell in row.split()] for row in observers]
    assert agreement.alpha(votes_of(np.array(labels))).value == pytest.approx(0.743, abs=5e-4)


def test_kappa_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=(3, 300))
    labels[1] = np.where(rng.random(300) < 0.6, labels[0], labels[1])
    labels[2, 9:] = -1  # too few
    (row,) = agreement.kappas(votes_of(labels), ["anna", "bela", "cleo"]).itertuples(index=False)
    assert (row.first, row.second, row.examples) == ("anna", "bela", 300)
    assert row.kappa == pytest.approx(cohen_kappa_score(labels[0], labels[1]))
    assert row.kappa_low < row.kappa < row.kappa_high


def test_intervals_hold_what_is_true_for_many_more_examples() -> None:
    rng = np.random.default_rng(0)

    def draw(examples: int) -> Votes:
        truth = rng.integers(5, size=examples)
        right = rng.random((3, examples)) < 0.7
        labels = np.where(right, truth, rng.integers(5, size=(3, examples)))
        labels[rng.random((3, examples)) < 0.2] = -1
        return votes_of(labels)

    true = agreement.alpha(draw(200_000)).value
    found = [agreement.alpha(draw(150)) for _ in range(300)]
    assert 0.91 < np.mean([one.low <= true <= one.high for one in found]) < 0.98


def test_nothing_to_compare() -> None:
    alone = votes_of(np.array([[0, 1, 1]]))
    assert agreement.metrics(alone) == {"labelled_by_several": 0}
    same = votes_of(np.zeros((2, 20), int))
    assert agreement.metrics(same) == {"labelled_by_several": 20}
    assert np.isnan(agreement.kappas(same, ["a", "b"])["kappa"].item())


def twice(votes: Votes, rows: slice) -> Votes:
    """The same labels, and some of them again, as exact copies of examples have them."""
    repeated = [
        np.concatenate([values, values[rows]])
        for values in (votes.examples, votes.annotators, votes.labels)
    ]
    return Votes(*repeated, votes.shape)


def test_one_person_does_not_agree_with_himself() -> None:
    alone = votes_of(np.arange(160)[None] % 2)
    copied = twice(twice(alone, slice(20)), slice(20))
    assert agreement.metrics(copied) == {"labelled_by_several": 0}
    assert agreement.against_model(copied, np.eye(2)[np.arange(160) % 2]) == {
        "labelled_alike_by_three": 0,
        "model_differs_from_three": 0,
    }


def test_people_count_once_for_an_example() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=(3, 60))
    labels[:, :20] = labels[0, :20]
    labels[2, 10:] = -1
    votes = votes_of(labels)
    copied = twice(votes, slice(70, 130))
    assert agreement.metrics(copied) == agreement.metrics(votes)
    pred_probs = rng.random((60, 3))
    alike = agreement.against_model(copied, pred_probs)
    assert alike == agreement.against_model(votes, pred_probs)
    assert alike["labelled_alike_by_three"] == 10
    people = ["anna", "bela", "cleo"]
    assert agreement.kappas(copied, people).equals(agreement.kappas(votes, people))
