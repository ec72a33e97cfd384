"""The closed form equals a refit without each group, whatever the sizes of the groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.cleaning import cross_validation, kernel_vote
from assay.measures import leave_group_out, leave_one_out


def problem(seed: int, sizes: list[int], width: int, n_classes: int) -> tuple[np.ndarray, ...]:
    """Features, labels and groups, shuffled. Groups have directions and favourite classes."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    favourite = rng.integers(n_classes, size=len(sizes))[groups]  # a class may be in one group only
    labels = np.where(rng.random(len(groups)) < 0.5, favourite, rng.integers(n_classes))
    features = rng.normal(size=(len(groups), width)) * rng.uniform(0.1, 10, width)
    features += 5 * rng.normal(size=(len(sizes), width))[groups] + labels[:, None]
    return features, labels, groups


def refitted(features, labels, n_classes, penalty, out) -> np.ndarray:
    """Scores of the rows `out`, (n,) bool, from a fit on the others."""
    centred = features - features.mean(axis=0)
    absolute = penalty * np.sum(centred**2) / features.shape[1]
    mean = features[~out].mean(axis=0)
    x, y = features[~out] - mean, np.eye(n_classes)[labels[~out]]
    coef = np.linalg.solve(x.T @ x + absolute * np.eye(x.shape[1]), x.T @ (y - y.mean(axis=0)))
    return (features[out] - mean) @ coef + y.mean(axis=0)


problems = st.tuples(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 30), min_size=2, max_size=8),
    st.integers(1, 20),
    st.integers(2, 5),
)


@settings(max_examples=100, deadline=None)
@given(problems, st.sampled_from([1e-4, 1e-2, 1.0]))
def test_equals_refitting_without_each_group(shape, penalty):
    features, labels, groups = problem(*shape)
    n_classes = shape[3]
    fitted = leave_group_out.fit([features], labels, groups, n_classes, [penalty])
    for group in range(groups.max() + 1):
        out = groups == group
        expected = refitted(features, labels, n_classes, penalty, out)
        np.testing.assert_allclose(fitted.scores[out], expected, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(problems, st.integers(1, 5))
def test_the_penalty_is_that_of_the_least_squares_without_the_group(shape, cut):
    features, labels, groups = problem(*shape)
    n_classes, penalties = shape[3], [1e-3, 1e-1, 10.0]
    fitted = leave_group_out.fit(
        [features[:cut], features[cut:]], labels, groups, n_classes, penalties
    )
    losses = []
    for penalty in penalties:
        parts = [groups == group for group in range(groups.max() + 1)]
        errors = [
            refitted(features, labels, n_classes, penalty, out) - np.eye(n_classes)[labels[out]]
            for out in parts
        ]
        losses.append(sum(np.sum(error**2) for error in errors))
    assert losses[penalties.index(fitted.penalty)] == pytest.approx(min(losses), rel=1e-9)


def test_groups_of_one_are_leave_one_out():
    features, labels, groups = problem(1, [1] * 40, 7, 3)
    one = leave_one_out.fit([features], labels, 3)
    by_group = leave_group_out.fit([features], labels, groups, 3)
    assert by_group.penalty == one.penalty
    np.testing.assert_allclose(by_group.scores, one.scores, atol=1e-9)


def test_many_blocks_give_what_one_gives(monkeypatch):
    features, labels, groups = problem(2, [3, 3, 40, 12, 1, 5], 9, 3)
    whole = leave_group_out.fit([features], labels, groups, 3)
    monkeypatch.setattr(leave_group_out, "_BLOCK", 4)
    blocks = leave_group_out.fit([features[:20], features[20:]], labels, groups, 3)
    np.testing.assert_allclose(blocks.scores, whole.scores, atol=1e-9)


def test_a_group_that_holds_most_rows_in_float32():
    """The sums are in float64: else the sums without the group would be rounding errors."""
    features, labels, groups = problem(3, [5000, 20, 20], 30, 3)
    features = features.astype(np.float32)
    fitted = leave_group_out.fit([features], labels, groups, 3, [1e-6])
    out = groups == 0
    expected = refitted(features.astype(np.float64), labels, 3, 1e-6, out)
    np.testing.assert_allclose(fitted.scores[out], expected, rtol=1e-3, atol=1e-3)
    assert fitted.scores.dtype == np.float32


def test_it_does_not_lean_on_copies_of_the_same_source():
    """Random labels of sources whose rows are alike: leave-one-out knows them, a new source not."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 10)
    labels = rng.integers(2, size=60)[groups]
    features = rng.normal(size=(60, 80))[groups] + 0.1 * rng.normal(size=(600, 80))
    one = leave_one_out.fit([features], labels, 2)
    by_group = leave_group_out.fit([features], labels, groups, 2)
    assert np.mean(one.scores.argmax(axis=1) == labels) > 0.95
    assert np.mean(by_group.scores.argmax(axis=1) == labels) < 0.7


def test_no_vote_from_the_same_group():
    features, labels, groups = problem(4, [30] * 10, 8, 3)
    model = leave_one_out.fit([features], labels, 3)
    vote = kernel_vote.fit([features], labels, model, 300, groups)
    changed = np.where(groups == 7, (labels + 1) % 3, labels)
    other = kernel_vote.fit([features], changed, model, 300, groups)
    other.sharpness = vote.sharpness
    is_same = (vote.scores(features, 0) == other.scores(features, 0)).all(axis=1)
    assert is_same[groups == 7].all()
    assert not is_same[groups != 7].any()


def test_folds_by_group():
    sizes = [1, 2, 3, 4, 5, 6]
    groups = np.repeat(np.arange(6), sizes)
    folds = cross_validation.folds(len(groups), groups, 3)
    assert all(len(set(folds[groups == group])) == 1 for group in range(6))
    assert np.bincount(folds).tolist() == [7, 7, 7]
    assert cross_validation.folds(len(groups), groups, 30).max() == 5  # more folds than groups
    assert np.bincount(cross_validation.folds(21, None, 3)).tolist() == [7, 7, 7]


def test_the_penalty_is_chosen_on_some_groups_of_many(monkeypatch):
    features, labels, groups = problem(5, [3] * 60, 5, 3)
    monkeypatch.setattr(leave_group_out, "_CHOOSING_ROWS", 60)
    some = leave_group_out.fit([features], labels, groups, 3)
    same = leave_group_out.fit([features], labels, groups, 3, [some.penalty])
    np.testing.assert_allclose(some.scores, same.scores, atol=1e-9)
