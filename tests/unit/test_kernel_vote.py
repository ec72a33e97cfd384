"""Neighbours vote on every example but themselves."""

import numpy as np

from assay.cleaning import kernel_vote
from assay.measures import leave_one_out


def problem(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=n)
    centres = 3 * rng.normal(size=(3, 8))
    return (centres[labels] + rng.normal(size=(n, 8))).astype(np.float32), labels


def test_no_label_votes_for_itself():
    features, labels = problem()
    vote = kernel_vote.fit([features], labels, leave_one_out.fit([features], labels, 3), 300)
    changed = np.where(np.arange(len(labels)) == 7, (labels + 1) % 3, labels)
    other = kernel_vote.fit([features], changed, leave_one_out.fit([features], labels, 3), 300)
    other.sharpness = vote.sharpness
    before, after = vote.scores(features, 0), other.scores(features, 0)
    np.testing.assert_array_equal(before[7], after[7])
    assert (before[8] != after[8]).any()


def test_votes_are_right_and_come_in_any_blocks(monkeypatch):
    features, labels = problem()
    linear = leave_one_out.fit([features], labels, 3)
    vote = kernel_vote.fit([features[:100], features[100:]], labels, linear, 300)
    whole = vote.scores(features, 0)
    assert np.mean(whole.argmax(axis=1) == labels) > 0.9
    monkeypatch.setattr(kernel_vote, "_BLOCK", 64)
    np.testing.assert_allclose(vote.scores(features, 0), whole, rtol=1e-4)
    np.testing.assert_allclose(vote.scores(features[200:], 200), whole[200:], rtol=1e-4)
    assert vote.scores(features[:0]).shape == (0, 3)


def test_few_voters_where_many_ask(monkeypatch):
    features, labels = problem()
    monkeypatch.setattr(kernel_vote, "_VOTERS", 50)
    vote = kernel_vote.fit([features], labels, leave_one_out.fit([features], labels, 3), 300)
    assert len(vote.voters) == 50
    assert np.mean(vote.scores(features, 0).argmax(axis=1) == labels) > 0.9


def test_votes_are_as_sure_of_others_where_columns_are_more_than_rows():
    rng = np.random.default_rng(0)
    labels, features = rng.integers(2, size=420), rng.normal(size=(420, 1500)).astype(np.float32)
    features[:, 0] += 3 * labels
    learned, other = features[:120], features[120:]
    linear = leave_one_out.fit([learned], labels[:120], 2)
    vote = kernel_vote.fit([learned], labels[:120], linear, 420)
    of_learned, of_other = (np.diff(vote.scores(*rows)).std() for rows in ((learned, 0), (other,)))
    assert 0.5 < of_other / of_learned < 2
