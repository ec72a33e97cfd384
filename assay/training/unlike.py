"""How unlike the training data an example looks: a second output of the released graph.

It is a sum of distances. Each is divided by its spread on held-out examples.
1. The angle between the logits and the mean direction of the logits of the nearest class.
2. The Mahalanobis distance of the features from the nearest class (Lee et al. 2018: A Simple
   Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks. NeurIPS).
3. The angle between the whitened features and those of the nearest one of some training examples.
4. Only for features as wide as n-grams, instead of 2 and 3: the doubt about the predicted class
   (Hendrycks and Gimpel 2017: A Baseline for Detecting Misclassified and OOD Examples. ICLR).

Here the class of a training example is the predicted one, so wrong labels do no harm. The output is
the share of held-out examples whose sum is at most as large as the sum of this example.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from onnx import TensorProto
from scipy.linalg import solve_triangular

from assay.contract.errors import InputError, counted, say
from assay.contract.inference import UNLIKE, Model
from assay.contract.sampling import step_for
from assay.training import onnx_graph
from assay.training.classifier import LabelledExamples, Trained
from assay.training.onnx_graph import EVIDENCE, Graph, rounded

_MEANING = {
    "validation": "share of held-out examples that look no more unlike the training data than this"
    " one",
    "train": "share of some training examples that look no more unlike the others than this one",
}
_SAMPLE = 4000  # examples of a split that are looked at
_LEAST = 40  # validation examples; with fewer, the distribution is that of training examples
_STORED = 1000  # the graph holds the features of so many training examples
_WIDTH = 256  # features; more are projected to so many
_RIDGE = 0.1  # of the mean variance, added to each
# all vectors get this part of the usual length in an added direction: so short vectors differ from
# long ones
_SHORT = 0.5
_TAIL = 10  # so many most unusual held-out examples determine the tail of the distribution
_KNOTS = 65  # of the distribution, until its tail
_TAIL_KNOTS = 28  # in its tail
_TINY = 1e-4  # least spread of a distance


def attach(
    trained: Trained,
    train: LabelledExamples,
    checked: LabelledExamples,
    n_classes: int,
    **runtime: Any,
) -> tuple[bytes, dict[str, Any]]:
    """The graph of a classifier with `unlike` (n,) 0..1 in place of `evidence`.

    Parameters
    ----------
    trained : a classifier
    train : the examples that are usual
    checked : validation examples; if there are fewer than 40, every second training example is
        held out instead, from this output only
    n_classes : of the probabilities
    runtime : `portable` and `threads`, see `inference.Model`

    Returns
    -------
    tuple
        The graph; and for people: what the output means, and on how many examples of which split it
        was calibrated.

    Raises
    ------
    InputError
        If the evidence is not finite.
    """
    model = Model(trained.before_validation, EVIDENCE, **runtime)
    usual = evidence(model, train)  # (n, width)
    if len(checked) < _LEAST:
        n_checked = counted(len(checked), "validation example")
        few = f"only {n_checked}" if len(checked) else "no validation example"
        instead = f"`unlike` is calibrated on {counted(len(usual) // 2, 'training example')}"
        remedy = "a larger collect.validation makes them more"
        say(f"{few}: {instead}, so new examples get too high values; {remedy}")
        split = "train"
        held_out = usual[1::2]
        usual = usual[::2]
    else:
        split = "validation"
        held_out = evidence(model, checked)
    graph = _distances(usual, n_classes, onnx_graph.opset_of(trained.onnx))
    evidence_type = (TensorProto.FLOAT, usual.shape[1:])
    distances = graph.serialised(UNLIKE, evidence_type, outputs=["distances"])
    measured = Model(distances, **runtime)(held_out)  # (n, distances)
    middle, high = np.quantile(measured, [0.5, 0.9], axis=0)
    weights = rounded(1 / np.maximum(high - middle, _TINY))[:, None]  # (distances, 1)
    _calibrate(graph, graph("MatMul", "distances", weights), (measured @ weights)[:, 0])
    share_type = (TensorProto.FLOAT, 1)
    share = graph.serialised(UNLIKE, evidence_type, outputs=[UNLIKE], output_type=share_type)
    whole = onnx_graph.with_replaced_output(trained.onnx, share, EVIDENCE)
    return whole, {"meaning": _MEANING[split], "held_out": len(held_out), "split": split}


def evidence(model: Model, examples: LabelledExamples) -> np.ndarray:
    """The evidence of examples, evenly spread if there are many. Shape (n, width), float32.

    Raises
    ------
    InputError
        If a value is not finite.
    """
    step = step_for(len(examples), _SAMPLE)
    values = model.over(_every(examples.read(), step))
    if not np.isfinite(values).all():
        raise InputError("the classifier's logits are not finite: lower train.learning_rate")
    return values


def _every(blocks: Iterable[np.ndarray], step: int) -> Iterator[np.ndarray]:
    """The first of every `step` rows of blocks."""
    start = 0  # in the next block
    for block in blocks:
        if start < len(block):
            yield block[start::step]
        start = (start - len(block)) % step


def _distances(usual: np.ndarray, n_classes: int, opset: int) -> Graph:
    """A graph from evidence to `distances`: how far it is from the usual evidence (n, width)."""
    graph = Graph(opset)
    values, features = np.split(usual.astype(np.float64), [n_classes], axis=1)
    classes, predicted = np.unique(values.argmax(axis=1), return_inverse=True)
    members = np.eye(len(classes))[predicted]  # (n, classes)
    members /= members.sum(axis=0)  # the share of each example in the mean of its class
    logits = graph("Slice", "payload", [0], [n_classes], [1])
    distances = [_angle(graph, logits, values, members)]
    if not features.shape[1]:
        distances.append(_doubt(graph, logits))
    else:
        x = graph("Slice", "payload", [n_classes], [usual.shape[1]], [1])
        mean, whitening = _whitening(features, members, predicted)
        x = graph("MatMul", graph("Sub", x, mean), whitening)  # (n, width)
        whitened = (features - mean) @ whitening
        sampled = np.random.default_rng(0).permutation(len(usual))[:_STORED]
        distances.append(_length(graph, x, whitened, members))
        distances.append(_angle(graph, x, whitened[sampled]))
    graph("Concat", *distances, axis=1, output="distances")
    return graph


def _whitening(
    features: np.ndarray, members: np.ndarray, predicted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean (width,) of features, and a matrix that makes their variance within classes equal.

    The matrix (width, at most 256) first projects wide features at random. A Cholesky factor is the
    same on every processor, up to rounding; eigenvectors are not. So `measures.outliers`,
    `encoders.patches` and `annotation.whitening` whiten in other ways.
    """
    mean = rounded(features.mean(axis=0), alike=True)
    width = features.shape[1]
    if width <= _WIDTH:
        projection = np.eye(width)
    else:
        directions = np.random.default_rng(0).standard_normal((width, _WIDTH), np.float32)
        projection = directions.astype(np.float64) / np.sqrt(_WIDTH)
    projected = (features - mean) @ projection  # (n, projected)
    within = projected - (members.T @ projected)[predicted]
    covariance = within.T @ within / len(within)  # (projected, projected)
    ridge = max(_RIDGE * np.trace(covariance) / len(covariance), _TINY**2)
    factor = np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
    return mean, rounded(solve_triangular(factor, projection.T, lower=True).T, alike=True)


def _length(graph: Graph, x: str, values: np.ndarray, members: np.ndarray) -> str:
    """Add the distance of x (n, width) from the nearest class mean of values. Shape (n, 1)."""
    centres = rounded(members.T @ values, alike=True)  # (classes, width)
    closeness = graph("MatMul", x, 2 * centres.T)
    closeness = graph("Sub", closeness, rounded(np.square(centres).sum(axis=1), alike=True))
    nearest = graph.reduced("ReduceMax", closeness, [1])
    return graph("Sqrt", graph("Max", graph("Sub", _square(graph, x), nearest), 0.0))


def _angle(graph: Graph, x: str, values: np.ndarray, groups: np.ndarray | None = None) -> str:
    """Add 1 - cosine of x (n, width) and the nearest direction of values, or of their groups.

    Its shape is (n, 1). `groups` (values, groups) has the share of each value in the mean of a
    group.
    """
    square = float(rounded(_SHORT**2 * np.square(values).sum(axis=1).mean() + _TINY))
    longer = np.insert(values, 0, np.sqrt(square), axis=1)
    directions = longer / np.linalg.norm(longer, axis=1, keepdims=True)
    if groups is not None:
        means = groups.T @ directions
        directions = means / np.linalg.norm(means, axis=1, keepdims=True)
    directions = rounded(directions, alike=True)  # (directions, 1 + width)
    product = graph("MatMul", x, directions[:, 1:].T)
    product = graph("Add", product, directions[:, 0] * np.sqrt(square))
    length = graph("Sqrt", graph("Add", _square(graph, x), square))
    return graph("Sub", 1.0, graph("Div", graph.reduced("ReduceMax", product, [1]), length))


def _square(graph: Graph, x: str) -> str:
    return graph.reduced("ReduceSum", graph("Mul", x, x), [1])


def _doubt(graph: Graph, logits: str) -> str:
    """Add minus the logarithm of the largest probability. Shape (n, 1)."""
    below = graph("Sub", logits, graph.reduced("ReduceMax", logits, [1]))
    return graph("Log", graph.reduced("ReduceSum", graph("Exp", below), [1]))


def _calibrate(graph: Graph, x: str, held_out: np.ndarray) -> None:
    """Add the share of held-out scores (n,) that are at most x (n, 1), as `unlike` (n,).

    Between its knots the distribution is linear. Its tail is exponential, with the mean of the ten
    largest scores. So a few held-out examples are enough to tell 0.99 from 0.999.
    """
    top = 1 - min(_TAIL / len(held_out), 0.5)
    levels = np.linspace(0, top, _KNOTS)
    knots = np.quantile(held_out, levels)
    excess = np.maximum(held_out - knots[-1], 0).mean() / (1 - top)
    steps = np.arange(1, _TAIL_KNOTS + 1) / 2
    levels = np.concatenate([levels, 1 - (1 - top) * np.exp(-steps)])
    levels[-1] = 1
    knots = rounded(np.concatenate([knots, knots[-1] + excess * steps]), alike=True)
    widths = np.maximum(np.diff(knots), _TINY**2)
    passed = graph("Clip", graph("Div", graph("Sub", x, knots[:-1]), widths), 0.0, 1.0)
    share = graph("MatMul", passed, np.diff(levels)[:, None])
    graph("Reshape", graph("Min", share, 1.0), [-1], output=UNLIKE)
