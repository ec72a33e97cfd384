"""How well cleaning found wrong labels, by hand."""

import numpy as np
import pandas as pd

from assay.evaluation import label_errors


def judged(right: np.ndarray, quality: np.ndarray) -> pd.DataFrame:
    truth = np.where(right, "cat", "dog")
    columns = {"given": "cat", "truth": truth, "quality": quality, "is_issue": quality < 0.5}
    return pd.DataFrame(columns)


def test_the_curve_by_hand() -> None:
    right = np.array([False, True, False, True, False])
    quality = np.array([0.1, 0.2, 0.3, 0.4, 0.9])
    curve = label_errors.curve(judged(right, quality))
    assert curve["recall"].tolist() == [0, 1 / 3, 2 / 3, 1]
    assert curve["precision"].tolist() == [1, 1, 2 / 3, 3 / 5]


def test_the_curve_has_few_rows_and_the_numbers_of_the_metrics() -> None:
    rng = np.random.default_rng(0)
    right = rng.random(5000) < 0.8
    quality = np.clip(0.7 * right + rng.normal(0.2, 0.2, 5000), 0, 1)
    curve = label_errors.curve(judged(right, quality))
    assert len(curve) == 200
    assert curve["recall"].iloc[[0, -1]].tolist() == [0, 1]
    assert curve["recall"].is_monotonic_increasing
    scores = label_errors.metrics(judged(right, quality))
    area = np.trapezoid(curve["precision"], curve["recall"])
    assert abs(area - scores["label_errors_average_precision"]) < 0.01


def test_without_wrong_labels_there_is_only_a_header() -> None:
    right, quality = np.ones(3, bool), np.array([0.1, 0.5, 0.9])
    assert label_errors.metrics(judged(right, quality)) == {}
    for rows in (slice(None), slice(0)):
        curve = label_errors.curve(judged(right, quality)[rows])
        assert (list(curve), len(curve)) == (["recall", "precision"], 0)


def test_where_cleaning_calls_no_label_wrong_there_is_no_precision() -> None:
    right = np.array([False, True, True])
    scores = label_errors.metrics(judged(right, np.array([0.6, 0.7, 0.9])))
    assert "label_errors_precision" not in scores
    assert (scores["label_errors"], scores["label_errors_recall"]) == (1, 0)
