"""One vote a person and example, within a batch and across batches; what does not count is said."""

import numpy as np
import pyarrow as pa
import pytest

from assay.catalogue import catalogue
from assay.collecting import votes as votes_of
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.remarks import Remark
from assay.layouts.raw_batch import Example, RawBatch

ID_OF = {"one": "aa", "copy of one": "aa", "two": "bb"}


def batch(*annotations: tuple[str, str, str]) -> RawBatch:
    examples = [
        Example(key, "", label)
        for key, label in (("one", "x"), ("copy of one", "y"), ("two", ""), ("out", "x"))
    ]
    return RawBatch("table", examples, np.zeros(0), set(), list(annotations))


def test_the_later_label_of_a_person_counts():
    raw = batch(("one", "anna", "x"), ("one", "bela", "x"), ("one", "anna", "y"))
    votes = votes_of.votes(raw, ID_OF)
    assert votes == [
        ("aa", "anna", "y"),
        ("aa", "bela", "x"),
        ("aa", "given", "x"),
        ("aa", "given", "y"),
    ]
    said = "label replaces an earlier one by the same person for the same example"
    assert raw.remarks == [Remark("merged", 1, said, "'one' by 'anna'")]


def test_a_person_has_one_vote_for_exact_copies():
    """Also where both labels are the same."""
    labels = [
        ("one", "anna", "x"),
        ("copy of one", "anna", "x"),
        ("two", "anna", "x"),
        ("out", "anna", "y"),
    ]
    raw = batch(*labels)
    assert votes_of.votes(raw, ID_OF)[:2] == [("aa", "anna", "x"), ("aa", "given", "x")]
    assert [remark.action for remark in raw.remarks] == ["merged"]


def test_nothing_is_said_of_one_vote_each():
    raw = batch(("one", "anna", "x"), ("two", "anna", "x"), ("two", "bela", "y"))
    assert len(votes_of.votes(raw, ID_OF)) == 5
    assert raw.remarks == []


def test_copies_with_different_truths_are_named_with_their_place():
    examples = [Example(key, f"data/raw/b/{key}.png") for key in ("one", "two")]
    raw = RawBatch("image", examples, np.zeros(0), set(), truth=[("one", "x"), ("two", "y")])
    said = (
        "data/raw/b/two.png: by truth.csv 'two' is 'y', but an exact copy of it is 'x': "
        "correct one of them"
    )
    with pytest.raises(InputError, match=f"^{said}$"):
        votes_of.truth(raw, ["aa", "aa"])


@pytest.mark.parametrize(("annotator", "votes"), [("anna", ["y"]), ("given", ["x", "y"])])
def test_across_batches_too(tmp_path, monkeypatch, capsys, annotator, votes):
    monkeypatch.chdir(tmp_path)
    for batch, label in (("b", "x"), ("a", "y")):  # in the order of arrival
        columns = {"id": ["aa"], "key": ["one"], "split": ["train"]}
        parquet_files.write_examples(
            batch, {}, {name: pa.array(values) for name, values in columns.items()}
        )
        csv_files.write_csv(
            paths.labels(batch), ["id", "annotator", "label"], [("aa", annotator, label)]
        )
    files.write_json(paths.LISTED, {"batches": ["b", "a"]})
    found = catalogue.votes(catalogue.read())
    assert found["label"].to_list() == votes
    assert found.index.to_list() == list(range(len(votes)))
    said = "labels are replaced by the same person's label in a later batch"
    assert capsys.readouterr().err == (
        "" if len(votes) == 2 else f"assay: 1 {said}: b/one by 'anna'\n"
    )
