"""Write scikit-learn's handwritten digits as raw batches: the example that comes with Assay.

Their labels come from simulated people, who make errors and leave gaps.
"""

import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits

from assay.contract import csv_files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.modalities import images


def main() -> None:
    digits = parameters.load().digits
    images_of_digits, truth = load_digits(return_X_y=True)  # (1797, 64) with values 0..16
    pixels = (images_of_digits.reshape(-1, 8, 8, 1) * 255 / 16).round().astype(np.uint8)
    sizes = list(digits.batches.values())
    needed = sum(sizes)
    if needed > len(pixels):
        wanted = f"digits.batches asks for {needed} examples"
        raise InputError(f"params.yaml: {wanted}; there are {len(pixels)}")
    rng = np.random.default_rng(digits.seed)
    order = rng.permutation(len(pixels))[:needed]
    parts = np.split(order, np.cumsum(sizes)[:-1])
    for batch, part in zip(digits.batches, parts, strict=True):
        rows = np.sort(part)
        folder = paths.RAW / batch
        keys = [f"digit-{row:04}" for row in rows]
        table = pa.table({"key": keys, "image": [images.picture(pixels[row]) for row in rows]})
        parquet_files.write_parquet(folder / paths.EXAMPLES_FILE, table)
        answers = zip(keys, truth[rows], strict=True)
        csv_files.write_csv(folder / paths.TRUTH_FILE, ["key", "label"], answers)
        votes = sorted(simulate(truth[rows], digits.annotators, rng))
        labels = [(keys[row], annotator, label) for row, annotator, label in votes]
        csv_files.write_csv(folder / paths.ANNOTATIONS_FILE, ["key", "annotator", "label"], labels)


def simulate(
    truth: np.ndarray, people: dict[str, parameters.Annotator], rng: np.random.Generator
) -> list[tuple[int, str, int]]:
    """Labels by people: (row, annotator, label). An error is any other class with equal chance."""
    n_classes = int(truth.max()) + 1
    votes: list[tuple[int, str, int]] = []
    for name, person in people.items():
        rows = np.flatnonzero(rng.random(len(truth)) < person.labels)
        is_wrong = rng.random(len(rows)) >= person.accuracy
        shift = np.where(is_wrong, rng.integers(1, n_classes, len(rows)), 0)
        labels = (truth[rows] + shift) % n_classes
        pairs = zip(rows.tolist(), labels.tolist(), strict=True)
        votes += [(row, name, label) for row, label in pairs]
    return votes


if __name__ == "__main__":
    run(main)
