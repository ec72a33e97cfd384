"""The share of wrong labels is found without knowing which are wrong."""

import numpy as np
import pytest

from assay import calibration


def noisy(noise: float, n: int = 20_000, n_classes: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose softmax at temperature 0.2 is the probability of the true class; true and given labels."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(n, n_classes))
    gumbel = rng.gumbel(size=scores.shape)
    truth = np.argmax(scores / 0.2 + gumbel, axis=1)
    wrong = rng.random(n) < noise
    return scores, truth, np.where(wrong, (truth + rng.integers(1, n_classes, n)) % n_classes, truth)


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
def test_finds_temperature_and_noise(noise):
    scores, _, given = noisy(noise)
    found = calibration.fit(scores, given, typical=0.1)
    assert found.noise == pytest.approx(noise, abs=0.01)
    assert found.temperature == pytest.approx(0.2, rel=0.1)


def test_posterior_is_calibrated():
    scores, truth, given = noisy(0.2)
    found = calibration.fit(scores, given, typical=0.1)
    right = found.given_label(found.pred_probs(scores), given)[np.arange(len(given)), given]
    for low in (0.0, 0.25, 0.5, 0.75):
        chosen = (right >= low) & (right < low + 0.25)
        assert right[chosen].mean() == pytest.approx((given == truth)[chosen].mean(), abs=0.05)


def test_separable_scores_do_not_run_away():
    labels = np.arange(60) % 3
    assert calibration.fit(np.eye(3)[labels] * 5, labels, typical=1.0).temperature > 0.05


def test_probabilities_sum_to_one_even_for_absurd_scores():
    scores = np.array([[1e6, -1e6, 0.0], [0.0, 0.0, 0.0]])
    found = calibration.Calibration(temperature=0.01, noise=0.0)
    pred_probs = found.pred_probs(scores)
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(found.given_label(pred_probs, np.array([1, 1]))).all()
