"""Are propagated labels right as often as their probability says? Two settings are compared: the
power that is chosen by leaving labels out, and a fixed power that was good on MNIST.

python -m benchmarks.propagated_probabilities

The data are 6,000 training images of MNIST, spoken digits (FSDD), 77 intents (banking77), and 6,000
images of CIFAR-10, with the default embeddings. Scores are of the examples without a label, in five
draws. No test example of MNIST, banking77 or CIFAR-10 is used.
"""

import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from PIL import Image

from assay.annotation import propagation, whitening
from assay.contract import paths
from benchmarks import planted
from benchmarks.modalities import prepared
from benchmarks.workspace import SHARED, clone, machine, row, timed

IMAGES, SEEDS, LABELS = 6_000, range(5), (1, 3, 10, 30)  # labels of each class
BINS = 15  # of the expected calibration error (Guo et al. 2017)
USUAL = {"_POWERS": np.array([propagation._USUAL_POWER])}


def images(name: str) -> Callable[[Path], None]:
    """What writes the first training images of a data set as a raw batch."""

    def make(folder: Path) -> None:
        payload, labels = planted.load(name)["train"]
        for number in range(IMAGES):
            below = folder / "train" / str(labels[number])
            below.mkdir(parents=True, exist_ok=True)
            Image.fromarray(payload[number].squeeze()).save(below / f"{number:05}.png")

    return make


def sounds(folder: Path) -> None:
    for path in (SHARED / "fsdd").glob("*.wav"):
        below = folder / "train" / path.name[0]
        below.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, below / path.name)


def texts(folder: Path) -> None:
    table = pd.read_csv(SHARED / "banking77/train.csv").rename(columns={"category": "label"})
    table.assign(split="train").to_csv(folder / "examples.csv", index=False)


SETS = {"MNIST": images("mnist"), "FSDD": sounds, "banking77": texts, "CIFAR-10": images("cifar10")}


def embedded(make: Callable[[Path], object]) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (n, features) and classes (n,) of a data set."""
    with clone() as folder:
        prepared(folder, make)
        timed([sys.executable, "-m", "dvc", "repro", "embed@mine"], folder)
        ids = pd.read_parquet(folder / paths.examples("mine"), columns=["id"])["id"]
        labels = pd.read_csv(folder / paths.labels("mine"), dtype=str).set_index("id")["label"]
        _, classes = np.unique(labels.loc[ids], return_inverse=True)
        return np.load(folder / paths.embeddings("mine")), classes


def scores(pred_probs: np.ndarray, classes: np.ndarray) -> tuple[float, float, float]:
    """Share right, expected calibration error, cross-entropy of probabilities (n, classes)."""
    confidence, right = pred_probs.max(axis=1), pred_probs.argmax(axis=1) == classes
    in_bin = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(in_bin, confidence - right, BINS)
    of_class = np.maximum(pred_probs[np.arange(len(classes)), classes], 1e-12)
    return right.mean(), np.abs(gap).sum() / len(classes), -np.log(of_class).mean()


def report(name: str, make: Callable[[Path], object]) -> None:
    points, classes = embedded(make)
    whitened = whitening.whiten([points], propagation._WHITENED_BY)
    neighbours = propagation.nearest_exactly(whitened, propagation._NEIGHBOURS)
    n, n_classes = len(classes), classes.max() + 1
    for count in LABELS:
        draws = []
        for seed in SEEDS:
            order = np.random.default_rng(seed).permutation(n)
            of_class = [order[classes[order] == code][:count] for code in range(n_classes)]
            labels = np.full(n, -1)
            labels[np.concatenate(of_class)] = classes[np.concatenate(of_class)]
            unlabelled, of_both = labels < 0, []
            for changes in (USUAL, {}):
                computed_once = {"nearest_exactly": lambda *_: neighbours}
                with mock.patch.multiple(propagation, **computed_once, **changes):
                    pred_probs = propagation.propagate([points], labels, np.ones(n), n_classes)
                of_both += scores(pred_probs[unlabelled], classes[unlabelled])
            draws.append(of_both)
        right, *usual, _, error, entropy = map(statistics.median, zip(*draws, strict=True))
        row(name, count, *(f"{score:.3f}" for score in (right, *usual, error, entropy)))


def main() -> None:
    print(f"# {machine()}\n")
    both = "calibration error", "cross-entropy"
    row("data", "labels a class", "right", *(f"power 3: {score}" for score in both), *both)
    row(*["---"] * 7)
    for name, make in SETS.items():
        report(name, make)


if __name__ == "__main__":
    main()
