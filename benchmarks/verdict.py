"""The verdict of `python -m assay compare` on simulated pairs of versions: how often it is wrong,
and how often it finds a real difference.

python -m benchmarks.verdict [PAIRS]

The data are real images of MNIST, reduced to the main directions of their pixels. Some are for
training and others for testing. Each version draws its examples, the errors in their labels, and a
seed. Two small models stand in for the network and are trained in moments: a ridge classifier, and
one on random features (ReLU). The seed chooses the tenth of the labels that calibrates the ridge
classifier and is not learned from; and it draws the random features. Every pair has its own test
examples. The judge is the code of `compare`.
"""

import gzip
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import Pool

import numpy as np
from scipy.special import ndtr, softmax

from assay.comparison import training_variance, verdict
from assay.evaluation.scores import Predictions
from assay.measures import leave_one_out
from assay.training import calibration
from benchmarks.workspace import SHARED, machine, row

CLASSES, DIRECTIONS, WIDTH = 10, 100, 500
TO_LEARN_FROM = 35_000  # images; the others are to test on
EXAMPLES, TESTS = 5_000, 2_000  # of a version, of a pair
WRONG = 0.1  # share of labels
DIFFERENCE = 0.02
PENALTY, CONFIDENCE = 0.1, 0.95

Version = tuple[np.ndarray, np.ndarray]  # examples, their labels


def load() -> tuple[np.ndarray, np.ndarray]:
    """Features (n, directions) and labels (n,) of all of MNIST."""
    parts = {"images-idx3": 16, "labels-idx1": 8}
    images, labels = (
        np.concatenate(
            [
                np.frombuffer(
                    gzip.decompress((SHARED / f"mnist/{side}-{part}-ubyte.gz").read_bytes())[
                        header:
                    ],
                    np.uint8,
                )
                for side in ("train", "t10k")
            ]
        )
        for part, header in parts.items()
    )
    pixels = images.reshape(len(labels), -1).astype(np.float32)
    pixels -= pixels.mean(axis=0)
    _, vectors = np.linalg.eigh(pixels.T @ pixels)
    features = pixels @ vectors[:, -DIRECTIONS:]
    return features / features.std(), labels.astype(int)


FEATURES, LABELS = load()


def spoiled(labels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    wrong = rng.random(len(labels)) < share
    return np.where(wrong, (labels + rng.integers(1, CLASSES, len(labels))) % CLASSES, labels)


def drawn(rng: np.random.Generator, wrong: float = WRONG, confused: float = 0) -> Version:
    """Labels of which a share is wrong at random; and, of the fours, a share is taken for nines."""
    examples = rng.choice(TO_LEARN_FROM, EXAMPLES, replace=False)
    labels = spoiled(LABELS[examples], wrong, rng)
    return examples, np.where((labels == 4) & (rng.random(EXAMPLES) < confused), 9, labels)


def unrelated(rng: np.random.Generator) -> tuple[Version, Version]:
    return drawn(rng), drawn(rng)


def relabelled(rng: np.random.Generator) -> tuple[Version, Version]:
    """B has the same examples, and a tenth of the labels are given once more, by people as good as
    before.
    """
    examples, labels = drawn(rng)
    again = rng.random(EXAMPLES) < 0.1
    return (examples, labels), (
        examples,
        np.where(again, spoiled(LABELS[examples], WRONG, rng), labels),
    )


def apart(rng: np.random.Generator, **errors: float) -> tuple[Version, Version]:
    return drawn(rng, **errors), drawn(rng)


def directions(_: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    return lambda features: features


def random_features(rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    weights = rng.normal(size=(DIRECTIONS, WIDTH)).astype(np.float32) / np.sqrt(DIRECTIONS)
    return lambda features: np.maximum(features @ weights + 1, 0)


def say(
    version: Version, tests: np.ndarray, stand_in: Callable, rng: np.random.Generator
) -> Predictions:
    """Train a stand-in for the model, and ask it."""
    (examples, labels), see = version, stand_in(rng)
    features = see(FEATURES[examples])
    checked = rng.permutation(len(labels)) % 10 == 0
    coef, intercept = leave_one_out.solve([features[~checked]], labels[~checked], CLASSES, PENALTY)
    sharpness, _ = calibration.sharpness_and_noise(
        [features[checked] @ coef + intercept], labels[checked]
    )
    logits = (see(FEATURES[tests]) @ coef + intercept) * sharpness[0]
    return Predictions.from_pred_probs(softmax(logits, axis=1), LABELS[tests])


def pair(seed: int, draw: Callable, stand_in: Callable) -> tuple[bool, ...]:
    """One simulated pair: what is found in accuracy alone, with no chance in training, unpaired; in
    the family.
    """
    rng = np.random.default_rng(seed)
    versions = draw(rng)
    tests = rng.choice(np.arange(TO_LEARN_FROM, len(LABELS)), TESTS, replace=False)
    said = [say(version, tests, stand_in, rng) for version in versions]
    learned = [
        training_variance.Learned(FEATURES[examples], labels, EXAMPLES)
        for examples, labels in versions
    ]
    chance = training_variance.chance(
        *learned,
        [FEATURES[tests]] * 2,
        training_variance.RidgeHead(LABELS[tests], CLASSES, PENALTY),
        validation=EXAMPLES // 10,
    )
    judge = partial(verdict.judge, *said, confidence=CONFIDENCE)
    found = [
        judge(chance, metrics=["accuracy"])[0].verdict in ("better", "worse"),
        judge({}, metrics=["accuracy"])[0].verdict in ("better", "worse"),
        unpaired(*said),
        any(each.verdict in ("better", "worse") for each in judge(chance)),
    ]
    return tuple(found)


def unpaired(a: Predictions, b: Predictions) -> bool:
    """The usual test of two proportions."""
    shares = [each.correct.mean() for each in (a, b)]
    error = np.sqrt(sum(share * (1 - share) / TESTS for share in shares))
    return 2 * ndtr(-abs(shares[1] - shares[0]) / error) < 1 - CONFIDENCE


def mean_accuracy(**errors: float) -> float:
    """Of ten versions with such labels."""
    rng, tests = np.random.default_rng(0), np.arange(TO_LEARN_FROM, len(LABELS))
    return float(
        np.mean(
            [say(drawn(rng, **errors), tests, directions, rng).correct.mean() for _ in range(10)]
        )
    )


def costs(kind: str) -> float:
    """How many errors of a kind cost the difference in accuracy."""
    shares = np.linspace(0.1, 0.6, 6)
    lost = mean_accuracy() - np.array([mean_accuracy(**{kind: share}) for share in shares])
    return float(np.interp(DIFFERENCE, lost, shares))


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"# {machine()}\n")
    wrong, confused = costs("wrong"), costs("confused")
    cases = {
        "no difference: other examples, labels, seed": (unrelated, directions),
        f"{DIFFERENCE:.0%}: A takes {confused:.1%} of the fours for nines": (
            partial(apart, confused=confused),
            directions,
        ),
        "no difference, random features: other examples, labels, seed": (
            unrelated,
            random_features,
        ),
        "no difference: a tenth of the labels given again, other seed": (relabelled, directions),
        f"{DIFFERENCE:.0%}: {wrong:.1%} of A's labels wrong at random, {WRONG:.0%} of B's": (
            partial(apart, wrong=wrong),
            directions,
        ),
    }
    row(
        f"found in {pairs} pairs",
        "accuracy",
        "sampling alone",
        "unpaired test",
        "any of the family",
    )
    row(*["---"] * 5)
    with Pool(2) as pool:
        for name, (draw, stand_in) in cases.items():
            found = pool.map(
                partial(pair, draw=draw, stand_in=stand_in), range(pairs), chunksize=10
            )
            row(name, *(f"{share:.1%}" for share in np.mean(found, axis=0)))


if __name__ == "__main__":
    main()
