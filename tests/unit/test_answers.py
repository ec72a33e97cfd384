"""Answers files as people leave them: labels and names as they were typed, and nothing merged in silence."""

import os
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.annotation import answers, contradicted
from assay.catalogue import catalogue, spreadsheets
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError, run
from stages import annotate

LABELS = ["1", "1.0", "caf\u00e9", "01", "TRUE", "null", "NaN", "=1+1", "-1"]
PEOPLE = ["anna", "O'Hara, Ann", 'the "x"', "two\nlines", "😀", "=anna", "Anna"]
IDS = [f"{n:032x}" for n in range(len(LABELS))]


@pytest.fixture
def examples(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    paths.ANNOTATIONS.mkdir(parents=True)
    return collected("b", IDS)


def collected(
    batch: str, ids: list[str], *, numbered: bool = False, keys: list[str] | None = None
) -> pd.DataFrame:
    """The examples of a batch, the only one that is listed, with keys from 0 on."""
    n = len(ids)
    columns = {
        "id": ids,
        "key": keys or [str(row) for row in range(n)],
        "duplicates": [[]] * n,
        "split": ["train"] * n,
    }
    types = [pa.string(), pa.string(), pa.list_(pa.string()), pa.string()]
    arrays = {
        name: pa.array(column, type_)
        for (name, column), type_ in zip(columns.items(), types, strict=True)
    }
    parquet_files.write_examples(batch, {}, arrays, numbered=numbered)
    files.write_json(paths.LISTED, {"batches": [batch]})
    return catalogue.read()


def write(rows: list[tuple], name: str = "a.csv") -> None:
    frame = pd.DataFrame(rows, columns=["id", "annotator", "label"])
    spreadsheets.write(paths.ANNOTATIONS / name, frame)


def test_labels_are_kept_apart(examples):
    write([(id_, "anna", label) for id_, label in zip(IDS, LABELS, strict=True)])
    answered = answers.read(examples, LABELS)
    assert answered["label"].to_list() == LABELS
    cleaned = pd.DataFrame(
        {"label": [], "confidence": [], "source": []}, index=pd.Index([], name="id")
    )
    labels = annotate.override(cleaned, answered, examples)
    assert labels["label"].to_dict() == dict(zip(IDS, LABELS, strict=True))


@pytest.mark.parametrize("label", LABELS)
def test_labels_that_only_resemble_a_class_are_refused(examples, label):
    write([(IDS[0], "anna", label)])
    others = [other for other in LABELS if other != label]
    with pytest.raises(InputError, match=r"a.csv row 2: .* is no class of the data"):
        answers.read(examples, others)


def test_an_answer_of_a_class_that_was_renamed_says_where_to_replace_it(examples):
    write([(IDS[0], "anna", "circle")])
    with pytest.raises(InputError, match=r"; if it was renamed, replace it in data/annotations$"):
        answers.read(examples, ["disc", "square"])


def test_an_answer_of_a_new_class_says_how_it_comes_into_the_data(examples):
    write([(IDS[0], "anna", "circle")])
    if_new = "first list a batch that brings clean.smallest_class labels of it to learn from; if"
    with pytest.raises(InputError, match=f"; if it is new, {if_new}"):
        answers.read(examples, ["disc", "square"])


@pytest.mark.parametrize(
    ("label", "meant"), [("FIVE", "'Five'"), ("Fi ve", "'Five'"), ("1", "'01' or '1.0'")]
)
def test_a_class_that_is_spelt_otherwise_is_proposed(examples, label, meant):
    write([(IDS[0], "anna", label)])
    said = f"row 2: '{label}' is no class of the data: did you mean {meant}?"
    with pytest.raises(InputError, match=f"{re.escape(said)}$"):
        answers.read(examples, ["Five", "Four", "01", "1.0"])


def test_a_label_that_is_no_class_may_be_left_empty(examples):
    write([(IDS[0], "anna", "?")])
    known = "'?' is no class of the data, which has: disc, square"
    with pytest.raises(InputError, match=re.escape(f"{known}; leave it empty to give no answer;")):
        answers.read(examples, ["disc", "square"])


def test_labels_in_another_unicode_form_or_with_blanks_are_the_same(examples):
    write([(IDS[0], "anna", "cafe\u0301"), (IDS[1], "anna", " 1 "), (IDS[2], "anna", "  ")])
    assert answers.read(examples, LABELS)["label"].to_list() == ["caf\u00e9", "1"]


def test_names_are_kept_apart(examples):
    write([(IDS[0], person, "1") for person in PEOPLE])
    assert answers.read(examples, LABELS)["annotator"].to_list() == PEOPLE


def test_blanks_around_a_name_do_not_count(examples, capsys):
    """As in a batch's own annotations.csv: one person has one vote."""
    write([(IDS[0], "anna", "1"), (IDS[0], "anna ", "01"), (IDS[0], "\tanna\xa0", "1")])
    answered = answers.read(examples, LABELS)
    assert answered[["annotator", "label"]].to_numpy().tolist() == [["anna", "1"]]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "2 answers repeated by one person about one example" in said


def test_names_that_may_be_one_person_are_told(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[0], " Anna", "01"), (IDS[1], "bela", "1")])
    assert answers.read(examples, LABELS)["annotator"].to_list() == ["anna", "Anna", "bela"]
    said = "1 annotator may have several names in the answers, since spelling alone differs"
    assert capsys.readouterr().err == f"assay: {said}: 'Anna' and 'anna'\n"


def test_answers_in_a_file_that_is_a_link_are_told(examples, capsys, tmp_path):
    write([(IDS[0], "anna", "1")])
    (paths.ANNOTATIONS / "a.csv").rename(tmp_path / "a.csv")
    (paths.ANNOTATIONS / "a.csv").symlink_to(tmp_path / "a.csv")
    assert len(answers.read(examples, LABELS)) == 1
    link = "answers in 1 file that git keeps as a link alone, so colleagues lack them"
    assert f"{link}: data/annotations/a.csv: put the file itself" in capsys.readouterr().err


def test_answers_behind_a_link_that_leads_nowhere_are_one_line(examples, capsys):
    (paths.ANNOTATIONS / "a.csv").symlink_to("/gone/a.csv")
    with pytest.raises(SystemExit):
        run(lambda: answers.read(examples, LABELS))
    last = capsys.readouterr().err.splitlines()[-1]
    wrong = "assay: data/annotations/a.csv is a link to /gone/a.csv, which is missing"
    assert last == f"{wrong}: bring that file back, or delete the link"


def test_answers_without_a_name_are_told(examples, capsys):
    write([(IDS[0], "", "1"), (IDS[1], " ", "01"), (IDS[2], "bela", "1")])
    assert answers.read(examples, LABELS)["annotator"].to_list() == ["", "", "bela"]
    said = "2 answers without an annotator, taken for those of one person"
    assert capsys.readouterr().err == f"assay: {said}: data/annotations/a.csv row 2\n"


def test_more_notes_than_labels_leave_an_example_out(examples):
    rows = [(0, "anna", "", "not usable"), (0, "bela", "", "Not usable "), (0, "cleo", "1", "")]
    rows += [(1, "anna", "", "not usable"), (1, "cleo", "1", "")]
    rows += [(2, "anna", "", "not sure"), (3, "anna", "", ""), (4, "anna", "1", "not usable")]
    frame = pd.DataFrame(rows, columns=["id", "annotator", "label", "note"])
    spreadsheets.write(
        paths.ANNOTATIONS / "a.csv", frame.assign(id=frame["id"].map(IDS.__getitem__))
    )
    everything = answers.read(examples, LABELS)
    assert answers.not_usable(everything).to_dict() == {0: "not usable, by anna, bela"}
    assert everything.loc[everything["label"] != "", "example"].to_list() == [0, 1, 4]
    assert answers.not_usable(everything[:0]).empty


def test_a_note_that_nobody_knows_is_said(examples, capsys):
    frame = pd.DataFrame([(IDS[0], "anna", "", "unusable"), (IDS[1], "anna", "", "Not sure")])
    path = paths.ANNOTATIONS / "a.csv"
    spreadsheets.write(path, frame.set_axis(["id", "annotator", "label", "Note"], axis=1))
    assert answers.read(examples, LABELS).empty
    said = "1 answer with neither a label nor one of the notes 'not sure' and 'not usable': "
    assert capsys.readouterr().err == f"assay: {said}{path} row 2, 'unusable'\n"


def test_a_label_with_a_note_that_takes_it_back_is_said(examples, capsys):
    notes = ["not usable", "Not sure ", "as in the picture", ""]
    rows = [(id_, "anna", "1", note) for id_, note in zip(IDS, notes, strict=False)]
    frame = pd.DataFrame(rows, columns=["id", "annotator", "label", "note"])
    spreadsheets.write(paths.ANNOTATIONS / "a.csv", frame)
    assert answers.read(examples, LABELS)["label"].to_list() == ["1"] * 4
    both = "2 answers with both a label and a note, where the label counts"
    first = "data/annotations/a.csv row 2, '1' and 'not usable'"
    remedy = "empty the label if the note is right"
    assert capsys.readouterr().err == f"assay: {both}: {first}; {remedy}\n"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"key": ["0", "2", "2", "77"]}, ("1 answer", "b/1, the key b/2")),
        ({"key": [" b/0 ", "b/2", "b/0", ""]}, ("2 answers", "b/1, the key b/2")),
        (
            {"batch": ["b", "c", " b", "c"], "key": ["0", "2", "1 ", "3"]},
            ("1 answer", "b/2, the key b/1"),
        ),
        ({"batch": ["b", "b", "c", ""], "key": ["0", "1", "0", ""]}, None),
    ],
)
def test_an_id_and_a_key_of_different_examples_are_said(examples, capsys, cells, said):
    columns = {"id": IDS[:4], "annotator": "anna", "label": "1", **cells}
    spreadsheets.write(paths.ANNOTATIONS / "a.csv", pd.DataFrame(columns))
    assert answers.read(examples, LABELS)["example"].to_list() == [0, 1, 2, 3]
    error = capsys.readouterr().err
    if said is None:
        assert error == ""
        return
    n, names = said
    row = 2 + int(names[2])
    differ = "whose id and key name different examples, where the id counts"
    place = f"data/annotations/a.csv row {row}"
    assert error == f"assay: {n} {differ}: {place}: the id names {names}\n"


def test_a_row_number_beside_an_id_contradicts_nothing(examples, capsys):
    """The review page writes it for people; it changes with the table."""
    numbered = collected("b", IDS, numbered=True)
    columns = {"id": IDS[:1], "annotator": "anna", "label": "1", "key": "5"}
    spreadsheets.write(paths.ANNOTATIONS / "a.csv", pd.DataFrame(columns))
    assert answers.read(numbered, LABELS)["example"].to_list() == [0]
    assert capsys.readouterr().err == ""


def test_two_people_are_two_votes(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[0], "bela", "01"), (IDS[0], "cleo", "01")])
    assert answers.standing(answers.read(examples, LABELS))["label"].item() == "01"
    assert capsys.readouterr().err == ""


def test_the_later_answer_of_one_person_counts_and_is_said(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[1], "anna", "1"), (IDS[0], "anna", "01")])
    write([(IDS[1], "anna", "NaN")], "b.csv")
    answered = answers.read(examples, LABELS).set_index("example")
    assert answered["label"].to_dict() == {0: "01", 1: "NaN"}
    said = capsys.readouterr().err
    assert said.startswith(
        "assay: 2 answers repeated by one person about one example, where the last one counts"
    )
    assert said.endswith("data/annotations/a.csv row 4 by 'anna'\n")
    replaced = "2 had another label: data/annotations/a.csv row 2 '1' gives way to '01' of data"
    assert replaced in said


def test_a_second_download_counts_after_the_first(examples, capsys):
    """A browser calls it `anna (1).csv`. A blank sorts before a point."""
    for number, copy in enumerate(("", " (1)", "(2)", " (10)")):
        write([(IDS[0], "anna", LABELS[number])], f"anna{copy}.csv")
    write([(IDS[0], "anna", LABELS[4])], "Anna.csv")
    assert answers.read(examples, LABELS)["label"].to_list() == [LABELS[3]]
    last = f"gives way to {LABELS[3]!r} of data/annotations/anna (10).csv row 2 by 'anna'"
    assert last in capsys.readouterr().err


def test_answers_that_are_repeated_alike_have_no_other_label(examples, capsys):
    write([(IDS[0], "anna", "1"), (IDS[1], "anna", "1")])
    write([(IDS[0], "anna", "1"), (IDS[1], "anna", "")], "b.csv")
    assert answers.read(examples, LABELS)["example"].to_list() == [0]
    said = "1 had another label: data/annotations/a.csv row 3 '1' gives way to '' of data"
    assert said in capsys.readouterr().err
    write([(IDS[0], "anna", "1")], "b.csv")
    answers.read(examples, LABELS)
    assert "another label" not in capsys.readouterr().err


@pytest.mark.parametrize("name", [f" {'AB' * 16}", f"{'AB' * 16}\xa0", "key ", "\tkey", "b/key "])
def test_blanks_around_a_name_and_capitals_of_an_id_do_not_count(examples, name):
    examples = collected("b", ["ab" * 16], keys=["key"])
    write([(name, "anna", "1")])
    assert answers.read(examples, LABELS)["example"].to_list() == [0]


def test_keys_are_no_ids(examples, capsys):
    """A key is compared as it is written, before its blanks do not count."""
    examples = collected("b", IDS[:3], keys=["key", " key", "AB" * 16])
    write([(" key", "anna", "1"), ("AB" * 16, "anna", "1"), ("key", "anna", "01")])
    assert answers.read(examples, LABELS)["example"].to_list() == [1, 2, 0]
    (paths.ANNOTATIONS / "a.csv").write_text("key,annotator,label\nKEY,anna,1\n")
    assert answers.read(examples, LABELS).empty
    assert "1 answer left waiting" in capsys.readouterr().err


def test_a_name_in_another_unicode_form_is_the_same(examples, capsys):
    write([(IDS[0], "Zo\xe9", "1"), (IDS[0], "Zoe\u0301", "1")])
    assert answers.read(examples, LABELS)["annotator"].to_list() == ["Zo\xe9"]
    assert "spelling alone" not in capsys.readouterr().err


def test_answers_that_classifiers_contradict_strongly_are_named_by_person(capsys):
    """A label that the most people gave counts, so the others are not told."""
    classes, places = ["x", "y", "z"], [f"a.csv row {row}" for row in range(2, 9)]
    pred_probs = np.array([[0.99, 0.01, 0], [0, 0.95, 0.05], [0.06, 0.94, 0], [0, 0.04, 0.96]])
    rows = [(0, "anna", "x"), (1, "anna", "x"), (2, "anna", "x"), (3, "anna", "z")]
    rows += [(3, "bob", "y"), (3, "cleo", "y"), (1, "bob", "x")]
    answered = pd.DataFrame(rows, columns=["example", "annotator", "label"]).assign(place=places)
    contradicted.tell(answered, pred_probs, classes)
    people = "2 of 2 by 'bob', 1 of 1 by 'cleo', 1 of 3 by 'anna'"
    sure = "since classifiers that did not learn from them give another class 95% or more"
    which = "a.csv row 6 'y' (rather 'z'), a.csv row 7 'y' (rather 'z'), a.csv row 3 'x' (rather"
    said = f"4 answers ({people}) may be wrong, {sure}; they count all the same. Look again at"
    printed = capsys.readouterr().err
    assert printed == f"assay: {said} {which} 'y'), a.csv row 8 'x' (rather 'y')\n"
    for none in (answered[:1], answered[:0]):
        contradicted.tell(none, pred_probs, classes)
    assert capsys.readouterr().err == ""


def test_an_answer_is_not_contradicted_by_the_rarity_of_its_class_alone():
    """Of 100 examples, classifiers know something about the first two only."""
    pred_probs = np.tile([0.02, 0.98], (100, 1))
    pred_probs[:2] = [[0.001, 0.999], [0.99, 0.01]]
    rows = [(0, "fraud"), (2, "fraud"), (3, "fraud"), (1, "ok")]
    answered = pd.DataFrame(rows, columns=["example", "label"])
    found = contradicted.strongly(answered, pred_probs, ["fraud", "ok"])
    assert found["example"].tolist() == [0, 1]
    assert contradicted.strongly(answered, pred_probs[2:][[0] * 9], ["fraud", "ok"]).empty


@pytest.mark.parametrize("name", ["1", "b/1"])
def test_row_numbers_are_refused(examples, name):
    """After a row is removed they would mean another example."""
    text = f"key,annotator,label\n{name},anna,1\n"
    (paths.ANNOTATIONS / "a.csv").write_text(text)
    assert len(answers.read(examples, LABELS)) == 1
    examples = collected("b", IDS, numbered=True)
    with pytest.raises(
        InputError, match=rf"a.csv row 2: '{name}' is a row number, .* `id`, .*queue.csv .* `key`"
    ):
        answers.read(examples, LABELS)
    write([(IDS[1], "anna", "1")])
    assert answers.read(examples, LABELS)["example"].to_list() == [1]


PERHAPS = (
    "perhaps its name is mistyped, or files of the batch or Assay changed, see docs/upgrading.md"
)


def test_answers_to_a_batch_that_is_not_listed_wait(examples, capsys):
    write([(IDS[0], "anna", "a class that went with the batch"), (IDS[1], "anna", "1")])
    (paths.ANNOTATIONS / "b.csv").write_text("key,annotator,label\nb/0,anna,1\n1,bela,1\n")
    examples = collected("c", ["ff" * 16, IDS[1]])
    answered = answers.read(examples, LABELS)
    assert answered[["example", "annotator"]].to_numpy().tolist() == [[1, "anna"], [1, "bela"]]
    said = "assay: 2 answers left waiting, since no listed batch has the example: data/annotations/a.csv row 2"
    assert capsys.readouterr().err == f"{said}, id '{IDS[0]}'; if its batch is listed, {PERHAPS}\n"
    write([("12345", "anna", "1")])
    with pytest.raises(InputError, match=r"a.csv row 2: '12345' is no id"):
        answers.read(examples, LABELS)


GONE = "ff" * 16


def test_of_the_rows_that_wait_only_answers_are_counted(examples, capsys):
    """A note without a label is none, and of one person's about one example the last counts."""
    rows = [("anna", "1", ""), ("anna", "01", ""), ("bela", "", "not sure"), ("cleo", "1", "")]
    rows += [("cleo", "", ""), ("dora", "", "not usable")]
    lines = [f"{GONE},{','.join(row)}\n" for row in rows]
    (paths.ANNOTATIONS / "a.csv").write_text("id,annotator,label,note\n" + "".join(lines))
    assert answers.read(examples, LABELS).empty
    said = "assay: 2 answers left waiting, since no listed batch has the example: data/annotations"
    assert capsys.readouterr().err.startswith(f"{said}/a.csv row 3, ")
    (paths.ANNOTATIONS / "a.csv").write_text(f"id,annotator,label\n{GONE},anna,\n")
    assert answers.read(examples, LABELS).empty
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "text",
    [
        f"id,batch,annotator,label\n{GONE},b,anna,1\n",
        f"id,key,annotator,label\n{GONE},b/cat.png,anna,1\n",
        "key,annotator,label\nb/cat.png,anna,1\n",
    ],
)
def test_answers_to_what_a_listed_batch_had_say_so(examples, capsys, text):
    (paths.ANNOTATIONS / "a.csv").write_text(text)
    assert answers.read(examples, LABELS).empty
    waiting = f"assay: 1 answer left waiting, since the batch has no such example ({PERHAPS})"
    assert capsys.readouterr().err.startswith(f"{waiting}: data/annotations/a.csv row 2, ")


@pytest.mark.parametrize("cells", ["c,3", ",3", ",b", "c,b/3"])
def test_answers_to_another_batch_with_the_same_key_wait_for_it(examples, capsys, cells):
    """Any batch may have the key 3, and b may be the key of another batch."""
    text = f"id,batch,key,annotator,label\n{GONE},{cells},anna,1\n"
    (paths.ANNOTATIONS / "a.csv").write_text(text)
    assert answers.read(examples, LABELS).empty
    assert "since no listed batch has the example: " in capsys.readouterr().err


def test_the_list_of_batches_is_read_once(examples, monkeypatch):
    """For each of many waiting answers it would take seconds."""
    read = []
    listed = files.listed_batches()
    monkeypatch.setattr(files, "listed_batches", lambda: read.append(1) or listed)
    rows = "".join(f"b/{row}.png,anna,1\n" for row in range(50))
    (paths.ANNOTATIONS / "a.csv").write_text(f"key,annotator,label\n{rows}")
    assert answers.read(examples, LABELS).empty
    assert len(read) == 1


def test_every_table_is_read_and_all_else_is_named(examples, capsys):
    folder = paths.ANNOTATIONS
    (folder / "2026/anna").mkdir(parents=True)
    (folder / "ANNA.CSV").write_text(f"id,annotator,label\n{IDS[0]},anna,1\n")
    (folder / "2026/anna/b.tsv").write_text(f"id\tannotator\tlabel\n{IDS[1]}\tan,na\t1\n")
    for name in ("README.md", ".gitignore", "label-studio.json", ".ipynb_checkpoints/ANNA.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert answers.read(examples, LABELS)["annotator"].to_list() == ["an,na", "anna"]
    assert capsys.readouterr().err == ""
    for name in ("2026/b.xlsx", "a.csv.bak", "notes", "z.ods"):
        (folder / name).write_text("x")
    assert len(answers.read(examples, LABELS)) == 2
    named = "data/annotations/2026/b.xlsx, data/annotations/a.csv.bak, data/annotations/notes and 1 more"
    assert capsys.readouterr().err == f"assay: not read, since answers are .csv or .tsv: {named}\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_merge_conflict_is_told(examples, delimiter):
    header, row = (
        f"{row}\n".replace(",", delimiter) for row in ("id,annotator,label", f"{IDS[0]},anna,1")
    )
    conflict = f"<<<<<<< HEAD\n{row}=======\n{row}>>>>>>> theirs\n"
    for text, line in ((header + conflict, 2), (conflict.replace("HEAD\n", f"HEAD\n{header}"), 1)):
        (paths.ANNOTATIONS / "a.csv").write_text(text)
        with pytest.raises(
            InputError, match=rf"a.csv line {line} starts a git merge conflict: .* delete the lines"
        ):
            answers.read(examples, LABELS)


def test_a_second_header_is_told(examples):
    header, row = "id,annotator,label\r\n", f"{IDS[0]},anna,1\r\n"
    (paths.ANNOTATIONS / "a.csv").write_bytes((header + row + header + row).encode())
    with pytest.raises(InputError, match=r"a.csv row 3 repeats the header: delete this row$"):
        answers.read(examples, LABELS)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_cell_of_two_lines(examples, delimiter):
    rows = ["id,annotator,label", f'{IDS[0]},"two\nlines",1', f"{IDS[1]},anna,1"]
    (paths.ANNOTATIONS / "a.csv").write_text("\n".join(rows).replace(",", delimiter))
    assert answers.read(examples, LABELS)["place"].str[-5:].to_list() == ["row 2", "row 3"]


def test_a_file_from_a_spreadsheet(examples):
    text = f'\ufeffid;annotator;label\r\n{IDS[0]};"Ann; the first";=1+1\r\n{IDS[1]};anna;01\r\n;;\r\n;;\r\n'
    (paths.ANNOTATIONS / "a.csv").write_bytes(text.encode())
    answered = answers.read(examples, LABELS)
    assert answered["annotator"].to_list() == ["Ann; the first", "anna"]
    assert answered["label"].to_list() == ["=1+1", "01"]


def test_hidden_answers_are_told(examples, capsys):
    for name in (".anna.csv", "._anna.CSV", ".ipynb_checkpoints/anna.csv", ".git/x", ".gitignore"):
        path = paths.ANNOTATIONS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("id,annotator,label\n")
    assert answers.read(examples, LABELS).empty
    named = [f"data/annotations/{name}" for name in (".anna.csv", "._anna.CSV")]
    named += ["data/annotations/.ipynb_checkpoints/anna.csv"]
    said = capsys.readouterr().err
    assert said.startswith("assay: not read, since they are hidden: ")
    assert [name for name in named if name not in said] == []
    assert said.count("\n") == 1


def test_a_file_whose_name_is_not_utf8(examples):
    (paths.ANNOTATIONS / "a\udcff😀.csv").write_text(f"id,annotator,label\n{IDS[0]},anna,1\n")
    with pytest.raises(InputError, match=r"this name is not UTF-8, so DVC cannot track it"):
        answers.read(examples, LABELS)


def test_only_regular_files_are_opened(examples):
    os.mkfifo(paths.ANNOTATIONS / "a.csv")
    with pytest.raises(InputError, match=r"a.csv is a pipe, a socket or a device"):
        answers.read(examples, LABELS)
    (paths.ANNOTATIONS / "a.csv").unlink()
    (paths.ANNOTATIONS / "a.csv").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"a.csv is a pipe, a socket or a device"):
        answers.read(examples, LABELS)


def test_names_reach_no_terminal_as_they_are(examples, capsys):
    name = "\x1b]0;title\x07\u202e"
    write([(IDS[0], name, "1"), (IDS[0], name, "1"), ("f" * 32, name, "1")])
    (paths.ANNOTATIONS / f"{name}.txt").touch()
    answered = answers.read(examples, LABELS)
    assert answered["annotator"].to_list() == [name]
    said = capsys.readouterr().err
    assert said.count("\n") == 3
    assert said.replace("\n", "").isprintable()
