"""Propagation, whitening and the order of questions, on data small enough to be checked by hand or by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.annotation import propagation, queue_order, whitening

PAGE = 10


def moons(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that no line tells apart, as float32 in 5 dimensions; and which of them each point is on."""
    rng = np.random.default_rng(seed)
    side, angle = np.arange(n) % 2, rng.uniform(0, np.pi, n)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(side, -1, 1)[:, None]
    points += side[:, None] * [1.0, 0.4] + rng.normal(0, 0.05, (n, 2))
    return np.hstack([points, rng.normal(0, 0.01, (n, 3))]).astype(np.float32), side


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 300), st.integers(1, 8), st.integers(1, 10), st.integers(0, 10**6))
def test_nearest_is_what_sorting_all_distances_gives(n, dimensions, count, seed):
    points = np.random.default_rng(seed).normal(size=(n, dimensions)).astype(np.float32)
    count = min(count, n - 1)
    distances, neighbours = propagation.nearest_exactly(points, count)
    every = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(every, np.inf)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :count], atol=1e-4)
    assert all(
        row not in found and len(set(found)) == count for row, found in enumerate(neighbours)
    )


def test_the_graph_is_symmetric_and_contracts():
    points, _ = moons(200)
    affinity = propagation.graph(*propagation.nearest_exactly(points, 7)).toarray()
    np.testing.assert_allclose(affinity, affinity.T, atol=1e-7)
    assert np.abs(np.linalg.eigvalsh(affinity)).max() == pytest.approx(1, abs=1e-5)


def test_two_labels_are_enough_for_two_moons():
    points, side = moons(600)
    labels = np.where(np.arange(600) < 2, side, -1)
    pred_probs = propagation.propagate([points[:100], points[100:]], labels, np.ones(600), 2)
    assert (pred_probs.argmax(axis=1) == side).mean() > 0.98
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, atol=1e-5)


def test_a_class_with_more_labels_is_not_favoured():
    points, side = moons(600)
    labels = np.where((np.arange(600) < 200) & ((side == 0) | (np.arange(600) < 4)), side, -1)
    pred_probs = propagation.propagate([points], labels, np.ones(600), 2)
    assert (pred_probs.argmax(axis=1) == side).mean() > 0.98


def test_a_rare_class_is_not_named_more_often_than_its_labels_allow():
    rng = np.random.default_rng(0)
    rare = np.arange(3000) % 50 == 0
    points = rng.normal(size=(3000, 4)) + 1.5 * rare[:, None]
    labels = np.where(rng.random(3000) < 0.4, rare, -1)
    pred_probs = propagation.propagate([points.astype(np.float32)], labels, np.ones(3000), 2)
    named, others = pred_probs.argmax(axis=1) == 1, labels < 0
    assert 0 < named[others].sum() < 1.5 * rare[others].sum()  # it was 15 times as many
    assert rare[named & others].mean() > 0.5


def test_classes_are_as_frequent_as_each_other_as_far_as_the_labels_allow():
    assert propagation._prior(np.array([10, 10, 10])).tolist() == [1, 1, 1]
    assert propagation._prior(np.array([6, 13, 11])).tolist() == [1, 1, 1]  # may be chance
    rare, frequent = propagation._prior(np.array([20, 980]))
    assert 0.02 < rare < 0.04 < frequent == 1
    assert propagation._prior(np.array([0, 0])).tolist() == [1, 1]


def right_and_sure(points: np.ndarray, classes: np.ndarray, every: int) -> tuple[float, float]:
    """Label every so many points; of the others, the share that is right, and the mean confidence."""
    labels = np.where(np.arange(len(points)) % every == 0, classes, -1)
    pred_probs = propagation.propagate([points], labels, np.ones(len(points)), classes.max() + 1)
    others = pred_probs[labels < 0]
    return (others.argmax(axis=1) == classes[labels < 0]).mean(), others.max(axis=1).mean()


@pytest.mark.parametrize("n_classes", [6, 12, 20])
def test_probabilities_are_as_high_as_they_are_right(n_classes):
    rng = np.random.default_rng(0)
    classes = rng.integers(0, n_classes, 1200)
    centres = 1.5 * rng.normal(size=(n_classes, 8))
    points = (centres[classes] + rng.normal(size=(1200, 8))).astype(np.float32)
    right, confidence = right_and_sure(points, classes, 5)
    assert confidence == pytest.approx(right, abs=0.03)


def test_labels_that_points_do_not_tell_make_no_high_probabilities():
    points = np.random.default_rng(2).normal(size=(900, 1)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 2, 900)
    right, confidence = right_and_sure(points, labels, 3)
    assert confidence == pytest.approx(right, abs=0.1)


def test_the_usual_power_is_kept_where_no_label_can_be_left_out(monkeypatch):
    points, side = moons(60)
    labels = np.where(np.arange(60) < 2, side, -1)  # one of each class
    chosen = propagation.propagate([points], labels, np.ones(60), 2)
    monkeypatch.setattr(propagation, "_POWERS", np.array([propagation._USUAL_POWER]))
    usual = propagation.propagate([points], labels, np.ones(60), 2)
    np.testing.assert_array_equal(chosen, usual)


def test_many_classes_do_not_underflow(monkeypatch):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 8)).astype(np.float32)
    labels = np.where(np.arange(400) < 200, np.arange(400) % 100, -1)
    monkeypatch.setattr(propagation, "_POWERS", np.array([30.0]))
    pred_probs = propagation.propagate([points], labels, np.ones(400), 100)
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, atol=1e-5)


def test_where_no_label_arrives_all_classes_are_alike():
    far = np.concatenate([np.zeros((20, 2)), np.full((20, 2), 1e3)]) + np.random.default_rng(
        0
    ).normal(size=(40, 2))
    labels = np.full(40, -1)
    labels[[0, 1]] = 0, 1
    pred_probs = propagation.propagate([far.astype(np.float32)], labels, np.ones(40), 2)
    np.testing.assert_allclose(pred_probs[20:], 0.5, atol=1e-6)
    assert pred_probs[0, 0] > 0.5 > pred_probs[1, 0]


@pytest.mark.parametrize("n", [2, 3, 9])
def test_few_or_equal_examples_are_no_error(n):
    labels = np.where(np.arange(n) < 2, np.arange(n), -1)
    for points in (np.ones((n, 4), np.float32), np.arange(4 * n, dtype=np.float32).reshape(n, 4)):
        assert np.isfinite(propagation.propagate([points], labels, np.ones(n), 2)).all()


def test_whitened_components_have_one_scale_and_do_not_mind_batches():
    points = np.random.default_rng(0).normal(size=(500, 6)) * [9, 5, 3, 2, 1, 0.01]
    whole = whitening.whiten([points], 10**6)
    np.testing.assert_allclose(
        np.abs(whitening.whiten([points[:123], points[123:]], 10**6)), np.abs(whole), atol=1e-5
    )
    np.testing.assert_allclose(np.cov(whole.T) - np.diag(whole.var(axis=0, ddof=1)), 0, atol=1e-4)
    scales = whole.std(axis=0)
    assert (scales[:2] > 0.9).all()
    assert scales[-1] < 0.1


def test_a_page_has_one_question_of_each_cluster_of_doubt():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(PAGE, 8)) * 10
    points = np.repeat(centers, 30, axis=0) + rng.normal(size=(PAGE * 30, 8)) * 0.1
    asked = queue_order.by_page(points, rng.uniform(0.1, 0.9, len(points)), 2 * PAGE, PAGE)
    assert len(set(asked)) == 2 * PAGE
    for page in np.split(asked, 2):
        assert sorted(page // 30) == list(range(PAGE))


def test_the_sure_are_asked_for_last():
    rng = np.random.default_rng(1)
    gain = np.where(np.arange(100) < 30, 0.8, 0.0)
    assert set(queue_order.by_page(rng.normal(size=(100, 5)), gain, 10, PAGE)) <= set(range(30))


@pytest.mark.parametrize("n", [0, 1, 7])
def test_few_or_equal_questions_are_all_asked(n):
    assert sorted(queue_order.by_page(np.ones((n, 3)), np.zeros(n), 100, PAGE)) == list(range(n))
    assert len(queue_order.by_page(np.ones((n, 3)), np.zeros(n), 0, PAGE)) == 0
