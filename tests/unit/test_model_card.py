"""The model card: what it says of probabilities and scores."""

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


def card(info: dict) -> str:
    """A card, in one line."""
    encoder = {"elsewhere": False, "method": "columns"}
    return " ".join(model_card.write(info, encoder, ["b"], METRICS, []).split())


@pytest.mark.parametrize("balanced", [False, True])
def test_probabilities_of_balanced_weights_are_not_called_calibrated(balanced: bool) -> None:
    said = card(INFO | ({"class_shares": [0.1, 0.9]} if balanced else {}))
    assert ("Its probabilities are calibrated by a temperature of 1.50." in said) != balanced
    assert ("not calibrated" in said) == balanced
    assert ("`class_shares` of `model.json`" in said) == balanced
