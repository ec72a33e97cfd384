"""The share of wrong labels, and who is taken for whom, are found without knowing which labels are wrong."""

import numpy as np
import pytest

from assay.cleaning import noise_layer
from assay.training import calibration


def noisy(
    noise: float, n: int = 20_000, n_classes: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose softmax at temperature 0.2 is the probability of the true class; true and given labels."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(n, n_classes))
    truth = np.argmax(scores / 0.2 + rng.gumbel(size=scores.shape), axis=1)
    wrong = rng.random(n) < noise
    return (
        scores,
        truth,
        np.where(wrong, (truth + rng.integers(1, n_classes, n)) % n_classes, truth),
    )


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
def test_finds_temperature_and_noise(noise):
    scores, _, given = noisy(noise)
    sharpness, found = calibration.shared([scores], given)
    assert found == pytest.approx(noise, abs=0.01)
    assert 1 / sharpness[0] == pytest.approx(0.2, rel=0.1)


def test_finds_who_is_taken_for_whom():
    scores, truth, _ = noisy(0.0)
    given = np.where(
        (truth == 1) & (np.arange(len(truth)) % 4 == 0), 2, truth
    )  # one 1 in four is called a 2
    confusion = noise_layer.fit([scores], given).confusion
    np.testing.assert_allclose(confusion[1, [1, 2]], [0.75, 0.25], atol=0.04)
    np.testing.assert_allclose(np.diag(confusion)[[0, 2, 3, 4]], 1, atol=0.03)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_labels_that_are_wrong_by_class_are_found_although_a_voice_learned_them(share):
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=4000)
    given = np.where(rng.random(4000) < share, (truth + 1) % 5, truth)
    usual = np.stack([np.roll([1 - share, share, 0, 0, 0], each) for each in range(5)])[truth]
    voice = np.log(usual + 0.01) + rng.normal(
        scale=0.1, size=usual.shape
    )  # what neighbours say of the given labels
    layer = noise_layer.fit([voice], given)
    joint = layer.pred_probs([voice]) * layer.confusion[:, given].T
    assert np.mean(joint.argmax(axis=1) == truth) > 0.98


def test_with_more_classes_than_examples_can_weigh_it_is_still_found_who_is_taken_for_whom():
    scores, truth, _ = noisy(0.0, n=3000, n_classes=60)
    given = np.where(np.random.default_rng(1).random(3000) < 0.1, (truth + 1) % 60, truth)
    layer = noise_layer.fit([scores], given)
    np.testing.assert_allclose(np.diag(layer.confusion).mean(), 0.9, atol=0.02)
    mistaken = (layer.confusion - np.eye(60)).argmax(axis=1)
    assert np.mean(mistaken == np.arange(1, 61) % 60) > 0.9


def test_voices_that_say_nothing_leave_labels_alone():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=2000)
    voice = rng.normal(size=(2000, 2))
    layer = noise_layer.fit([voice], labels)
    joint = layer.pred_probs([voice]) * layer.confusion[:, labels].T
    assert (joint.argmax(axis=1) == labels).all()


def test_a_second_voice_helps_and_noise_as_a_voice_does_not_hurt():
    scores, truth, given = noisy(0.2)
    rng = np.random.default_rng(1)
    first, second, idle = (scores + rng.normal(size=scores.shape) for _ in range(3))
    idle = rng.permutation(idle)

    def right(*voices: np.ndarray) -> float:
        return np.mean(noise_layer.fit(voices, given).pred_probs(voices).argmax(axis=1) == truth)

    assert right(first, second) > right(first) + 0.02
    assert right(first, idle) > right(first) - 0.005


def test_predictions_are_calibrated():
    scores, truth, given = noisy(0.2)
    pred_probs = noise_layer.fit([scores], given).pred_probs([scores])
    confidence, right = pred_probs.max(axis=1), pred_probs.argmax(axis=1) == truth
    for low in (0.4, 0.6, 0.8):
        chosen = (confidence >= low) & (confidence < low + 0.2)
        assert right[chosen].mean() == pytest.approx(confidence[chosen].mean(), abs=0.04)


def test_separable_scores_do_not_run_away():
    labels = np.arange(60) % 3
    sharpness, noise = calibration.shared([np.eye(3)[labels] * 5], labels)
    assert sharpness[0] < 20
    assert noise > 0


@pytest.mark.parametrize("n_classes", [1, 2, 150])
def test_any_number_of_classes(n_classes):
    rng = np.random.default_rng(0)
    labels = rng.integers(n_classes, size=600)
    voices = [
        np.eye(n_classes)[labels] + rng.normal(size=(600, n_classes)),
        rng.normal(size=(600, n_classes)),
    ]
    layer = noise_layer.fit(voices, labels)
    np.testing.assert_allclose(layer.pred_probs(voices).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.confusion.sum(axis=1), 1, rtol=1e-9)


def test_absurd_scores_are_no_error():
    scores = np.array([[1e6, -1e6, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, -1e6]])
    pred_probs = noise_layer.fit([scores], np.array([0, 1, 1])).pred_probs([scores])
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, rtol=1e-6)
