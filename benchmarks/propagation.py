"""What each setting of label propagation does: MNIST's 60,000 training images, 10 labels per class,
five draws.

python -m benchmarks.propagation

Scores are of the training images without a label. The settings were chosen with this benchmark. No
test image is used.
"""

import statistics
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

from assay.annotation import propagation, whitening
from assay.cleaning import noise_layer
from assay.measures import leave_one_out
from benchmarks.queue_order import embeddings
from benchmarks.workspace import machine, row

LABELS, SEEDS = 10, range(100, 105)  # labels of each class
SETTINGS = {
    "as it is": {},
    "principal components, not whitened": {"whitening._FLOOR": 1e6},
    "32 components": {"whitening._DIMENSIONS": 32},
    "128 components": {"whitening._DIMENSIONS": 128},
    "4 neighbours": {"propagation._NEIGHBOURS": 4},
    "15 neighbours": {"propagation._NEIGHBOURS": 15},
    "0.9 from neighbours": {"propagation._SPREAD": 0.9},
    "0.999 from neighbours": {"propagation._SPREAD": 0.999},
    "20 steps": {"propagation._STEPS": 20},
    "200 steps": {"propagation._STEPS": 200},
}


@contextmanager
def constants(changes: dict[str, float]):
    """Other values of some modules' constants, for a while."""
    places = {name: (globals()[name.split(".")[0]], name.split(".")[1]) for name in changes}
    kept = {name: getattr(*place) for name, place in places.items()}
    for values in (changes, kept):
        for name, value in values.items():
            setattr(*places[name], value)
        if values is changes:
            yield


def draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Labels of LABELS examples of each class, and -1 for the others."""
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = np.concatenate([order[labels[order] == each][:LABELS] for each in range(10)])
    known = np.full(len(labels), -1)
    known[chosen] = labels[chosen]
    return known


def ridge(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Probabilities by the ridge classifier alone, as `confident` takes them."""
    chosen = np.flatnonzero(known >= 0)
    model = leave_one_out.fit([points[chosen]], known[chosen], 10)
    return noise_layer.fit([model.scores], known[chosen]).pred_probs([model.predict(points)])


def report(name: str, predict: Callable, labels: np.ndarray) -> None:
    accuracies, confidences = [], []
    for seed in SEEDS:
        known = draw(labels, seed)
        pred_probs = predict(known)[known < 0]
        accuracies.append(float(np.mean(pred_probs.argmax(axis=1) == labels[known < 0])))
        confidences.append(float(pred_probs.max(axis=1).mean()))
    row(
        name,
        *(f"{each(accuracies):.4f}" for each in (statistics.median, min)),
        f"{statistics.median(confidences):.3f}",
    )


def main() -> None:
    points, labels, test = embeddings()
    points, labels = points[~test], labels[~test]
    print(f"# {machine()}\n")
    row("labels by", "median accuracy", "worst", "mean confidence")
    row(*["---"] * 4)
    report("ridge on the 100 labels", lambda known: ridge(points, known), labels)
    for name, changes in SETTINGS.items():
        with constants(changes):
            neighbours = propagation.nearest_exactly(
                whitening.whiten([points], 1024), propagation._NEIGHBOURS
            )
            with constants({"propagation.nearest_exactly": lambda *_, found=neighbours: found}):
                report(
                    name,
                    lambda known: propagation.propagate([points], known, np.ones(len(known)), 10),
                    labels,
                )


if __name__ == "__main__":
    main()
