"""Scores against scikit-learn's and by hand; intervals that cover what they should."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from assay.evaluation import scores
from assay.evaluation.scores import Predictions
from assay.measures import intervals


def drawn(rng: np.random.Generator) -> Predictions:
    pred_probs = rng.dirichlet(np.ones(4), size=300)
    return Predictions.from_pred_probs(
        pred_probs, (pred_probs + rng.random((300, 4))).argmax(axis=1)
    )


@pytest.fixture
def predictions() -> Predictions:
    return drawn(np.random.default_rng(0))


def test_equal_those_of_scikit_learn(predictions):
    answer, predicted = predictions.answer, predictions.predicted
    assert scores.accuracy(predictions).mean() == metrics.accuracy_score(answer, predicted)
    assert scores.macro_f1(predictions).mean() == pytest.approx(
        metrics.f1_score(answer, predicted, average="macro")
    )


def test_the_loss_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    answer, pred_probs = rng.integers(4, size=300), rng.dirichlet(np.ones(4), size=300)
    loss = scores.log_loss(Predictions.from_pred_probs(pred_probs, answer)).mean()
    assert loss == pytest.approx(metrics.log_loss(answer, pred_probs), rel=1e-5)


def test_a_class_that_the_model_does_not_know_is_always_wrong():
    predictions = Predictions.from_pred_probs(np.array([[0.4, 0.6], [0.9, 0.1]]), np.array([2, 0]))
    assert scores.accuracy(predictions).mean() == 0.5
    assert scores.macro_f1(predictions).mean() == pytest.approx(1 / 3)
    assert np.isfinite(scores.log_loss(predictions)).all()


def test_calibration_error_by_hand():
    predictions = Predictions.from_pred_probs(
        np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 0, 1, 1])
    )
    # three say 0.9 and two of them are right; one says 0.6 and is right
    assert scores.calibration_error(predictions).mean() == pytest.approx(
        (3 * abs(2 / 3 - 0.9) + 0.4) / 4
    )
    assert scores.reliability(predictions)["examples"].tolist() == [1, 3]


def test_wilson_holds_at_the_ends_and_covers():
    assert intervals.wilson(10, 10, 0.95) == (pytest.approx(0.7225, abs=1e-4), pytest.approx(1))
    rng = np.random.default_rng(0)
    bounds = [intervals.wilson(rng.binomial(1000, 0.9), 1000, 0.95) for _ in range(2000)]
    assert np.mean([low <= 0.9 <= high for low, high in bounds]) == pytest.approx(0.95, abs=0.02)


def test_influence_on_macro_f1_is_its_derivative(predictions):
    """By scikit-learn's weights of examples, one of which is raised a little."""
    n, step = len(predictions.answer), 1e-6
    f1 = scores.macro_f1(predictions).mean()
    influence = scores.macro_f1(predictions) - f1
    for example in range(0, n, 20):
        weights = np.ones(n)
        weights[example] += step
        raised = metrics.f1_score(
            predictions.answer, predictions.predicted, average="macro", sample_weight=weights
        )
        assert influence[example] == pytest.approx(n * (raised - f1) / step, abs=1e-4)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "log_loss"])
def test_bootstrap_is_as_wide_as_new_examples_move_the_score(metric):
    rng = np.random.default_rng(1)
    real = np.std([scores.METRICS[metric](drawn(rng)).mean() for _ in range(500)])
    bounds = [
        scores.bootstrap(metric, drawn(rng), resamples=200, confidence=0.95) for _ in range(20)
    ]
    widths = [high - low for low, high in bounds]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * real, rel=0.12)


def test_bootstrap_surrounds_the_score_and_narrows_with_confidence(predictions):
    low, high = scores.bootstrap("macro_f1", predictions, resamples=200, confidence=0.95)
    less_low, less_high = scores.bootstrap("macro_f1", predictions, resamples=200, confidence=0.5)
    assert low < less_low < scores.macro_f1(predictions).mean() < less_high < high


@pytest.mark.parametrize("metric", ["macro_f1", "calibration_error", "log_loss"])
def test_few_examples_without_an_error_leave_doubt(metric):
    right = Predictions.from_pred_probs(np.eye(2)[[0, 0, 0, 1, 1]], np.array([0, 0, 0, 1, 1]))
    value = scores.METRICS[metric](right).mean()
    low, high = scores.bootstrap(metric, right, resamples=50, confidence=0.95)
    assert low <= value <= high
    assert high - low > 0.3


def test_macro_f1_without_an_error_has_the_interval_of_accuracy_in_equal_classes():
    answer = np.arange(40) % 4
    right = Predictions(answer, answer, np.ones(40), np.zeros(40))
    low, high = scores.bootstrap("macro_f1", right, resamples=50, confidence=0.95)
    assert (low, high) == pytest.approx(intervals.wilson(40, 40, 0.95))
    rare = np.append(np.zeros(99, int), 1)
    of_rare = Predictions(rare, rare, np.ones(100), np.zeros(100))
    low, _ = scores.bootstrap("macro_f1", of_rare, resamples=50, confidence=0.95)
    assert 0.2 < low < 0.6  # one example says little about half of the mean


def test_nothing_right_leaves_doubt_too():
    wrong = Predictions(np.zeros(5, int), np.ones(5, int), np.ones(5), np.ones(5))
    low, high = scores.bootstrap("macro_f1", wrong, resamples=50, confidence=0.95)
    assert low == 0
    assert 0.3 < high < 0.6


def test_the_number_of_examples_of_a_class_is_whole_also_if_a_class_has_none():
    answer, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    predictions = Predictions(answer, predicted, np.ones(3), np.zeros(3))
    doubted = np.array([False, True, False])
    table = scores.by_class(predictions, ["a", "b", "c"], doubted)
    assert table["test_examples"].tolist() == [2, 1, 0]
    assert table["test_examples"].dtype.kind == "i"
    assert table["doubted"].tolist() == [1, 0, 0]


def test_scores_that_a_frequent_class_explains_are_said(capsys):
    counts = pd.DataFrame({"label": ["fraud", "ok"], "test_examples": [0, 50]})
    scores.say_limits(counts, 1.0, ["fraud", "ok"])
    untested, as_accurate = capsys.readouterr().err.splitlines()
    assert "1 class without a test example: no score tells of them: 'fraud'" in untested
    assert "the accuracy is 1.0000; if all predictions were 'ok', it would be 1.0000" in as_accurate
    counts["test_examples"] = [5, 45]
    scores.say_limits(counts, 0.9001, ["fraud", "ok"])
    assert capsys.readouterr().err == ""
