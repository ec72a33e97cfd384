"""What `inspect` says of a batch that lacks what later stages need."""

import pytest

from assay.collecting import votes as collected
from assay.inspection import needs
from assay.layouts.raw_batch import Example, RawBatch

TRAIN, TEST = "train", "test"


def said(
    rows: list[tuple[str, str]],
    votes: list[tuple[str, str, str]] = (),
    truth: list[tuple[str, str]] = (),
    *,
    ids: str | None = None,
    by_content: bool = True,
    smallest: int = 2,
) -> list[str]:
    """The remarks on rows of a label and a split, whose keys are `0`, `1` and so on."""
    keys = [str(number) for number in range(len(rows))]
    examples = [Example(key, key, label) for key, (label, _) in zip(keys, rows, strict=True)]
    raw = RawBatch("table", examples, [], set(), list(votes), list(truth))
    splits = [split for _, split in rows]
    voted = collected.votes(raw, dict(zip(keys, ids or keys, strict=True)))
    lacking = needs.lacking(raw, voted, ids or keys, splits, smallest, by_content=by_content)
    return [remark.text() for remark in lacking]


def test_nothing_is_said_of_a_batch_that_has_all() -> None:
    assert said([("a", TRAIN), ("b", TRAIN)] * 2 + [("a", TEST)]) == []


@pytest.mark.parametrize("unlabelled", [[], [("", TEST)]])
def test_a_labelled_test_example_is_needed(unlabelled: list) -> None:
    rows = [("a", TRAIN), ("b", TRAIN)] * 2
    (remark,) = said(rows + unlabelled)
    assert remark.startswith("4 examples have a label, and none of them is in the test split; ")
    assert said(rows, by_content=False) == []
    key = str(len(rows))
    assert said([*rows, ("", TEST)], truth=[(key, "a")]) == []
    assert said([*rows, ("", TEST)], votes=[(key, "anna", "a")]) == []


def test_a_class_needs_examples_to_learn_from() -> None:
    rows = [("a", TRAIN), ("a", ""), ("b", TRAIN), ("b", TEST), ("c", TRAIN)]
    few = "classes have fewer than 2 examples to learn from, for example 'b'; clean stops: "
    (remark,) = said(rows)
    assert remark.startswith(f"2 {few}")
    assert said([*rows[:3], ("a", TEST)]) == []  # `doubts` tells of a class with one label
    (remark,) = said([*rows[:3], ("b", TRAIN), ("a", TEST)], ids="aabbe")
    assert remark.startswith("2 classes have fewer than 2")  # exact copies
    assert len(said([("a", TRAIN)] * 3 + [("b", TRAIN)] * 2 + [("a", TEST)], smallest=3)) == 1


def test_a_label_that_others_contradict_may_be_no_class() -> None:
    rows = [("", TRAIN)] * 3 + [("a", TRAIN), ("b", TRAIN), ("b", TEST)]
    votes = [(key, person, "b") for key in "012" for person in ("anna", "bela")]
    votes += [("0", "carl", "a"), ("1", "carl", "c")]
    assert said(rows, votes) == []
    votes = [("0", "anna", "a"), ("1", "anna", "b"), ("2", "anna", "c"), ("2", "bela", "c")]
    (remark,) = said(rows, votes)
    assert remark.startswith("1 class has fewer than 2 examples to learn from: 'c'")


def test_two_classes_are_needed_outside_the_test_split() -> None:
    rows = [("a", TRAIN)] * 3 + [("b", TEST)]
    (remark,) = said(rows)
    two = "a classifier needs two classes: add examples, or give a column `split`"
    assert remark == f"3 labels lie outside the test split, all of 'a'; {two}"
    (remark,) = said([("a", TRAIN), ("b", TEST), ("b", TEST)])
    assert remark == f"1 label lies outside the test split, all of 'a'; {two}"
    assert said([("a", TRAIN), ("a", TRAIN), ("a", TEST)]) == []  # `doubts` tells it


def test_of_several_labels_by_one_person_the_last_counts_as_in_collect() -> None:
    rows = [("", TRAIN)] * 4 + [("a", TEST)]
    votes = [(key, "anna", label) for key, label in zip("0123", "aabb", strict=True)]
    assert said(rows, [("0", "anna", "c"), *votes]) == []
