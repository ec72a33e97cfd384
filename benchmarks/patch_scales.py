"""Which filters judge photographs best: average precision for wrong labels on 4,000 CIFAR-10N
images, `label_1`, by filters of several sizes at several resolutions, with mean colours or without.

Scores of the even images chose the default; those of the odd images are reported.

python -m benchmarks.patch_scales
"""

import time

import numpy as np
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score

from assay.cleaning import kernel_vote, noise_layer
from assay.contract.inference import Model
from assay.encoders import patches
from assay.measures import leave_one_out
from benchmarks import planted
from benchmarks.label_quality import SOURCE
from benchmarks.workspace import machine, row

IMAGES, BLOCK = 4_000, 100
ONE_SIZE = ((0, 6, 128), (1, 4, 200))  # halvings, pixels a side, filters
TWO_SIZES = ((0, 6, 64), (0, 4, 64), (1, 4, 100), (1, 6, 100))
THREE_SIZES = ((0, 6, 43), (0, 4, 43), (0, 8, 42), (1, 4, 67), (1, 6, 67), (1, 8, 66))
VARIANTS = {
    "6 pixels; 4 of the halved image": (ONE_SIZE, False),
    "the same, and mean colours": (ONE_SIZE, True),
    "6 and 4 pixels; 4 and 6 of the halved image": (TWO_SIZES, False),
    "the same, and mean colours (the default)": (TWO_SIZES, True),
    "6, 4 and 8 pixels; 4, 6 and 8 of the halved image; mean colours": (THREE_SIZES, True),
}


def embedded(
    images: np.ndarray, scales: tuple[tuple[int, int, int], ...], *, colours: bool
) -> np.ndarray:
    """The embeddings of images, by filters learned from all of them."""
    banks = [
        patches.learn(images, count, number, size=size, halvings=halvings)
        for number, (halvings, size, count) in enumerate(scales)
    ]
    graph = patches.encoder_graph(banks, images.shape[1:], mirror=True, colours=colours)
    model = Model(graph, portable=False, threads=2)
    return model.over(images[start : start + BLOCK] for start in range(0, len(images), BLOCK))


def main() -> None:
    images = planted.load("cifar10")["train"][0][:IMAGES]
    table = pq.read_table(SOURCE, columns=["label_1", "true_label"]).slice(0, IMAGES)
    classes, given = np.unique(table["label_1"].to_pylist(), return_inverse=True)
    true = np.searchsorted(classes, table["true_label"].to_pylist())
    print(f"# {machine()}\n")
    row("filters", "features", "CPU seconds", "even half", "odd half", "right predictions")
    row(*["---"] * 6)
    for name, (scales, colours) in VARIANTS.items():
        start = time.process_time()
        features = embedded(images, scales, colours=colours)
        seconds = time.process_time() - start
        linear = leave_one_out.fit([features], given, len(classes))
        near = kernel_vote.fit([features], given, linear, len(given))
        scores = [linear.scores, near.scores(features, 0)]
        layer = noise_layer.fit(scores, given)
        pred_probs = layer.pred_probs(scores)
        joint = pred_probs * layer.confusion[:, given].T
        doubt = 1 - joint[np.arange(IMAGES), given] / joint.sum(axis=1)
        wrong = given != true
        even, odd = (average_precision_score(wrong[half::2], doubt[half::2]) for half in (0, 1))
        right = (pred_probs.argmax(axis=1) == true).mean()
        width = features.shape[1]
        row(name, f"{width}", f"{seconds:.0f}", f"{even:.3f}", f"{odd:.3f}", f"{right:.3f}")


if __name__ == "__main__":
    main()
