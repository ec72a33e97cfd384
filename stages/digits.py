"""Deal scikit-learn's handwritten digits out as raw batches, labelled by simulated people who err and leave gaps."""

import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits

from assay.contract import csv_files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.modalities import images


def main() -> None:
    digits = parameters.load().digits
    pictures, truth = load_digits(return_X_y=True)  # 1,797 of 8 x 8 pixels, values 0..16
    pixels = (pictures.reshape(-1, 8, 8, 1) * 255 / 16).round().astype(np.uint8)
    needed = sum(digits.batches.values())
    if needed > len(pixels):
        raise InputError(
            f"params.yaml: digits.batches asks for {needed} examples; there are {len(pixels)}"
        )
    rng = np.random.default_rng(digits.seed)
    order = rng.permutation(len(pixels))[:needed]
    ends = np.cumsum(list(digits.batches.values()))
    for batch, rows in zip(digits.batches, map(np.sort, np.split(order, ends[:-1])), strict=True):
        folder, keys = paths.RAW / batch, [f"digit-{row:04}" for row in rows]
        table = pa.table({"key": keys, "image": [images.picture(pixels[row]) for row in rows]})
        parquet_files.write_parquet(folder / paths.EXAMPLES_FILE, table)
        csv_files.write_csv(
            folder / paths.TRUTH_FILE, ["key", "label"], zip(keys, truth[rows], strict=True)
        )
        votes = sorted(simulate(truth[rows], digits.annotators, rng))
        named = ((keys[row], annotator, label) for row, annotator, label in votes)
        csv_files.write_csv(folder / paths.ANNOTATIONS_FILE, ["key", "annotator", "label"], named)


def simulate(
    truth: np.ndarray, people: dict[str, parameters.Annotator], rng: np.random.Generator
) -> list[tuple]:
    """Labels by people: (row, annotator, label), where an error is any other class with equal chance."""
    n_classes = int(truth.max()) + 1
    votes = []
    for name, person in people.items():
        rows = np.flatnonzero(rng.random(len(truth)) < person.labels)
        wrong = rng.random(len(rows)) >= person.accuracy
        shift = np.where(wrong, rng.integers(1, n_classes, len(rows)), 0)
        labels = (truth[rows] + shift) % n_classes
        votes += [
            (row, name, label) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)
        ]
    return votes


if __name__ == "__main__":
    run(main)
