"""Deal scikit-learn's handwritten digits out as raw batches, labelled by simulated people who err and leave gaps."""

import io

import numpy as np
import pyarrow as pa
from PIL import Image
from sklearn.datasets import load_digits

from assay import dataset, parameters
from assay.errors import InputError, run


def main() -> None:
    digits = parameters.load().digits
    images, truth = load_digits(return_X_y=True)  # 1,797 images of 8 x 8, values 0..16
    needed = sum(digits.batches.values())
    if needed > len(images):
        raise InputError(f"params.yaml: digits.batches asks for {needed} examples; there are {len(images)}")
    pngs = [as_png(image) for image in images]
    rng = np.random.default_rng(digits.seed)
    order = rng.permutation(len(images))[:needed]
    ends = np.cumsum(list(digits.batches.values()))
    for batch, rows in zip(digits.batches, np.split(order, ends[:-1]), strict=True):
        keys = [f"digit-{row:04}" for row in sorted(rows)]
        folder = dataset.RAW / batch
        table = pa.table({"key": keys, "image": [pngs[row] for row in sorted(rows)]})
        dataset.write_parquet(folder / "examples.parquet", table)
        labels = truth[np.sort(rows)]
        dataset.write_csv(folder / "truth.csv", ["key", "label"], zip(keys, labels, strict=True))
        answers = simulate(labels, digits.annotators, rng)
        named = sorted((keys[row], annotator, label) for row, annotator, label in answers)
        dataset.write_csv(folder / "annotations.csv", ["key", "annotator", "label"], named)


def as_png(image: np.ndarray) -> bytes:
    """One image, values 0..16, as a PNG that is stored and not compressed: the bytes depend on no zlib."""
    file = io.BytesIO()
    pixels = (image.reshape(8, 8) * 255 / 16).round().astype(np.uint8)
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def simulate(
    truth: np.ndarray, annotators: dict[str, parameters.Annotator], rng: np.random.Generator
) -> list[tuple[int, str, int]]:
    """Labels by people: (row, annotator, label), where an error is any other class with equal chance."""
    n_classes = int(truth.max()) + 1
    answers = []
    for name, person in annotators.items():
        labelled = np.flatnonzero(rng.random(len(truth)) < person.labels)
        wrong = rng.random(len(labelled)) >= person.accuracy
        shift = np.where(wrong, rng.integers(1, n_classes, len(labelled)), 0)
        answers += zip(labelled, [name] * len(labelled), (truth[labelled] + shift) % n_classes, strict=True)
    return [(int(row), name, int(label)) for row, name, label in answers]


if __name__ == "__main__":
    run(main)
