"""How many labels MNIST needs for 95 % accuracy: in the order of the queue and in random order,
starting from the same 20 labels.

python -m benchmarks.queue_order [DRAWS]

In both orders the embeddings are whitened patches. The classifier is the ridge classifier with
which `clean` judges labels. It is fitted again after each page of new labels. The score is of the
odd ones of the 10,000 test images. The even ones gave the score while the order was chosen.
"""

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pandas as pd

from assay.cleaning import noise_layer
from assay.contract.inference import Model
from assay.encoders import patches
from assay.layouts import raw_folder
from assay.measures import leave_one_out
from benchmarks.workspace import SHARED, machine, row
from stages import queue

TARGET = 0.95  # test accuracy
DRAWS = 20  # five say little: the share of random was between 0.28 and 0.54
START, PAGE, MOST = (
    2,
    10,
    500,
)  # labels: of each class to start from; of a page; where the search is given up
SHOWN = (20, 50, 100, 150, 200, 300)  # labels at which the table has the accuracy


def embeddings() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all images, their labels, and whether they are the test's."""
    raw = raw_folder.read(SHARED / "mnist")
    images, labels = (
        np.array(raw.payload)[..., None],
        np.array([int(example.label) for example in raw.examples]),
    )
    test = np.array([example.split == "test" for example in raw.examples])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        path.write_bytes(
            patches.encoder_graph(
                [patches.learn(images[~test][:20_000], 64, seed=0)], images.shape[1:]
            )
        )
        encode = Model(path, portable=False, threads=2)
        return encode.over(np.split(images, 100)), labels, test


def ask(points: np.ndarray, pred_probs: np.ndarray, known: np.ndarray, order: str) -> np.ndarray:
    """The next page."""
    if order == "least sure first":  # Lewis and Gale 1994
        gain = 1 - pred_probs.max(axis=1)
        gain[known] = -1
        return np.argsort(-gain, kind="stable")[:PAGE]
    second, first = np.partition(pred_probs, -2, axis=1)[:, -2:].T
    frame = pd.DataFrame({"doubt": 1 - (first - second), "row": np.arange(len(points))})
    waiting = frame.drop(index=known).sort_values("doubt", ascending=False, kind="stable")
    rows = SimpleNamespace(features=lambda some: [points[some["row"].to_numpy()]])
    with mock.patch.object(queue, "catalogue", rows):
        return queue.ask_for(waiting, PAGE, PAGE)["row"].to_numpy()


def curve(train: tuple, test: tuple, seed: int, order: str) -> dict[int, float]:
    """Test accuracy by number of labels, until TARGET is reached."""
    points, labels = train
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    known = np.concatenate([shuffled[labels[shuffled] == each][:START] for each in range(10)])
    rest, accuracies = shuffled[~np.isin(shuffled, known)], {}
    while True:
        model = leave_one_out.fit([points[known]], labels[known], 10)
        accuracies[len(known)] = float(np.mean(model.predict(test[0]).argmax(axis=1) == test[1]))
        if accuracies[len(known)] >= TARGET or len(known) >= MOST:
            return accuracies
        if order == "random":
            asked, rest = np.split(rest, [PAGE])
        else:
            asked = ask(
                points,
                noise_layer.fit([model.scores], labels[known]).pred_probs([model.predict(points)]),
                known,
                order,
            )
        known = np.concatenate([known, asked])


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    points, labels, is_test = embeddings()
    train, test = ((points[side], labels[side]) for side in (~is_test, is_test))
    test = test[0][1::2], test[1][1::2]
    print(f"# {machine()}\n")
    row("draw", "order", "labels for 95 %", *(f"accuracy with {n}" for n in SHOWN))
    row(*["---"] * (3 + len(SHOWN)))
    needed = {"random": [], "least sure first": [], "queue": []}
    for seed in range(draws):
        for name, counts in needed.items():
            found = curve(train, test, seed, name)
            counts.append(max(found))
            row(seed, name, max(found), *(f"{found[n]:.4f}" if n in found else "" for n in SHOWN))
    for name, counts in needed.items():
        ratios = [count / random for count, random in zip(counts, needed["random"], strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        row(
            "median",
            name,
            statistics.median(counts),
            f"of random: {statistics.median(ratios):.2f} ({each})",
        )


if __name__ == "__main__":
    main()
