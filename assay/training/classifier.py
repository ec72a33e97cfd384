"""A classifier: the labelled examples that it learns from, and the result of its training."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

# the stage clean may doubt labels from these sources; people's answers and pseudo-labels stay as is
JUDGED = ("consensus", "corrected")
_TINY = 1e-9


@dataclass
class LabelledExamples:
    """Examples of one split, with their labels.

    Attributes
    ----------
    ids : (n,) str
    codes : (n,) int, the class of each
    weights : (n,) how much each counts: 0..1; `balanced` ones may be larger
    targets : what the loss compares a network's output with: the codes, or (n, classes)
        probabilities
    read : reads the payloads, in blocks
    """

    ids: np.ndarray
    codes: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    read: Callable[[], Iterable[np.ndarray]]

    def __len__(self) -> int:
        return len(self.codes)

    def balanced(self) -> "LabelledExamples":
        """The same examples; the weights of each class have the same sum."""
        return replace(self, weights=balanced_weights(self.codes, self.weights))


@dataclass
class Trained:
    """A trained classifier.

    Attributes
    ----------
    onnx : the graph from `payload` to `probabilities` and `evidence`
    before_validation : the graph that was fitted on training examples only, so that validation
        examples are new to it. It is `onnx` itself in two cases: `onnx` was not fitted on
        validation examples, or a class has validation examples only
    curve : the scores of each epoch
    scores : the scores of the epoch whose weights were kept
    temperature : the graph divides logits by it
    learned_validation : whether `onnx` was fitted on the validation examples too
    """

    onnx: bytes
    before_validation: bytes
    curve: list[dict[str, float]]
    scores: dict[str, float]
    temperature: float
    learned_validation: bool = False


def balanced_weights(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights with the same sum for each class that has examples, and the same sum overall.

    Parameters
    ----------
    codes : (n,) int
    weights : (n,) 0..1

    Returns
    -------
    np.ndarray of shape (n,)
    """
    class_sums = np.bincount(codes, weights)  # (classes,)
    class_sum = weights.sum() / np.count_nonzero(class_sums)
    return weights * class_sum / np.maximum(class_sums, _TINY)[codes]


def soft_labels(
    examples: pd.DataFrame, alternatives: pd.DataFrame, classes: list[str]
) -> np.ndarray:
    """The probability of each class. A judged label gives a part of its own to its alternatives.

    Parameters
    ----------
    examples : id, code and source of each label
    alternatives : from the stage clean: id, label and confidence of other classes of an example
    classes : names of the classes, in the order of the codes

    Returns
    -------
    np.ndarray of shape (n, classes), float32
    """
    codes = examples["code"].to_numpy()
    probabilities = np.eye(len(classes), dtype=np.float32)[codes]
    judged = examples["id"][examples["source"].isin(JUDGED)]
    of_judged = alternatives["id"].isin(judged) & alternatives["label"].isin(classes)
    alternatives = alternatives[of_judged]
    rows = pd.Index(examples["id"]).get_indexer(alternatives["id"])
    others = pd.Index(classes).get_indexer(alternatives["label"])
    confidence = alternatives["confidence"].astype(np.float32)
    probabilities[rows, others] = confidence
    np.subtract.at(probabilities, (rows, codes[rows]), confidence)
    return probabilities
