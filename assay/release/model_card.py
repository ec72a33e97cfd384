"""The model card: what a model is, what it learned from, and its scores (Mitchell et al. 2019)."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assay.contract.escaping import code, markdown
from assay.contract.rounding import rounded

# The packages that a model depends on.
PACKAGES = ("tensorflow", "keras", "onnxruntime", "cleanlab", "scikit-learn", "numpy")

_TRAINING = {
    "encoder": "The network was trained from that encoder's weights; number of epochs: {epoch}",
    "scratch": "The network was trained from random weights; number of epochs: {epoch}",
    "frozen": "That encoder was kept as it is, and a linear classifier fitted on what it gives",
}
_BOTH_SPLITS = ", at last on the training and the validation examples together"
_UNJUDGED = (
    ";\n  labels could not be judged: no classifier predicts them better than the class frequencies"
)
_LOWEST = 5  # classes whose recall is shown
_CALIBRATED = "Its probabilities are calibrated by a temperature of {temperature:.2f}."
_UNCALIBRATED = "Its probabilities are not calibrated, since no validation example has a label."
_BALANCED = (
    "It learned from classes of equal total weight. So its probabilities are not calibrated: they\n"
    "are those of classes that are equally frequent, too high for rare ones. To correct them,\n"
    "multiply each by the share of its class, as in `class_shares` of `model.json`, and divide by\n"
    "their sum. The scores below are of the probabilities as they are. Their temperature is\n"
    "{temperature:.2f}."
)
_HELD_OUT = {
    "validation": "validation examples.",
    "train": "training examples. It learned from these, so the value is too high for new ones.",
}
Values = dict[str, Any]  # of a JSON file


def write(
    info: Values,
    encoder: Values,
    batches: list[str],
    metrics: dict[str, Values],
    sources: Iterable[str],
    *,
    by_class: Sequence[Values],
    left_out: tuple[int, int],
) -> str:
    """The card, as Markdown: model_card.md, filled in.

    Parameters
    ----------
    info : what the released model takes and gives, as in release/model.json
    encoder : the content of models/encoder/encoder.json
    batches : the names of the listed batches
    metrics : of the stages `clean`, `train` and `evaluate`
    sources : where each used label comes from, with those of test examples; see `annotate`
    by_class : the rows of metrics/classes.csv
    left_out : how many examples cleaning left out because of their labels, and how many because of
        other findings; the second ones may have no label
    """
    pretrained = encoder["elsewhere"]
    learned = "was learned without labels, by the method"
    probabilities = _CALIBRATED if metrics["train"]["validation_examples"] else _UNCALIBRATED
    if "class_shares" in info:
        probabilities = _BALANCED
    training = _TRAINING[metrics["train"]["start"]].format(**metrics["train"])
    if "validation" in info.get("learned_splits", ()):
        training += _BOTH_SPLITS
    of_labels, of_findings = left_out
    others = f", {of_findings} of them for other findings than their labels" if of_findings else ""
    words = {
        "shape": " × ".join(map(str, info["shape"])) or "of any length",
        "n_classes": len(info["classes"]),
        "classes": ", ".join(map(markdown, info["classes"])),
        "batches": ", ".join(batches),
        "left_out": f"{of_labels + of_findings}{others}",
        "unjudged": _UNJUDGED if "no_classifier_predicts" in metrics["clean"] else "",
        "n_labelled": sum(source != "pseudo" for source in sources),
        "method": code(encoder["method"]),
        "origin": "comes from elsewhere," if pretrained else learned,
        **_true_accuracy(metrics["evaluate"]),
        **_of_classes(info["classes"], by_class),
        "known_truth": _percent(metrics["evaluate"]["test_truth_share"]),
        "test_doubts": metrics["evaluate"].get("test_doubts", 0),
        "held_out": _HELD_OUT[info["unlike"]["split"]],
        "training": training,
        "probabilities": probabilities.format(**metrics["train"]),
    }
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return template.format(info=info, encoder=encoder, **metrics, **words)


def _percent(share: float) -> str:
    """A share in percent, as in the report: a very small one is `<0.1%`, not 0.0%."""
    percent = rounded(share, 1, 100)
    return "<0.1%" if share and not percent else f"{percent}%"


def baseline(by_class: Sequence[Values]) -> float:
    """The accuracy of always naming the most frequent class of the test labels.

    Parameters
    ----------
    by_class : the rows of metrics/classes.csv
    """
    counts = [int(row["test_examples"]) for row in by_class]
    return max(counts) / sum(counts)


def lowest_recall_first(by_class: Sequence[Values]) -> list[Values]:
    """The rows of classes with a test example; of equal recalls, first those with most examples."""
    tested = [row for row in by_class if int(row["test_examples"])]
    return sorted(
        tested, key=lambda row: (float(row["recall"]), -int(row["test_examples"]), row["label"])
    )


def _of_classes(classes: list[str], by_class: Sequence[Values]) -> Values:
    """The accuracy of always naming the most frequent class, and the classes of lowest recall."""
    # the first rows are the model's classes; in the file, an apostrophe may stand before a name
    names = [*classes[: len(by_class)], *[row["label"] for row in by_class[len(classes) :]]]
    named = [row | {"label": name} for row, name in zip(by_class, names, strict=True)]
    tested = lowest_recall_first(named)
    shown = [
        f"{markdown(row['label'])}: {float(row['recall']):.4f} ({row['test_examples']})"
        for row in tested[:_LOWEST]
    ]
    n_never = sum(float(row["recall"]) == 0 for row in tested)
    return {
        "baseline": baseline(by_class),
        "lowest_recall": ", ".join(shown),
        "never_found": f" Classes that are never found: {n_never:,}." if n_never else "",
    }


def _true_accuracy(evaluate: Values) -> dict[str, str]:
    """A row of the table of scores and a note on it; "" if no test example has a person's label."""
    if "accuracy_true" not in evaluate:
        return {"true_accuracy": "", "on_true_accuracy": ""}
    interval = "{accuracy_true_low:.4f} to {accuracy_true_high:.4f}".format(**evaluate)
    value = f"{evaluate['accuracy_true']:.4f}"
    row = f"| accuracy against true labels, estimated | {value} | {interval} |\n"
    note = " The accuracy against true labels is an estimate: it allows for wrong test labels."
    return {"true_accuracy": row, "on_true_accuracy": note}
