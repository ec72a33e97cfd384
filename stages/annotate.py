"""Put people's answers over the cleaned labels, pseudo-label what is certain, and queue what to ask next."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay import active_learning, answers, catalogue, dataset, parameters
from assay.catalogue import Catalogue
from assay.errors import run

NONE = -1  # the class of an example without a label


@dataclass
class Labels:
    """The label of each example of the catalogue, and where it is from."""

    label: np.ndarray  # (n,) int, index of the class, or NONE
    weight: np.ndarray  # (n,) 0..1, how much training heeds it
    source: np.ndarray  # (n,) consensus / corrected / human / pseudo


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read(dataset.listed())
    pred_probs, classes = dataset.read_probabilities(dataset.PRED_PROBS)
    answered = answers.read(examples, classes)
    labels = settled(dataset.read_csv(dataset.CLEANED_LABELS), answered, examples, classes)
    if params.pseudo_labels:
        add_pseudo_labels(labels, pred_probs, examples.splits != "test", params.pseudo_above)

    given = np.full(len(examples), NONE)
    judged = dataset.read_parquet(dataset.QUALITY, ["id", "given"])
    given[dataset.index_of(judged["id"], examples.ids)] = dataset.index_of(judged["given"], classes)
    asked = active_learning.rank(pred_probs, given, np.fromiter(answered, int), params.queue_length)

    test = examples.splits == "test"
    dataset.write_csv(
        dataset.ANNOTATED_LABELS, ["id", "label", "weight", "source"], rows(labels, ~test, examples, classes)
    )
    held_out = [(id_, label, source) for id_, label, _, source in rows(labels, test, examples, classes)]
    dataset.write_csv(dataset.TEST_LABELS, ["id", "label", "source"], held_out)
    dataset.write_csv(dataset.QUEUE, *queue(asked, given, pred_probs, examples, classes))


def settled(table: pa.Table, answered: dict[int, list[str]], examples: Catalogue, classes: list[str]) -> Labels:
    """The labels that cleaning left, with people's answers over them."""
    n = len(examples)
    labels = Labels(np.full(n, NONE), np.zeros(n), np.full(n, "", dtype=object))
    at = dataset.index_of(table["id"], examples.ids)
    labels.label[at] = dataset.index_of(table["label"], classes)
    labels.weight[at] = table["confidence"].to_numpy().astype(float)
    labels.source[at] = table["source"].to_numpy()
    for row, answer in answered.items():
        before = classes[labels.label[row]] if labels.label[row] != NONE else ""
        labels.label[row] = classes.index(answers.settle(answer, before))
        labels.weight[row], labels.source[row] = 1, "human"
    return labels


def add_pseudo_labels(labels: Labels, pred_probs: np.ndarray, allowed: np.ndarray, above: float) -> None:
    """Give unlabelled examples, where `allowed` (n,) bool, the predicted class from the probability `above` on."""
    confidence = pred_probs.max(axis=1)
    certain = allowed & (labels.label == NONE) & (confidence >= above)
    labels.label[certain] = pred_probs.argmax(axis=1)[certain]
    labels.weight[certain], labels.source[certain] = confidence[certain], "pseudo"


def rows(labels: Labels, chosen: np.ndarray, examples: Catalogue, classes: list[str]) -> list[tuple[str, ...]]:
    """id, label, weight and source of the chosen examples (n,) bool that have a label, by id."""
    at = np.flatnonzero(chosen & (labels.label != NONE))
    ids = examples.ids.take(pa.array(at)).to_pylist()
    names = [classes[label] for label in labels.label[at]]
    weights = [f"{weight:.4f}" for weight in labels.weight[at]]
    return sorted(zip(ids, names, weights, labels.source[at], strict=True))


def queue(
    asked: np.ndarray, given: np.ndarray, pred_probs: np.ndarray, examples: Catalogue, classes: list[str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Header and rows of queue.csv, best first; `asked` are rows of the catalogue."""
    keys = catalogue.keys(examples)
    gain = active_learning.gain(pred_probs, given)
    header = ["id", "batch", "key", "split", "given", "suggested", "gain", "why"]
    lines = []
    for row in asked:
        first, second = (classes[index] for index in np.argsort(-pred_probs[row], kind="stable")[:2])
        label = "" if given[row] == NONE else classes[given[row]]
        why = f"the label {label} is doubtful" if label else f"no label; it may be {first} or {second}"
        batch = examples.batches[examples.batch[row]]
        side = examples.splits[row]
        lines.append((examples.ids[row].as_py(), batch, keys[row], side, label, first, f"{gain[row]:.4f}", why))
    return header, lines


if __name__ == "__main__":
    run(main)
