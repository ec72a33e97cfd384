"""Few labels through the real stages: `propagate` gives all others one, and the queue asks for what
has none.
"""

import csv
import json

import numpy as np
import pytest

from assay.catalogue import catalogue, payloads
from assay.contract import parquet_files, paths
from assay.contract.inference import UNLIKE, Model
from assay.labelling import tasks
from assay.review import questions


def blobs(n: int) -> str:
    """A table of two clusters of which four examples have a label; the last 20 are for testing."""
    rng = np.random.default_rng(0)
    side = np.arange(n) % 2
    x = rng.normal(size=(n, 3)) + side[:, None] * 8
    rows = [
        f"{number},{'ab'[side[number]] if number < 4 else ''},"
        f"{'train' if number < n - 20 else 'test'},{','.join(map(str, x[number]))}"
        for number in range(n)
    ]
    return "\n".join(["key,label,split,x,y,z", *rows, ""])


def table(path) -> list[dict]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.mark.parametrize(("method", "labels"), [("none", 4), ("propagate", 180)])
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
    result = workspace.run("evaluate")
    assert result.returncode == 1
    assert result.stderr.startswith("assay: none of 20 test examples has a label: type `python -m")
    assert result.stderr.count("\n") == 1
    workspace.done("queue")  # as that message says
    asked = table(paths.QUEUE)
    assert len(asked) == len({row["id"] for row in asked}) == 100
    assert {row["split"] for row in asked} == {"train", "test"}
    offered, _, _ = tasks.from_queue()
    assert {task["data"]["id"] for task in offered} == {row["id"] for row in asked}
    assert len(questions.read().asked) == len(asked)
    notes = [(0, "", "not usable"), (199, "", "not usable"), (198, "a", ""), (5, "b", "")]
    rows = [f"{number},anna,{label},{note}\n" for number, label, note in notes]
    workspace.write("data/annotations/anna.csv", "key,annotator,label,note\n" + "".join(rows))
    said = workspace.done("annotate")
    assert "2 answers of people taken; they do not change metrics/annotators.csv" in said
    left_out = table(paths.UNUSABLE)
    assert {key[row["id"]] for row in left_out} == {0, 199}
    assert {row["reason"] for row in left_out} == {"not usable, by anna"}
    assert {key[row["id"]] for row in table(paths.TEST_LABELS)} == {198}
    assert 0 not in {key[row["id"]] for row in table(paths.ANNOTATED_LABELS)}
    workspace.done("queue")
    assert {0, 5, 198, 199}.isdisjoint(key[row["id"]] for row in table(paths.QUEUE))
    assert json.loads(paths.CLEAN_METRICS.read_text())["labelled"] == 4
    workspace.write(
        "data/annotations/bela.csv", "key,annotator,label\n198,bela,b\n5,bela,b\ngone,bela,b\n"
    )
    said = workspace.done("annotate")  # bela contradicts anna on one example
    places = "data/annotations/anna.csv row 4 'a', data/annotations/bela.csv row 2 'b'"
    assert f"1 example asked again, since people's answers tie and do not count: {places}" in said
    assert "2 answers of people taken" in said
    assert "1 answer left waiting" in said
    assert table(paths.TEST_LABELS) == []
    assert "waiting" not in workspace.done("queue")  # it is said once
    asked = {key[row["id"]] for row in table(paths.QUEUE)}
    assert 198 in asked
    assert {0, 5, 199}.isdisjoint(asked)


def test_examples_whose_answers_tie_are_asked_again_first(workspace):
    """In a queue that has no place for most examples."""
    workspace.raw({"examples.csv": blobs(200)})
    for name in ("batches", "pretrain.batches"):
        workspace.set(name, ["b"])
    workspace.set("annotate.pseudo_labels", "none")
    workspace.set("collect.validation", 0.0)
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate"):
        workspace.done(stage)
    assert workspace.run("evaluate").returncode == 1  # no test example has a label
    key = {
        row["id"]: int(row["key"])
        for row in parquet_files.read_parquet(paths.examples("b")).to_pylist()
    }
    workspace.set("annotate.queue_length", 10)  # so nine tenths of what could be asked are cut
    people = [("carl", "a"), ("dora", "b")]
    both = [f"{number},{person},{label}\n" for number in (197, 2) for person, label in people]
    workspace.write("data/annotations/both.csv", "key,annotator,label\n" + "".join(both))
    assert "2 examples asked again" in workspace.done("annotate")
    workspace.done("queue")
    asked = table(paths.QUEUE)
    to_learn_from = [row for row in asked if row["split"] == "train"]
    checks = [row for row in asked if row["split"] == "test"]
    assert (len(to_learn_from), len(checks)) == (8, 2)
    first = [to_learn_from[0], checks[0]]
    assert {key[row["id"]] for row in first} == {2, 197}
    assert {row["why"] for row in first} == {"people's answers tie"}
    assert "people's answers tie" not in {row["why"] for row in [*to_learn_from[1:], checks[1]]}
    assert {row["given"] for row in first} == {"a", ""}  # the labels in use stay
    assert sorted((key[row["id"]], row["label"]) for row in table(paths.TIES)) == [
        (number, label) for number in (2, 197) for label in "ab"
    ]


def test_test_examples_without_a_label_are_asked_for_beside_checks(workspace):
    """An answer makes the test set larger, and does not pass for a check by chance."""
    header, *lines = blobs(200).splitlines()
    rows = [line.split(",") for line in lines]
    for number, row in enumerate(rows):
        row[1] = "" if number >= 190 else "ab"[number % 2]
    workspace.raw({"examples.csv": "\n".join([header, *map(",".join, rows), ""])})
    for name in ("batches", "pretrain.batches"):
        workspace.set(name, ["b"])
    workspace.set("train.start", "frozen")
    workspace.set("annotate.queue_length", 40)
    stages = ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate", "train")
    for stage in (*stages, "evaluate"):
        workspace.done(stage)
    said = workspace.run("queue").stdout
    assert "40 questions, with 4 checks of labels of the test split and 4 test examples" in said
    key = {
        row["id"]: int(row["key"])
        for row in parquet_files.read_parquet(paths.examples("b")).to_pylist()
    }
    asked = [key[row["id"]] for row in table(paths.QUEUE) if row["split"] == "test"]
    assert [number >= 190 for number in asked] == [False, True] * 4
    rows = [f"{number},anna,{'ab'[number % 2]}\n" for number in asked if number >= 190]
    workspace.write("data/annotations/anna.csv", "key,annotator,label\n" + "".join(rows))
    before = json.loads(paths.EVALUATE_METRICS.read_text())
    for stage in ("annotate", "evaluate"):
        workspace.done(stage)
    after = json.loads(paths.EVALUATE_METRICS.read_text())
    assert (before["test_examples"], after["test_examples"]) == (10, 14)
    answered = {key[row["id"]] for row in table(paths.DOUBTS)} & set(asked)
    assert answered == {number for number in asked if number < 190}
    workspace.done("queue")
    left = {key[row["id"]] for row in table(paths.QUEUE) if row["split"] == "test"}
    assert left.isdisjoint(number for number in asked if number >= 190)
    assert len(left & set(range(190, 200))) == 4


def test_a_class_in_the_validation_split_alone(workspace):
    """It is told, and no usual example seems unlike the others."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(300):
        label = "abc"[number % 3]
        split = "validation" if label == "c" or number % 5 == 0 else "train"
        split = "test" if number >= 280 else split
        cells = rng.normal(size=3) + 8 * np.eye(3)["abc".index(label)]
        rows.append(f"{number},{label},{split},{','.join(map(str, cells))}")
    workspace.raw({"examples.csv": "\n".join(["key,label,split,x,y,z", *rows, ""])})
    for name in ("batches", "pretrain.batches"):
        workspace.set(name, ["b"])
    workspace.set("train.start", "frozen")
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate"):
        workspace.done(stage)
    said = workspace.done("train")
    assert "1 class with labels in the validation split alone" in said
    assert "'c': give examples of them the split train" in said
    payload = np.concatenate(list(payloads.read(catalogue.read(), 1024)))
    model = Model(paths.CLASSIFIER, UNLIKE, portable=True, threads=1)
    assert np.mean(model(payload) > 0.99) < 0.05
