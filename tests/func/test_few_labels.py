"""Few labels through the real stages: `propagate` gives all others one, and the queue asks for what
has none.
"""

import csv
import json

import numpy as np
import pytest

from assay.contract import parquet_files, paths


def blobs(n: int) -> str:
    """A table of two clusters of which four examples have a label."""
    rng = np.random.default_rng(0)
    side = np.arange(n) % 2
    x = rng.normal(size=(n, 3)) + side[:, None] * 8
    rows = [
        f"{number},{'ab'[side[number]] if number < 4 else ''},train,{','.join(map(str, x[number]))}"
        for number in range(n)
    ]
    return "\n".join(["key,label,split,x,y,z", *rows, ""])


def table(path) -> list[dict]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.mark.parametrize(("method", "labels"), [("none", 4), ("propagate", 200)])
def test_pseudo_labels(workspace, method, labels):
    workspace.raw({"examples.csv": blobs(200)})
    for name in ("batches", "pretrain.batches"):
        workspace.set(name, ["b"])
    workspace.set("annotate.pseudo_labels", method)
    workspace.set("collect.validation", 0.0)
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate"):
        workspace.done(stage)
    key = {
        row["id"]: int(row["key"])
        for row in parquet_files.read_parquet(paths.examples("b")).to_pylist()
    }
    learned = table(paths.ANNOTATED_LABELS)
    assert len(learned) == labels
    assert all(row["label"] == "ab"[key[row["id"]] % 2] for row in learned)
    paths.DOUBTS.parent.mkdir()  # as `evaluate` writes it where no test example has a label
    paths.DOUBTS.write_text("id,given,suggested,quality,reason,check_order\n")
    workspace.done("queue")
    asked = table(paths.QUEUE)
    assert len(asked) == len({row["id"] for row in asked}) == 100
    assert json.loads(paths.CLEAN_METRICS.read_text())["labelled"] == 4
