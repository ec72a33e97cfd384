"""The forecast of more rows, and what each lever would give."""

import numpy as np
import pytest

from assay.contract.sections import Evaluate
from assay.evaluation import forecast, levers

PARAMS = Evaluate(confidence=0.9, resamples=1000, reliability_bins=10, answers_per_hour=50)


def head(n: int, seed: int = 0, wrong: float = 0.0) -> forecast.Head:
    """Rows of four classes around centres in 40 dimensions."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((4, 40)) / 3
    labels, answer = rng.integers(4, size=n), rng.integers(4, size=1000)
    rows = (centres[labels] + rng.standard_normal((n, 40))).astype(np.float32)
    test = (centres[answer] + rng.standard_normal((1000, 40))).astype(np.float32)
    given = (labels + (rng.random(n) < wrong) * rng.integers(1, 4, n)) % 4
    return forecast.sampled_head([rows], given, [test], answer, 0.1)


def test_a_power_law_is_recovered() -> None:
    rows = np.array([100, 200, 300, 400, 600, 800.0])
    points = [(n, 0.9 - 2 * n**-0.5) for n in rows]
    value, low, high = forecast.fit(points).at(1600, 0.9)
    assert value == pytest.approx(0.85, abs=0.002)
    assert low < 0.85 < high


def test_a_flat_curve_gains_nothing() -> None:
    points = [(n, 0.8) for n in (100.0, 200.0, 400.0, 800.0)]
    curve = forecast.drawn([points[:3]], [points[3]], at_least=0.01)
    gain, low, high = curve.gain(800, 1600, 0.9)
    assert gain == pytest.approx(0, abs=1e-6)
    assert low < -0.01 < 0.01 < high, "nobody knows that surely"


def test_a_curve_that_jumps_cannot_be_told() -> None:
    half = [(100.0, 0.2), (200.0, 0.5), (400.0, 0.8)]
    curve = forecast.drawn([half], [(800.0, 0.5)], at_least=0)
    assert np.isnan(curve.at(1600, 0.9)).all()


def test_the_forecast_at_a_half_comes_true() -> None:
    whole = head(1600)
    half = forecast.Head(whole.features[:800], whole.labels[:800], 4, whole.test, whole.answer, 0.1)
    value, low, high = forecast.curve(half).at(1600, 0.9)
    actual = whole.accuracy(*whole.sums(np.arange(1600)))
    assert low < actual < high
    assert abs(value - actual) < 0.02


def test_the_same_rows_give_the_same_numbers() -> None:
    first, second = (forecast.curve(head(400)).table(400, 0.9) for _ in range(2))
    assert first.equals(second)
    assert (first["rows"].max(), first["accuracy"].notna().sum()) == (800, 7)


@pytest.mark.parametrize("n", [4, 40])
def test_few_rows_say_nothing(n: int) -> None:
    some = head(n)
    curve = forecast.curve(some)
    table = levers.table(some, curve, np.zeros(n), (40, 0.5), unlabelled=0, params=PARAMS)
    metrics = levers.metrics(curve, table, n, 0.9)
    assert "accuracy_at_twice" not in metrics
    assert table.set_index("lever")["note"]["more_rows"].startswith("cannot tell")


def test_many_wrong_labels_are_to_be_corrected() -> None:
    some, right = head(1600, wrong=0.3), head(1600).labels
    doubt = (some.labels != right).astype(float)
    params = PARAMS.model_copy(update={"answers_per_hour": 400})
    table = levers.table(
        some, forecast.curve(some), doubt, (40, 0.5), unlabelled=0, params=params
    ).set_index("lever")
    assert table["gain"].dropna().is_monotonic_decreasing
    labels, asked = some.labels.copy(), np.flatnonzero(doubt)[:400]
    labels[asked] = right[asked]
    products, *sums = some.sums(np.arange(1600))
    before = some.accuracy(products, *sums)
    fact = some.accuracy(products, *some.by_class(labels, some.features)) - before
    told = table.loc["corrected_labels"]
    assert told["low"] < fact < told["high"]
    assert told["gain"] > table.loc["more_rows", "gain"] > 0
    assert (told["now"], told["found"]) == (int(doubt.sum()), 400)


def test_answers_of_people_are_not_said_to_be_right_by_estimate() -> None:
    some = head(40)
    curve, doubt, options = forecast.curve(some), np.zeros(40), {"unlabelled": 0, "params": PARAMS}
    table = levers.table(some, curve, doubt, (40, 0.5), **options)
    answered = levers.table(some, curve, doubt, (40, 0.5), **options, has_answers=True)
    note, of_answers = (rows.set_index("lever")["note"] for rows in (table, answered))
    which = ", not counting answers of people, which are taken as right"
    assert of_answers.pop("corrected_labels") == note.pop("corrected_labels") + which
    assert of_answers.equals(note)


def test_metrics_are_flat_numbers() -> None:
    some = head(400)
    curve = forecast.curve(some)
    table = levers.table(some, curve, np.full(400, 0.1), (40, 0.5), unlabelled=9, params=PARAMS)
    metrics = levers.metrics(curve, table, 400, 0.9)
    assert all(isinstance(value, int | float) for value in metrics.values())
    assert metrics["gain_more_rows_low"] <= metrics["gain_more_rows"]


def test_no_accuracy_is_forecast_above_1() -> None:
    """As with few test examples, which make the backtest's error large."""
    some = head(400)
    curve = forecast.curve(some)
    curve.error, curve.change = 0.1, 0.2
    accuracy = curve.at(400, 0.9)[0]
    assert curve.gain(400, 1400, 0.9)[2] > 1 - accuracy
    drawn = curve.table(400, 0.9)[["forecast", "forecast_low", "forecast_high"]]
    assert drawn.isna().sum().sum() == 0
    assert curve.at(800, 0.9)[2] > 1
    assert drawn.to_numpy().min() >= 0
    assert drawn.to_numpy().max() == 1
    table = levers.table(some, curve, np.zeros(400), (40, 0.5), unlabelled=0, params=PARAMS)
    rows = table.set_index("lever")
    assert rows.loc["more_rows", "high"] == pytest.approx(1 - accuracy)
    assert (rows.loc[["more_rows", "corrected_labels"], "low"] >= -accuracy).all()
    assert rows.loc["more_rows", "note"].endswith("all labelled, as now")
    assert levers.clipped((np.nan,) * 3, 0.5) == pytest.approx((np.nan,) * 3, nan_ok=True)
    assert levers.clipped((0.1, -0.9, 0.7), 0.6) == pytest.approx((0.1, -0.6, 0.4))
