"""Scores against scikit-learn's and by hand; intervals that cover what they should."""

import numpy as np
import pytest
from sklearn import metrics

from assay.evaluation import scores
from assay.evaluation.scores import Predictions


@pytest.fixture
def predictions() -> Predictions:
    rng = np.random.default_rng(0)
    pred_probs = rng.dirichlet(np.ones(4), size=300)
    return Predictions.of(pred_probs, (pred_probs + rng.random((300, 4))).argmax(axis=1))


def test_equal_those_of_scikit_learn(predictions):
    answer, predicted = predictions.answer, predictions.predicted
    assert scores.accuracy(predictions).mean() == metrics.accuracy_score(answer, predicted)
    assert scores.macro_f1(predictions).mean() == pytest.approx(
        metrics.f1_score(answer, predicted, average="macro")
    )


def test_the_loss_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    answer, pred_probs = rng.integers(4, size=300), rng.dirichlet(np.ones(4), size=300)
    loss = scores.log_loss(Predictions.of(pred_probs, answer)).mean()
    assert loss == pytest.approx(metrics.log_loss(answer, pred_probs), rel=1e-5)


def test_a_class_that_the_model_does_not_know_is_always_wrong():
    predictions = Predictions.of(np.array([[0.4, 0.6], [0.9, 0.1]]), np.array([2, 0]))
    assert scores.accuracy(predictions).mean() == 0.5
    assert scores.macro_f1(predictions).mean() == pytest.approx(1 / 3)
    assert np.isfinite(scores.log_loss(predictions)).all()


def test_calibration_error_by_hand():
    predictions = Predictions.of(
        np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 0, 1, 1])
    )
    # three say 0.9 and two of them are right; one says 0.6 and is right
    assert scores.calibration_error(predictions).mean() == pytest.approx(
        (3 * abs(2 / 3 - 0.9) + 0.4) / 4
    )
    assert scores.reliability(predictions)["examples"].tolist() == [1, 3]


def test_wilson_holds_at_the_ends_and_covers():
    assert scores.wilson(10, 10, 0.95) == (pytest.approx(0.7225, abs=1e-4), pytest.approx(1))
    rng = np.random.default_rng(0)
    bounds = [scores.wilson(rng.binomial(1000, 0.9), 1000, 0.95) for _ in range(2000)]
    assert np.mean([low <= 0.9 <= high for low, high in bounds]) == pytest.approx(0.95, abs=0.02)


def test_bootstrap_surrounds_the_score(predictions):
    low, high = scores.bootstrap("macro_f1", predictions, resamples=200, confidence=0.95)
    assert low < scores.macro_f1(predictions).mean() < high
