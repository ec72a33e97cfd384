"""What looks wrong in a batch is remarked on, and ordinary batches are not."""

import numpy as np
import pyarrow as pa
import pytest

from assay.collecting import copies, doubts, summary
from assay.contract import class_names
from assay.contract.parameters import load
from assay.inspection import inspect
from assay.layouts import media_files
from assay.layouts.raw_batch import Example, RawBatch


def batch(labels: list[str], *, numbered: bool = False) -> RawBatch:
    examples = [Example(str(row), "", label) for row, label in enumerate(labels)]
    return RawBatch("image", examples, np.zeros(0), set(), numbered=numbered)


def remarks(raw: RawBatch) -> list[tuple[str, int, str]]:
    return [(remark.action, remark.count, remark.what) for remark in raw.remarks]


ALTERNATING = ["cat", "dog"] * 20
SORTED = ["cat"] * 20 + ["dog"] * 20


@pytest.mark.parametrize(
    ("labels", "numbered", "expected"),
    [
        (ALTERNATING, True, []),
        (SORTED, False, []),  # folders per class are always sorted
        (SORTED, True, [("doubtful", 40, "rows are sorted by class")]),
        (["", ""], False, [("doubtful", 2, "examples have no label at all")]),
        (["cat"] * 3 + [""], False, [("doubtful", 3, "labels are all 'cat'")]),
        ([*ALTERNATING, "eel"], False, [("doubtful", 1, "class has one label only")]),
        ([f"id {row}" for row in range(100)], False, [("doubtful", 100, "classes for 100 labels")]),
    ],
)
def test_doubts(labels: list[str], numbered: bool, expected: list) -> None:
    raw = batch(labels, numbered=numbered)
    doubts.remark(raw)
    assert remarks(raw) == expected


def test_a_person_called_as_the_labels_of_the_batch() -> None:
    raw = batch(ALTERNATING)
    raw.annotations = [("0", "given", "cat"), ("1", "anna", "dog")]
    doubts.remark(raw)
    what = "label is by an annotator called 'given', as the batch's own labels are"
    assert remarks(raw) == [("doubtful", 1, what)]


def test_labels_that_go_by_row_numbers() -> None:
    raw = batch(ALTERNATING, numbered=True)
    raw.annotations, raw.truth = [("5", "anna", "cat")], [("5", "cat"), ("6", "dog")]
    doubts.remark(raw)
    assert remarks(raw) == []  # IDX files: nobody takes a row out of them, or adds a column
    raw.layout = "a table"
    doubts.remark(raw)
    assert remarks(raw) == [("doubtful", 3, "labels name their row by its number")]


WHOLE = "labels are whole numbers, and each number is a class"
MEASURED = "labels are numbers with decimals, and each number is a class"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["0.5", "1", "1.5", "nan"], [(2, MEASURED)]),
        (["1,5", "2,5"], [(2, MEASURED)]),
        (["1", "2", "NAN"], []),
        (["1", "2.5", "NAN"], [(1, MEASURED)]),
        (["2026-01-01", "2026-01-02"], [(2, "labels are dates, and each date is a class")]),
        (["1", "2"], []),
        (["1.0", "2.0"], []),
        (["1.5", "cat"], []),
        (["1.5", "1.5"], []),
        ([str(age) for age in range(30, 56) for _ in range(56 - age)], [(351, WHOLE)]),
        ([str(code) for code in range(30, 56) for _ in range(code * 7 % 26 + 1)], []),  # no order
        ([*map(str, range(65, 91))], []),  # letters
        ([*map(str, [*range(25), 28])], []),  # one class is absent
        ([*map(str, range(26))], []),  # numbers of classes
        ([*map(str, range(1, 27))], []),
        ([*map(str, range(1000, 3600, 100))], []),  # codes
    ],
)
def test_labels_that_are_measured(labels: list[str], expected: list) -> None:
    raw = batch(labels * 3)
    doubts.remark(raw)
    said = [(count, what) for _, count, what in remarks(raw) if "each" in what]
    assert said == [(3 * count, what) for count, what in expected]


def test_labels_of_people_count() -> None:
    raw = batch([""] * 4)
    raw.annotations = [("0", "anna", "cat"), ("1", "bela", "cat")]
    doubts.remark(raw)
    assert remarks(raw) == [("doubtful", 2, "labels are all 'cat'")]


def in_splits(*examples: tuple[str, str]) -> RawBatch:
    """A batch of examples, given by split and label."""
    raw = batch([label for _, label in examples])
    for example, (split, _) in zip(raw.examples, examples, strict=True):
        example.split = split
    return raw


TRAINED = [("train", "cat"), ("train", "dog")] * 2


def test_inspect_names_classes_without_a_test_example() -> None:
    raw = in_splits(*TRAINED, ("test", "cat"))
    assert inspect._splits(raw, load().collect) == ["train"] * 4 + ["test"]
    what = "class has no example in the test split, which the batch chose"
    assert remarks(raw) == [("doubtful", 1, what)]
    raw = in_splits(("", "cat"), ("", "dog"))
    inspect._splits(raw, load().collect)
    assert remarks(raw) == []


def test_classes_that_no_training_example_has() -> None:
    raw = in_splits(*TRAINED, ("test", "cat"), ("test", "eel"), ("test", "eel"), ("validation", ""))
    doubts.remark(raw)
    what = "labels of the test split are of classes that no training example has"
    assert remarks(raw) == [("doubtful", 2, what)]
    assert "'eel'; correct them, " in raw.remarks[0].text()


@pytest.mark.parametrize(
    ("examples", "votes"),
    [
        ([*TRAINED, ("test", "cat")], []),
        ([("test", "cat"), ("test", "dog")] * 2, []),  # another batch has the training examples
        ([*TRAINED, ("train", ""), ("test", "eel")] * 2, [("4", "anna", "eel")]),
    ],
)
def test_classes_of_splits_that_are_known(examples: list, votes: list) -> None:
    raw = in_splits(*examples)
    raw.annotations = votes
    doubts.remark(raw)
    assert remarks(raw) == []


def timed(modality: str, **slices: str) -> RawBatch:
    raw = batch(ALTERNATING)
    raw.modality = modality
    for example in raw.examples[1:]:
        example.slices = slices
    return raw


def test_parts_of_sounds_that_are_not_cut_out() -> None:
    raw = timed("audio", Start="0.5", end="1.5")
    doubts.remark(raw)
    what = "sounds have columns for a start and an end, and all of the sound is read"
    assert remarks(raw) == [("doubtful", 39, what)]


@pytest.mark.parametrize(
    ("modality", "slices"),
    [
        ("image", {"start": "1", "end": "2"}),
        ("audio", {"start": "", "end": ""}),
        ("audio", {"duration": "2"}),
        ("audio", {"offset": "2"}),
    ],
)
def test_sounds_without_parts(modality: str, slices: dict[str, str]) -> None:
    raw = timed(modality, **slices)
    doubts.remark(raw)
    assert remarks(raw) == []


def test_copies_are_counted() -> None:
    raw = batch(["a", "b", "a", "b"])
    copies.remark(raw, ["x", "x", "y", "y"], [True, True, True, False])
    assert [(remark.action, remark.count, remark.example) for remark in raw.remarks] == [
        ("merged", 1, "1 of 0"),
        ("left out", 1, "3"),
    ]


def test_facts_in_one_line() -> None:
    raw = batch([*ALTERNATING, "eel", "fox", ""])
    raw.annotations = [("0", "anna", "cat")]
    facts = summary.facts(raw, ["train"] * 40 + ["test"] * 3)
    assert facts["labels_by_class"] == {"cat": 21, "dog": 20, "eel": 1, "fox": 1}
    assert facts["labels_by_person"] == {"anna": 1, "given": 42}
    assert summary.line(facts) == (
        "43 image examples, 4 classes (cat, dog, eel, …); 40 train, 3 test"
    )


def test_examples_without_a_label_are_counted() -> None:
    assert summary.facts(batch(ALTERNATING), ["train"] * 40)["unlabelled"] == 0
    raw = batch(["", "", "", "cat"])
    raw.annotations = [("0", "anna", "cat"), ("0", "bela", "dog")]
    facts = summary.facts(raw, ["train"] * 4)
    assert facts["unlabelled"] == 2
    told = "4 image examples (2 without a label), 2 classes (cat, dog); 4 train"
    assert summary.line(facts, 2) == told
    nobody = summary.facts(batch(["", ""]), ["train"] * 2)
    assert summary.line(nobody, 2) == "2 image examples, no labels; 2 train"


def test_the_remedy_for_names_that_say_no_label_fits_folders_too() -> None:
    raw = batch([*ALTERNATING, "None", "None"])
    doubts.remark(raw)
    assert "leave the label empty, or call the folder `unlabelled`" in raw.remarks[0].remedy


@pytest.mark.parametrize("missing", ["<NA>", "#N/A", "n.a.", "NULL"])  # of pandas, Excel, people
def test_labels_that_say_that_there_is_none_are_counted(missing: str) -> None:
    raw = batch([*ALTERNATING, *[missing] * 13])
    doubts.remark(raw)
    what = "labels are of classes whose names say that there is no label"
    assert remarks(raw) == [("doubtful", 13, what)]
    assert raw.remarks[0].example == f"{missing!r} (13)"
    named = batch([*ALTERNATING, *["missing", "pending", "Error"] * 13])
    doubts.remark(named)
    assert remarks(named) == []


def test_names_that_may_be_classes() -> None:
    for labels in (["0 - none", "1 - mild", "2 - severe"], ["todo", "bug"], ["old", "young"]):
        raw = batch(labels * 10)
        doubts.remark(raw)
        assert remarks(raw) == []


@pytest.mark.parametrize("missing", ["Not labeled", "0_unlabelled", "no-label", "N_A", "TBD"])
def test_words_for_no_label_count_without_marks(missing: str) -> None:
    raw = batch([*ALTERNATING, missing, missing])
    doubts.remark(raw)
    assert raw.remarks[0].example == f"{missing!r} (2)"


@pytest.mark.parametrize(
    ("others", "n"),
    [("0 1 2", 1), ("cat dog", 1), ("0 1", 0), ("0.0 1.0", 0), ("1", 0), ("-2 0 1 2", 0)],
)
def test_minus_one_is_no_label_unless_it_is_of_a_scale(others: str, n: int) -> None:
    raw = batch([*others.split(), "-1"] * 5)
    doubts.remark(raw)
    assert len(raw.remarks) == n


@pytest.mark.parametrize(("layout", "n"), [("a folder for each class", 1), ("a table", 0)])
def test_slashes_are_folders_only_where_there_are_folders(layout: str, n: int) -> None:
    raw = batch(["cat/owl", "dog/owl"] * 20)
    raw.layout = layout
    doubts.remark(raw)
    what = "folder name is found in several folders, and is taken for several classes"
    assert sum(remark.what == what for remark in raw.remarks) == n


def test_a_label_that_a_person_replaced_is_not_counted() -> None:
    raw = batch(ALTERNATING)
    labels = [
        ("0", "anna", "cat"),
        ("0", "anna", "dog"),
        ("0", "bela", "cat"),
        ("1", "anna", "cat"),
    ]
    raw.annotations = labels
    facts = summary.facts(raw, ["train"] * 40)
    assert facts["labels_by_person"] == {"anna": 2, "bela": 1, "given": 40}


def test_columns_that_may_mean_something_else() -> None:
    raw = batch(["a", "b"] * 10)
    raw.payload = pa.table({"x": [1.0, None] * 10, "Fold": ["1", ""] * 10, "rater": ["p", ""] * 10})
    doubts.remark(raw)
    assert [(remark.count, remark.example) for remark in raw.remarks] == [
        (1, "'Fold'"),
        (1, "'rater'"),
        (10, ""),
    ]
    raw = batch(["a", "b"] * 10)
    raw.examples[0].slices = {"site": "x", "is_test": "1"}
    doubts.remark(raw)
    assert [remark.example for remark in raw.remarks] == ["'is_test'"]


@pytest.mark.parametrize(
    "name", ["Worker_ID", "annotated_by", "rater_id", "coder", "workerid", "rater_2"]
)
def test_columns_that_annotations_csv_would_take_for_people(name: str) -> None:
    raw = batch(["a", "b"] * 10)
    raw.examples[0].slices = {"site": "x", "user": "y", name: "1"}
    doubts.remark(raw)
    assert [remark.example for remark in raw.remarks] == [repr(name)]


def test_names_that_may_be_no_classes_or_one_person() -> None:
    raw = batch(["cat", "dog", "masks", "Backup"] * 5)
    raw.layout = media_files.FOLDERS
    raw.annotations = [("0", name, "cat") for name in ("Anna", "anna", "bela", "bela")]
    doubts.remark(raw)
    assert [(remark.count, remark.example) for remark in raw.remarks] == [
        (1, "'Anna' and 'anna'"),
        (2, "'Backup'"),
    ]


@pytest.mark.parametrize(
    "names", [["1", "01", "1.0"], ["a_b", "a b", "A-B"], ["Cat", "cat "], ["cat", "cat\u200b"]]
)
def test_names_of_one_class(names: list[str]) -> None:
    assert class_names.look_alikes(names) == [sorted(names)]


@pytest.mark.parametrize("names", [["1", "-1", "10"], ["1-2", "12"], ["1.1", "1.10"], ["a", "b"]])
def test_names_of_several_classes(names: list[str]) -> None:
    assert class_names.look_alikes(names) == []


def in_folders(*keys: str) -> RawBatch:
    examples = [Example(key, "", key.rpartition("/")[0]) for key in keys]
    return RawBatch("image", examples, np.zeros(0), set(), layout="a folder for each class")


@pytest.mark.parametrize(
    ("classes", "guessed"),
    [
        (["benign/p1", "benign/p2", "malignant/p3", "malignant/p4"], 4),
        (["benign/p1", "benign/p2", "malignant"], 0),
        (["benign/p1", "benign/p2", "malignant/p3"], 0),
        (["cat", "dog"], 0),
    ],
)
def test_folders_inside_those_that_may_be_the_classes(classes: list[str], guessed: int) -> None:
    raw = in_folders(*(f"{name}/{row}.png" for name in classes for row in range(2)))
    doubts.remark(raw)
    said = [("guessed", 4, "classes are folders inside 2 outer folders")]
    assert remarks(raw) == (said if guessed else [])


def test_masks_beside_their_pictures_are_told() -> None:
    keys = [
        f"{name}/{name} ({row}){end}.png"
        for name in "ab"
        for row in range(3)
        for end in ("", "_mask")
    ]
    raw = in_folders(*keys, "a/a (1)_mask_1.png", "b/carnival_mask.png")
    doubts.remark(raw)
    what = "files are named as masks of other files, and are examples too"
    assert remarks(raw) == [("doubtful", 7, what)]
    sounds = in_folders("a/1.wav", "a/1_seg_1.wav", "b/2.wav", "b/2_seg_1.wav")
    sounds.modality = "audio"
    doubts.remark(sounds)
    assert remarks(sounds) == []
