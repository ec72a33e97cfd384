"""A class that only test examples have: its labels are not called wrong."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from assay.contract import files, parquet_files, paths
from tests.support.workspace import Workspace

CENTRES = {"ant": 0, "bee": 5, "cow": 10}
STAGES = ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate", "train", "evaluate")


def table() -> str:
    """Rows of two columns of numbers; no training row is a cow."""
    rng = np.random.default_rng(0)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["x", "y", "label", "split"])
    for label, centre in CENTRES.items():
        learned = {"train": 40, "validation": 8, "test": 17}
        numbers = {"test": 16} if label == "cow" else learned
        for split, count in numbers.items():
            for numbers_of_row in rng.normal(centre, 1, (count, 2)):
                rows.writerow([*numbers_of_row, label, split])
    return text.getvalue()


@pytest.fixture
def evaluated(workspace: Workspace) -> Workspace:
    workspace.raw({"data.csv": table()})
    workspace.set("batches", ["b"])
    workspace.set("pretrain.batches", ["b"])
    workspace.set("train.start", "frozen")
    for stage in STAGES:
        workspace.done(stage)
    return workspace


def test_labels_of_a_class_that_was_never_learned_are_taken_to_be_right(evaluated, monkeypatch):
    monkeypatch.chdir(evaluated.root)
    scores = files.read_json(paths.EVALUATE_METRICS)
    assert scores["accuracy"] < 0.7
    assert scores["accuracy_true_low"] < scores["accuracy"] < scores["accuracy_true_high"]
    assert scores["accuracy_true"] == pytest.approx(scores["accuracy"], abs=0.05)
    assert scores["test_doubts"] <= 2
    doubts = pd.read_csv(paths.DOUBTS)
    assert doubts.loc[doubts["given"] == "cow", "reason"].isna().all()

    judged = parquet_files.read_parquet(paths.QUALITY).to_pandas()
    cows = judged[judged["given"] == "cow"]
    assert len(cows) == 16
    assert set(cows["decision"]) == {"keep"}
    assert (cows["quality"] > 0.9).all()
