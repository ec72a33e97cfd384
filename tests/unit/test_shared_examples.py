"""The same examples in two batches: one vote where both say the same, and a person is told."""

from pathlib import Path

import pyarrow as pa
import pytest

from assay.catalogue import catalogue, repeated_keys, shared_examples
from assay.contract import csv_files, files, parquet_files, paths


def batch(name: str, labels: dict[str, list[str]], **slices: str) -> None:
    """A batch with the ids and given labels of `labels`, and one value of each slice."""
    n = len(labels)
    columns = {"id": [*labels], "key": [f"{id_}{name}" for id_ in labels], "split": ["train"] * n}
    columns |= {f"{parquet_files.SLICE}{column}": [value] * n for column, value in slices.items()}
    arrays = {column: pa.array(values) for column, values in columns.items()}
    parquet_files.write_examples(name, {"modality": "text"}, arrays)
    votes = [(id_, paths.GIVEN, label) for id_, given in labels.items() for label in given]
    csv_files.write_csv(paths.labels(name), ["id", "annotator", "label"], votes)


def votes_of(*batches: str) -> list[list[object]]:
    files.write_json(paths.LISTED, {"batches": list(batches)})
    votes = catalogue.votes(catalogue.read())
    return votes[["example", "label"]].to_numpy().tolist()


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_batch_that_comes_again_gives_no_second_vote() -> None:
    labels = {"a": ["x"], "b": ["y", "y"], "c": ["x", "y"]}
    batch("t01", labels)
    batch("t02", labels)
    alone = votes_of("t01")
    assert len(alone) == 5  # copies within a batch keep their labels as votes
    assert votes_of("t01", "t02") == alone


def test_a_corrected_label_of_a_second_delivery_is_a_vote() -> None:
    batch("t01", {"a": ["x"], "b": ["y"]})
    batch("t02", {"a": ["z"], "b": ["y"]})
    assert votes_of("t01", "t02") == [[0, "x"], [1, "y"], [0, "z"]]


def test_shared_examples_are_counted_once(capsys: pytest.CaptureFixture) -> None:
    batch("t01", {"a": ["x"], "b": ["y"], "c": ["x"]})
    batch("t02", {"c": ["x"], "b": ["z"], "d": []})
    votes_of("t01", "t02")
    assert capsys.readouterr().err == ""
    shared_examples.tell(catalogue.read())
    what = "2 examples are in more than one batch, 1 of them with different labels"
    said = f"assay: {what}, for example t01/bt01, t02/bt02; equal labels of several batches count once\n"
    assert capsys.readouterr().err == said
    batch("t02", {"c": ["x"], "d": []})
    shared_examples.tell(catalogue.read())
    what = "1 example is in more than one batch, for example t01/ct01, t02/ct02"
    assert capsys.readouterr().err == f"assay: {what}; equal labels of several batches count once\n"
    batch("t02", {"d": ["x", "y"]})
    shared_examples.tell(catalogue.read())
    assert capsys.readouterr().err == ""


def keyed(name: str, ids: dict[str, str], split: str = "train", *, numbered: bool = False) -> None:
    """A batch of examples with these ids by key."""
    columns = {"id": [*ids.values()], "key": [*ids], "split": [split] * len(ids)}
    arrays = {column: pa.array(values) for column, values in columns.items()}
    parquet_files.write_examples(name, {"modality": "text"}, arrays, numbered=numbered)
    csv_files.write_csv(paths.labels(name), ["id", "annotator", "label"], [])


def test_corrected_rows_under_the_keys_of_an_earlier_batch_are_said(
    capsys: pytest.CaptureFixture,
) -> None:
    keyed("t01", {"p": "1", "q": "2", "r": "3"}, "test")
    keyed("t02", {"q": "2", "r": "4", "s": "5"})
    keyed("t03", {"r": "6"}, "test")
    files.write_json(paths.LISTED, {"batches": ["t01", "t02", "t03"]})
    shared_examples.tell(catalogue.read())
    said = capsys.readouterr().err.splitlines()
    what = "2 examples with the key of an example of an earlier batch, but other content"
    tests = "1 earlier one in the test split, unlike the later"
    assert said[0].startswith(f"assay: {what}: t02/r and t01/r; {tests}: if they correct those,")
    assert said[1].startswith("assay: 1 example is in more than one batch")


@pytest.mark.parametrize(
    ("first", "second", "numbered"),
    [
        ({"0": "1", "1": "2"}, {"0": "3"}, True),
        ({"1": "1", "2": "2", "3": "3"}, {"2": "5", "1": "4"}, False),  # both count their rows
        ({"a/1.png": "1", "a/2.png": "2"}, {"a/1.png": "3", "b/1.png": "4"}, False),
        ({"a/01.png": "1", "a/02.png": "2"}, {"a/01.png": "3", "a/02.png": "4"}, False),
        ({"p": "1", "q": "2"}, {"p": "1", "s": "3"}, False),
    ],
)
def test_keys_that_repeat_by_chance_are_not_said(
    capsys: pytest.CaptureFixture, first: dict, second: dict, numbered: bool
) -> None:
    keyed("t01", first, numbered=numbered)
    keyed("t02", second, numbered=numbered)
    files.write_json(paths.LISTED, {"batches": ["t01", "t02"]})
    shared_examples.tell(catalogue.read())
    assert "earlier batch" not in capsys.readouterr().err


def test_keys_that_count_rows_are_seen_in_a_sample_of_them() -> None:
    keys = [str(number) for number in range(9)]
    ids = {key: f"new {key}" for key in keys[::3]}
    known = {key: f"old {key}" for key in keys}
    assert repeated_keys.of_other_content(ids, known, keys) == []
    assert repeated_keys.of_other_content(ids, known, [*keys, "extra"]) == list(ids)


def test_a_licence_that_is_lost_is_said(capsys: pytest.CaptureFixture) -> None:
    batch("t01", {"a": [], "b": []}, licence="CC0", town="Ulm")
    batch("t02", {"b": [], "a": [], "c": []}, licence="CC-BY-NC", town="Ulm", source="web")
    files.write_json(paths.LISTED, {"batches": ["t01", "t02"]})
    shared_examples.tell(catalogue.read())
    what = "2 examples with other values in another batch, which do not count"
    names = "'licence' (2), 'source' (2)"
    said = f"assay: {what}: {names}; t01/bt01 is 'CC0', but 'CC-BY-NC' in t02"
    assert capsys.readouterr().err.splitlines()[1:] == [said]
    batch("t02", {"b": []}, town="Ulm")  # a value that only the first batch has is kept
    files.write_json(paths.LISTED, {"batches": ["t01", "t02"]})
    shared_examples.tell(catalogue.read())
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_keys_of_thousands_of_digits_are_no_row_numbers() -> None:
    keys = ["1", "2" * 5000]
    ids, known = dict.fromkeys(keys, "a"), dict.fromkeys(keys, "b")
    assert repeated_keys.of_other_content(ids, known, keys) == keys
