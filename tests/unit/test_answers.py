"""Answers files as people leave them: labels and names as they were typed, and nothing merged in silence."""

import pandas as pd
import pyarrow as pa
import pytest

from assay import answers, catalogue, dataset, spreadsheets
from assay.errors import InputError
from stages import annotate

LABELS = ["1", "1.0", " 1", "01", "TRUE", "null", "NaN", "=1+1", "-1"]
PEOPLE = ["anna", "O'Hara, Ann", 'the "x"', "two\nlines", "😀", "=anna", "Anna", "anna "]
IDS = [f"{n:032x}" for n in range(len(LABELS))]


@pytest.fixture
def examples(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    n = len(IDS)
    columns = {"id": IDS, "key": [str(row) for row in range(n)], "duplicates": [[]] * n, "split": ["train"] * n}
    types = [pa.string(), pa.string(), pa.list_(pa.string()), pa.string()]
    arrays = {name: pa.array(column, type_) for (name, column), type_ in zip(columns.items(), types, strict=True)}
    dataset.write_examples("b", {}, arrays)
    dataset.write_json(dataset.LISTED, {"batches": ["b"]})
    dataset.ANNOTATIONS.mkdir()
    return catalogue.read()


def write(rows: list[tuple], name: str = "a.csv") -> None:
    frame = pd.DataFrame(rows, columns=["id", "annotator", "label"])
    spreadsheets.write(dataset.ANNOTATIONS / name, frame)


def test_labels_are_kept_apart(examples):
    write([(id_, "anna", label) for id_, label in zip(IDS, LABELS, strict=True)])
    answered = answers.read(examples, LABELS)
    assert answered["label"].to_list() == LABELS
    cleaned = pd.DataFrame({"label": [], "confidence": [], "source": []}, index=pd.Index([], name="id"))
    labels = annotate.override(cleaned, answered, examples)
    assert labels["label"].to_dict() == dict(zip(IDS, LABELS, strict=True))


@pytest.mark.parametrize("label", LABELS)
def test_labels_that_only_resemble_a_class_are_refused(examples, label):
    write([(IDS[0], "anna", label)])
    others = [other for other in LABELS if other != label]
    with pytest.raises(InputError, match=r"a.csv row 2: .* is no class of the data"):
        answers.read(examples, others)


def test_names_are_kept_apart(examples):
    write([(IDS[0], person, "1") for person in PEOPLE])
    assert answers.read(examples, LABELS)["annotator"].to_list() == PEOPLE


def test_two_people_are_two_votes(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[0], "bela", "01"), (IDS[0], "cleo", "01")])
    assert answers.settle(answers.read(examples, LABELS)["label"]) == "01"
    assert capsys.readouterr().err == ""


def test_the_later_answer_of_one_person_counts_and_is_said(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[1], "anna", "1"), (IDS[0], "anna", "01")])
    write([(IDS[1], "anna", "NaN")], "b.csv")
    answered = answers.read(examples, LABELS).set_index("example")
    assert answered["label"].to_dict() == {0: "01", 1: "NaN"}
    said = capsys.readouterr().err
    assert said.startswith("data/annotations/a.csv row 4: 'anna' answers an example again")
    assert "1 more" in said


def test_a_file_from_a_spreadsheet(examples):
    text = f'\ufeffid;annotator;label\r\n{IDS[0]};"Ann; the first";=1+1\r\n{IDS[1]};anna;01\r\n;;\r\n;;\r\n'
    (dataset.ANNOTATIONS / "a.csv").write_bytes(text.encode())
    answered = answers.read(examples, LABELS)
    assert answered["annotator"].to_list() == ["Ann; the first", "anna"]
    assert answered["label"].to_list() == ["=1+1", "01"]
