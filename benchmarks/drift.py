"""Batches from another source and batches from the same source: which are flagged at a level of 1
%, and what differs.

python -m benchmarks.drift [RANDOM_HALVES]
"""

import sys
import time

import numpy as np
import pandas as pd
from PIL import Image
from scipy.ndimage import grey_dilation

from assay.cleaning import data_findings
from assay.measures import image_statistics, leave_one_out, outliers
from benchmarks import planted
from benchmarks.workspace import machine, row

BEFORE, BATCH = 10_000, 2000


def shrunk(images: np.ndarray) -> np.ndarray:
    """To 80 %, on black."""
    side, small = images.shape[1], round(0.8 * images.shape[1])
    start, changed = (side - small) // 2, np.zeros_like(images)
    for new, image in zip(changed, images, strict=True):
        size = (small, small)
        new[start : start + small, start : start + small, 0] = np.asarray(
            Image.fromarray(image[..., 0]).resize(size)
        )
    return changed


def thickened(images: np.ndarray) -> np.ndarray:
    return grey_dilation(images, (1, 2, 2, 1))


def grey(images: np.ndarray) -> np.ndarray:
    return np.repeat(images.mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3)


class Source:
    """What clean knows of images: projected embeddings, predictions and statistics, from a model of
    the first ones.
    """

    def __init__(self, name: str) -> None:
        data = planted.load(name)
        mixed = np.random.default_rng(0).permutation(len(data["train"][0]))[
            : 2 * BEFORE
        ]  # MNIST is in order of writers
        self.images, labels = (part[mixed] for part in data["train"])
        self.test = data["test"][0][:4000]
        self.embed = planted.encoder(name, self.images[:BEFORE])
        embedded = self.embed(self.images)
        self.classes, self.labels = np.unique(labels, return_inverse=True)
        self.model = leave_one_out.fit([embedded[:BEFORE]], self.labels[:BEFORE], len(self.classes))
        self.known = self.describe(self.images, embedded)
        self.known[1][:BEFORE] = self.model.scores

    def describe(
        self, images: np.ndarray, embedded: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
        statistics = image_statistics.statistics(images)
        return outliers.project(embedded), self.model.predict(embedded), pd.DataFrame(statistics)

    def drift(self, before: np.ndarray, batch: np.ndarray | tuple) -> tuple[str, float]:
        """What is said of a batch, rows of the known images or else new ones, and the seconds it
        took.
        """
        if isinstance(batch, np.ndarray) and batch.ndim > 1:
            batch = self.describe(batch, self.embed(batch))
        else:
            batch = tuple(
                part[batch] if isinstance(part, np.ndarray) else part.iloc[batch]
                for part in self.known
            )
        start = time.perf_counter()
        projected, scores = (
            np.concatenate([self.known[index][before], batch[index]]) for index in (0, 1)
        )
        statistics = pd.concat([self.known[2].iloc[before], batch[2]]).to_dict("series")
        names = pd.Series(np.repeat(["before", "batch"], [len(before), len(batch[0])]))
        statistics = {name: values.to_numpy() for name, values in statistics.items()}
        found = [*data_findings.drifts(names, projected, scores, list(self.classes), statistics)]
        return (found[0]["reason"] if found else "no"), time.perf_counter() - start


def main() -> None:
    halves = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"# {machine()}\n")
    row("data", f"batch, after {BEFORE:,} as they came", "drift", "seconds")
    row(*["---"] * 4)
    for name in planted.FILTERS:
        source = Source(name)
        before, new = np.arange(BEFORE), np.arange(BEFORE, BEFORE + BATCH)
        for change in (shrunk, thickened) if name == "mnist" else (grey,):
            for size in (500, BATCH):
                row(
                    name,
                    f"{size:,} {change.__name__}",
                    *source.drift(before, change(source.images[new[:size]])),
                )
        more = np.flatnonzero(source.labels == 3)
        more = more[more >= BEFORE + BATCH][: (source.labels[new] == 3).sum()]
        row(
            name,
            f"class {source.classes[3]} twice as often",
            *source.drift(before, np.concatenate([new, more])),
        )
        row(name, f"{BATCH:,} more", *source.drift(before, new))
        row(name, "4,000 of its own test images", *source.drift(before, source.test))
        rng, flagged, seconds = np.random.default_rng(0), 0, 0.0
        for _ in range(halves):
            first, second = np.array_split(rng.permutation(BEFORE), 2)
            said, took = source.drift(first, second)
            flagged, seconds = flagged + (said != "no"), seconds + took / halves
        row(name, f"random halves of {BEFORE:,}", f"{flagged} of {halves} flagged", seconds)


if __name__ == "__main__":
    main()
