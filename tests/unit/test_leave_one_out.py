"""The closed form equals a refit without each row, however rows are cut into batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.measures import batch_features, leave_one_out


def problem(seed: int, n: int, width: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.append(np.arange(n_classes), rng.integers(n_classes, size=n - n_classes))
    noise = rng.normal(size=(n, width)) * rng.uniform(0.1, 10, width)
    return noise + rng.normal(size=width) + labels[:, None], labels


problems = st.tuples(
    st.integers(0, 10**6), st.integers(8, 40), st.integers(1, 60), st.integers(2, 5)
)


@settings(max_examples=60, deadline=None)
@given(problems, st.sampled_from([1e-4, 1e-2, 1.0]))
def test_equals_refitting_without_each_row(shape, penalty):
    features, labels = problem(*shape)
    n, n_classes = len(labels), labels.max() + 1
    fitted = leave_one_out.fit([features], labels, n_classes, [penalty])
    centred = features - features.mean(axis=0)
    absolute = penalty * np.sum(centred**2) / features.shape[1]
    for row in range(n):
        others = np.arange(n) != row
        mean = features[others].mean(axis=0)
        x, y = features[others] - mean, np.eye(n_classes)[labels[others]]
        coef = np.linalg.solve(x.T @ x + absolute * np.eye(x.shape[1]), x.T @ y)
        refitted = (features[row] - mean) @ coef + y.mean(axis=0)
        np.testing.assert_allclose(fitted.scores[row], refitted, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(problems, st.integers(1, 7))
def test_batches_add_up(shape, cut):
    features, labels = problem(*shape)
    whole = leave_one_out.fit([features], labels, labels.max() + 1)
    cut_up = leave_one_out.fit([features[:cut], features[cut:]], labels, labels.max() + 1)
    assert cut_up.penalty == whole.penalty
    np.testing.assert_allclose(cut_up.scores, whole.scores, atol=1e-6)


def test_many_blocks_give_what_one_gives(monkeypatch):
    features, labels = problem(0, 100, 7, 3)
    whole = leave_one_out.fit([features], labels, 3)
    monkeypatch.setattr(batch_features, "_BLOCK", 9)
    blocks = leave_one_out.fit([features[:33], features[33:]], labels, 3)
    np.testing.assert_allclose(blocks.scores, whole.scores, atol=1e-9)


def test_choosing_on_every_third_row_only_changes_the_choice(monkeypatch):
    features, labels = problem(1, 90, 5, 3)
    monkeypatch.setattr(leave_one_out, "_CHOOSING_ROWS", 30)
    some = leave_one_out.fit([features[:50], features[50:]], labels, 3)
    same = leave_one_out.fit([features], labels, 3, [some.penalty])
    np.testing.assert_allclose(some.scores, same.scores, atol=1e-9)


def test_solve_is_the_model_of_fit():
    features, labels = problem(2, 50, 6, 3)
    fitted = leave_one_out.fit([features], labels, 3)
    coef, intercept = leave_one_out.solve([features], labels, 3, fitted.penalty)
    np.testing.assert_allclose(coef, fitted.coef, atol=1e-9)
    np.testing.assert_allclose(intercept, fitted.intercept, atol=1e-9)


def test_constant_features_predict_the_shares():
    labels = np.array([0, 0, 0, 1])
    fitted = leave_one_out.fit([np.ones((4, 2))], labels, 2)
    np.testing.assert_allclose(fitted.scores[:, 0], [2 / 3, 2 / 3, 2 / 3, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_have_the_type_of_the_features(dtype):
    features, labels = problem(3, 20, 3, 2)
    assert leave_one_out.fit([features.astype(dtype)], labels, 2).scores.dtype == dtype


@settings(max_examples=20, deadline=None)
@given(problems)
def test_a_score_is_the_weighted_sum_of_the_other_labels(shape):
    features, labels = problem(*shape)
    onehot = np.eye(labels.max() + 1)[labels]
    fitted = leave_one_out.fit([features[:5], features[5:]], labels, labels.max() + 1, [1e-2])
    weights = fitted.weights(features, [features])
    leverage = weights.diagonal().copy()
    np.fill_diagonal(weights, 0)
    np.testing.assert_allclose(weights @ onehot / (1 - leverage)[:, None], fitted.scores, atol=1e-6)
