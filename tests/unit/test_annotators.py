"""The consensus weighs annotators by their reliability, also with unusual annotators."""

import numpy as np
import pandas as pd

from assay.cleaning import annotators, tied_labels
from assay.cleaning.annotators import Votes, consensus
from assay.contract import identity, parameters
from stages import clean


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


def two_people(p: list[str], q: list[str]) -> tuple[Votes, pd.DataFrame]:
    """What two people say of one example each letter, `p` or `q`; and the examples."""
    n = len(p)
    both = np.concatenate([np.array(p) == "q", np.array(q) == "q"]).astype(int)
    votes = Votes(np.tile(np.arange(n), 2), np.repeat([0, 1], n), both, (n, 2, 2))
    ids = [identity.hash_of_name(str(number)) for number in range(n)]
    keys = [f"k{number}" for number in range(n)]
    return votes, pd.DataFrame({"id": ids, "batch": "b", "key": keys, "split": "train"})


def test_labels_that_tie_prefer_no_class_and_tied_test_labels_do_not_count(capsys):
    rng = np.random.default_rng(14)
    truth = np.where(rng.random(600) < 0.7, "p", "q")  # so the errors of q seem more frequent
    other = np.where(truth == "p", "q", "p")
    votes, examples = two_people(*(np.where(rng.random(600) < 0.75, truth, other) for _ in "ab"))
    examples.loc[:199, "split"] = "test"
    anna, bela = votes.labels.reshape(2, 600)
    ties = anna != bela
    labels = tied_labels.consensus(votes, examples, ["p", "q"])
    assert set(examples.index) - set(labels.index) == set(np.flatnonzero(ties[:200]))
    assert labels["held_out"].tolist() == (examples.loc[labels.index, "split"] == "test").tolist()
    np.testing.assert_array_equal(labels["given"][~ties[labels.index]], anna[~ties])
    of_ties = labels["given"][labels["tied"]]
    assert set(of_ties.index) == set(np.flatnonzero(ties)[ties[:200].sum() :])
    assert 0.4 < of_ties.mean() < 0.6
    n, n_test, first = ties.sum(), ties[:200].sum(), np.flatnonzero(ties)[0]
    assert capsys.readouterr().err == (
        f"assay: people's labels tie on {n} examples, 'p' and 'q' on b/k{first}: let one more"
        f" person label them; until then chance chooses {n - n_test} labels to learn from,"
        f" and {n_test} test examples will have no label\n"
    )
    again = tied_labels.consensus(votes, examples, ["p", "q"])
    pd.testing.assert_frame_equal(labels, again)


def test_where_all_labels_tie_both_classes_are_learned_and_a_single_label_counts(capsys):
    votes, examples = two_people(["p", "q"] * 50, ["q", "p"] * 49 + ["q", "q"])
    only_one = np.arange(200) < 199  # the second person did not label the last example
    votes = Votes(
        votes.examples[only_one], votes.annotators[only_one], votes.labels[only_one], votes.shape
    )
    given = tied_labels.consensus(votes, examples, ["p", "q"])["given"]
    assert 30 < given.sum() < 70
    assert given[99] == 1
    assert "on 99 examples" in capsys.readouterr().err


def test_people_who_are_known_to_be_more_reliable_do_not_tie(capsys):
    truth, votes = people([0.95, 0.8, 0.6, 0.3])
    ids = [identity.hash_of_name(str(number)) for number in range(len(truth))]
    examples = pd.DataFrame({"id": ids, "batch": "b", "key": ids, "split": "test"})
    examples.loc[::2, "split"] = "train"
    labels = tied_labels.consensus(votes, examples, list("abcd"))
    expected = consensus(votes, (examples["split"] == "test").to_numpy()).probabilities
    assert labels["given"].tolist() == expected.argmax(axis=1).tolist()
    assert capsys.readouterr().err == ""


def test_ties_that_no_prediction_settles_do_not_all_become_the_most_frequent_class():
    votes, examples = two_people(["p", "q"] * 50, ["q", "p"] * 30 + ["p", "q"] * 20)
    labels = tied_labels.consensus(votes, examples, ["p", "q"])
    tied = labels["tied"]
    params = parameters.load().clean

    def judged(pred_probs: np.ndarray) -> pd.DataFrame:
        posterior = consensus(votes, None, pred_probs).probabilities
        return clean.judge(labels, votes, pred_probs, posterior, params)

    frequencies = np.tile(np.float32([0.6, 0.4]), (100, 1))
    kept = judged(frequencies)
    assert set(kept["decision"]) == {"keep"}
    assert not kept["is_issue"].any()
    settled = judged(np.where(np.arange(100)[:, None] % 4 == 0, [0.1, 0.9], [0.9, 0.1]))
    replaced = settled["decision"] == "relabel"
    final = settled["given"].mask(replaced, settled["suggested"])
    assert tied.sum() == 60
    assert final[tied].tolist() == (np.arange(60) % 4 == 0).astype(int).tolist()
