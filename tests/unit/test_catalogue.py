"""All batches as one data set: copies, sides, and batches in which nothing is labelled."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.catalogue import catalogue
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from stages import train

KIND = {"modality": "table", "shape": [0], "features": []}


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """Two batches that share an example, on two sides, and one without any label."""
    monkeypatch.chdir(tmp_path)
    for batch, ids, splits, labels in (
        ("one", ["a", "b"], ["train", "train"], [("a", "p", "x"), ("b", "p", "x")]),
        ("two", ["b", "c"], ["test", "train"], [("b", "q", "y"), ("c", "q", "y")]),
        ("bare", ["d"], ["train"], []),
    ):
        columns = {"id": ids, "key": [f"{batch}-{id_}" for id_ in ids], "split": splits}
        parquet_files.write_examples(
            batch, KIND, {name: pa.array(values) for name, values in columns.items()}
        )
        csv_files.write_csv(paths.labels(batch), ["id", "annotator", "label"], labels)
        csv_files.write_csv(
            paths.truth(batch), ["id", "label"], [("a", "x")] if batch == "one" else []
        )
        files.write_rows(
            paths.embeddings(batch), len(ids), [np.array([[ord(id_)] for id_ in ids], np.float32)]
        )
    files.write_json(paths.LISTED, {"batches": ["one", "two", "bare"]})


@pytest.mark.usefixtures("batches")
def test_the_training_copy_of_a_test_example_goes_out_with_its_votes():
    examples = catalogue.read()
    assert examples[["id", "split", "batch", "row"]].to_numpy().tolist() == [
        ["a", "train", "one", 0],
        ["b", "test", "two", 0],
        ["c", "train", "two", 1],
        ["d", "train", "bare", 0],
    ]
    votes = catalogue.votes(examples)
    assert votes.to_numpy().tolist() == [[0, "p", "x"], [1, "q", "y"], [2, "q", "y"]]
    assert catalogue.truth(examples).tolist() == ["x", "", "", ""]


@pytest.mark.filterwarnings("error::DeprecationWarning")  # as of what the next pandas refuses
@pytest.mark.usefixtures("batches")
def test_where_no_truth_is_known_it_is_empty_text() -> None:
    csv_files.write_csv(paths.truth("one"), ["id", "label"], [])
    truth = catalogue.truth(catalogue.read())
    assert truth.tolist() == ["", "", "", ""]
    assert truth.dtype == "str"


@pytest.mark.usefixtures("batches")
def test_what_a_later_batch_moves_and_drops_is_said_once_with_the_labels(capsys):
    examples = catalogue.read()
    assert capsys.readouterr().err == ""
    catalogue.votes(examples)
    moved = "moved to the split of an exact copy in a later batch: one/one-b from train to test"
    dropped = "since an exact copy of the example is in another split: one/one-b by 'p'"
    said = f"assay: 1 example {moved}\nassay: 1 label not counted, {dropped}\n"
    assert capsys.readouterr().err == said
    files.write_json(paths.LISTED, {"batches": ["two", "one"]})
    catalogue.votes(catalogue.read())  # the copy came later than the test example
    assert capsys.readouterr().err == f"assay: 1 label not counted, {dropped}\n"
    files.write_json(paths.LISTED, {"batches": ["two", "bare"]})
    catalogue.votes(catalogue.read())
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("batches")
def test_another_truth_in_a_later_batch_is_said(capsys):
    csv_files.write_csv(paths.truth("two"), ["id", "label"], [("c", "y"), ("b", "x")])
    csv_files.write_csv(paths.truth("bare"), ["id", "label"], [("a", "z"), ("b", "x")])
    assert catalogue.truth(catalogue.read()).tolist() == ["x", "x", "y", ""]
    what = "1 example with another truth in a later batch, which does not count"
    example = "one/one-a is 'x', but 'z' in bare"
    assert capsys.readouterr().err == f"assay: {what}: {example}: correct one of them\n"


@pytest.mark.usefixtures("batches")
def test_without_a_test_example_nothing_is_trained():
    """`evaluate` would refuse what took long to learn."""
    row = ["a", "x", "1.0", "consensus"]
    csv_files.write_csv(paths.ANNOTATED_LABELS, ["id", "label", "weight", "source"], [row])
    examples, _ = train.read_examples()
    assert examples["id"].tolist() == ["a"]
    files.write_json(paths.LISTED, {"batches": ["one", "bare"]})
    with pytest.raises(InputError, match=r"no example is in the test split: .*collect.test"):
        train.read_examples()


@pytest.mark.usefixtures("batches")
def test_embeddings_come_in_the_order_of_the_examples():
    examples = catalogue.read()
    values = np.concatenate(
        [rows[:] for rows in catalogue.features(examples[examples["id"] != "c"])]
    )
    assert [chr(int(value)) for value in values[:, 0]] == ["a", "b", "d"]


@pytest.mark.usefixtures("batches")
def test_the_training_copy_of_a_validation_example_goes_out_too():
    columns = {"id": ["a"], "key": ["copy"], "split": ["validation"]}
    arrays = {name: pa.array(values) for name, values in columns.items()}
    parquet_files.write_examples("bare", KIND, arrays)
    csv_files.write_csv(paths.labels("bare"), ["id", "annotator", "label"], [("a", "q", "z")])
    examples = catalogue.read()
    assert examples[["id", "split", "batch"]].to_numpy().tolist() == [
        ["b", "test", "two"],
        ["c", "train", "two"],
        ["a", "validation", "bare"],
    ]
    assert catalogue.votes(examples).to_numpy().tolist() == [
        [0, "q", "y"],
        [1, "q", "y"],
        [2, "q", "z"],
    ]


@pytest.mark.usefixtures("batches")
def test_groups_and_those_on_both_sides_of_the_test_split():
    assert catalogue.groups(catalogue.read()) is None
    assert catalogue.torn_groups(catalogue.read()) is None
    for batch, ids, splits, groups in (
        ("one", ["a", "b"], ["train", "train"], ["anna", "bela"]),
        ("two", ["b", "c"], ["test", "test"], ["bela", "anna"]),
    ):
        columns = {"id": ids, "key": ids, "split": splits, "group": groups}
        arrays = {name: pa.array(values) for name, values in columns.items()}
        parquet_files.write_examples(batch, KIND, arrays)
    examples = catalogue.read()  # a b c d: `d` is of a batch that was collected without groups
    assert examples["group"].tolist() == ["anna", "bela", "anna", "d"]
    assert catalogue.groups(examples).tolist() == [0, 1, 0, 2]
    assert catalogue.torn_groups(examples) == ["anna"]


@pytest.mark.parametrize("limits", [{}, {"_GAP": 0}, {"_AT_ONCE": 64}, {"_AT_ONCE": 1}])
@pytest.mark.parametrize("shape", [(50, 3), (50, 2, 2), (1, 1)])
def test_rows_of_a_file_are_those_of_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], shape: tuple[int, ...]
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(catalogue, name, value)
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "a.npy", array)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    n = len(array)
    asked = [], [0], range(n), range(0, n, 7), [n - 1, 0, n // 2, n // 2], range(n)[::-1]
    for chosen in (np.array(rows, int) for rows in asked):
        rows = catalogue.Rows(mapped, chosen)
        assert rows.shape == (len(chosen), *shape[1:])
        for part in (slice(None), slice(1, None, 3), slice(0, 0), np.arange(len(chosen))[::-1]):
            assert rows[part].dtype == np.float32
            assert (rows[part] == array[chosen][part]).all()
            assert rows[part].shape == array[chosen][part].shape


@pytest.mark.parametrize(
    ("labels", "said"),
    [([], "no example of the split train"), (["cat", "cat"], "all 2 training labels in use are")],
)
def test_a_model_needs_two_classes_to_learn_from(labels: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        train.check_labels(pd.Series(labels, dtype=object))
    train.check_labels(pd.Series(["cat", "owl"]))
