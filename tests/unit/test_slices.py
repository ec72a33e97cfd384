"""Slices: what a bad one looks like, and how rarely chance looks like one."""

import numpy as np
import pandas as pd

from assay.measures import slices


def test_the_worst_slice_comes_first() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"speaker": rng.choice(["anna", "bela", ""], 900), "room": "1"})
    correct = rng.random(900) < np.where(frame["speaker"] == "bela", 0.8, 0.95)
    found = slices.table(frame, correct, 0.95)
    assert list(found["value"]) == ["bela", "anna"]
    assert list(found["worse"]) == [True, False]
    assert found["accuracy"].iloc[0] == correct[frame["speaker"] == "bela"].mean()
    assert (found["accuracy_low"] < found["accuracy"]).all()


def test_few_examples_prove_nothing() -> None:
    frame = pd.DataFrame({"source": ["a"] * 5 + ["b"] * 95})
    found = slices.table(frame, np.arange(100) >= 5, 0.95).set_index("value")
    assert np.isnan(found["p_value"]["a"])
    assert not found["worse"].any()


def test_doubted_labels_of_each_slice_are_counted() -> None:
    frame = pd.DataFrame({"site": ["A", "A", "B", ""] * 5, "brightness": ["low", "high"] * 10})
    doubted = pd.Series([True, False, False, True] * 5, index=range(7, 27))
    found = slices.with_doubted(slices.table(frame, np.ones(20, bool), 0.95), frame, doubted)
    counts = {(row.slice, row.value): row.doubted for row in found.itertuples()}
    expected = {("site", "A"): 5, ("site", "B"): 0}
    assert counts == expected | {("brightness", "low"): 5, ("brightness", "high"): 5}
    none = slices.with_doubted(slices.table(frame[[]], np.ones(20, bool), 0.95), frame, doubted)
    assert none.empty
    assert "doubted" in none


def test_many_slices_bring_no_false_alarms() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        frame = pd.DataFrame({"source": rng.integers(50, size=1000).astype(str)})
        alarms += slices.table(frame, rng.random(1000) < 0.9, 0.95)["worse"].any()
    assert alarms <= 9  # 5 expected at most


def test_no_slice() -> None:
    assert slices.table(pd.DataFrame({"batch": ["a", "a"]}), np.array([True, False]), 0.95).empty
