"""The model card: what it says of probabilities and scores."""

from collections.abc import Sequence

import pytest

from assay.release import model_card

NUMBERS = dict.fromkeys(("accuracy", "macro_f1", "log_loss", "calibration_error"), 0.5)
ENDS = {f"{key}_{end}": 0.5 for key in NUMBERS for end in ("low", "high")}
METRICS = {
    "clean": dict.fromkeys(("examples", "relabel", "drop", "review"), 1),
    "train": {
        "train_examples": 1,
        "validation_examples": 1,
        "temperature": 1.5,
        "epoch": 1,
        "start": "frozen",
    },
    "evaluate": NUMBERS | ENDS | {"test_examples": 1, "test_truth_share": 1.0},
}
INFO = {
    "modality": "table",
    "shape": [3],
    "classes": ["fraud", "ok"],
    "labels": "0",
    "unlike": {"held_out": 50, "split": "validation"},
}


ROWS = (("fraud", 0.1, 20), ("ok", 0.9, 80))  # class, recall, number of test examples


def card(
    info: dict,
    rows: Sequence[tuple[str, float, int]] = ROWS,
    *,
    validation_examples: int = 1,
    left_out: tuple[int, int] = (0, 0),
) -> str:
    """A card, in one line."""
    encoder = {"elsewhere": False, "method": "columns"}
    by_class = [
        {"label": name, "recall": f"{recall:.4f}", "test_examples": str(n)}
        for name, recall, n in rows
    ]
    train = METRICS["train"] | {"validation_examples": validation_examples}
    tables = {"by_class": by_class, "left_out": left_out}
    text = model_card.write(info, encoder, ["b"], METRICS | {"train": train}, [], **tables)
    return " ".join(text.split())


def test_labels_that_nothing_predicts_are_said_to_be_unjudged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "labels for review: 1; labels could not be judged: no classifier predicts them better"
    assert said not in card(INFO)
    monkeypatch.setitem(METRICS, "clean", METRICS["clean"] | {"no_classifier_predicts": 1})
    assert f"{said} than the class frequencies - examples for training" in card(INFO)


@pytest.mark.parametrize("balanced", [False, True])
def test_probabilities_of_balanced_weights_are_not_called_calibrated(balanced: bool) -> None:
    said = card(INFO | ({"class_shares": [0.1, 0.9]} if balanced else {}))
    assert ("Its probabilities are calibrated by a temperature of 1.50." in said) != balanced
    assert ("not calibrated" in said) == balanced
    assert ("`class_shares` of `model.json`" in said) == balanced


def test_without_validation_labels_probabilities_are_not_called_calibrated() -> None:
    said = card(INFO, validation_examples=0)
    assert "not calibrated, since no validation example has a label. ##" in said
    assert "temperature" not in said


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ((30, 0), "examples left out: 30, labels"),
        (
            (30, 40),
            "examples left out: 70, 40 of them for other findings than their labels, labels",
        ),
    ],
)
def test_examples_left_out_are_one_number_with_or_without_a_label(
    left_out: tuple[int, int], told: str
) -> None:
    assert told in card(INFO, left_out=left_out)


@pytest.mark.parametrize(
    ("share", "told"), [(1.0, "100.0%"), (0.004329, "0.4%"), (1 / 2310, "<0.1%"), (0.0, "0.0%")]
)
def test_a_known_truth_is_never_called_none(
    monkeypatch: pytest.MonkeyPatch, share: float, told: str
) -> None:
    monkeypatch.setitem(METRICS, "evaluate", METRICS["evaluate"] | {"test_truth_share": share})
    assert f". {told} of them are scored against a known truth" in card(INFO)


def test_it_is_said_what_chose_the_test_examples_and_sets_the_level() -> None:
    said = card(INFO)
    assert "by the data's own split, or by the parameter `collect.split_by`: a hash, or" in said
    assert "The level of the intervals is the parameter `evaluate.confidence`." in said


def test_it_is_said_who_doubts_test_labels() -> None:
    assert "that this model and the other examples doubt: 0." in card(INFO)


def test_a_last_fit_on_both_splits_is_said() -> None:
    last = "at last on the training and the validation examples together."
    assert last in card(INFO | {"learned_splits": ["train", "validation"]})
    assert "at last" not in card(INFO)


def test_the_accuracy_is_beside_that_of_the_most_frequent_class() -> None:
    said = card(INFO)
    baseline = "accuracy of always naming the most frequent class of the test labels"
    assert f"| {baseline} | 0.8000 | |" in said
    assert "that is found (number of these): fraud: 0.1000 (20), ok: 0.9000 (80). ##" in said


def test_classes_that_are_hardly_found_are_named() -> None:
    names = ["=a", *"bcdefgh"]
    recalls = [0, 0.5, 0, 0.6, 1, 0, 0.7, 0]
    counts = [3, 4, 0, 9, 9, 9, 9, 9]
    rows = [*zip(["'=a", *names[1:]], recalls, counts, strict=True), ("unlearned", 0, 5)]
    said = card(INFO | {"classes": names}, rows)
    never = "f: 0.0000 (9), h: 0.0000 (9), unlearned: 0.0000 (5), `=a`: 0.0000 (3)"
    assert f"(number of these): {never}, b: 0.5000 (4). Classes that are never found: 4." in said
