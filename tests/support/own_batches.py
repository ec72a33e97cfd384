"""A user's batches, made up by tests: every modality, with two classes that a model can learn."""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import soundfile
from PIL import Image

from tests.support.pipeline import Project, contents

# what a user types to track `../mine`, and settings that make the pipeline short
RAW = "data/raw/mine"
ADDED = [f"cp -r ../mine {RAW}", f"dvc add {RAW}"]
QUICK = {"train__start": "frozen", "evaluate__resamples": 100, "collect__seconds": 0.5}
UP_TO_DATE = "Data and pipelines are up to date.\n"

CLASSES = ("low", "high")
EACH = 60
WORDS = {"low": ["tief", "底部", "منخفض", "🔻"], "high": ["hoch", "高い", "عالي", "🔺"]}
COMMON = ["and", "the", "of", "это", "ist", "!"]


def table(folder: Path, rows: list[dict]) -> None:
    with (folder / "examples.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def sounds(folder: Path, rng: np.random.Generator) -> None:
    """Tones in noise, in folders per class."""
    time = np.arange(4000) / 8000
    for label, hertz in zip(CLASSES, (300, 900), strict=True):
        (folder / label).mkdir()
        for number in range(EACH):
            tone = np.sin(2 * np.pi * hertz * rng.uniform(0.9, 1.1) * time) * rng.uniform(0.2, 0.6)
            file = io.BytesIO()
            soundfile.write(file, tone + rng.normal(0, 0.02, len(time)), 8000, format="WAV")
            (folder / label / f"{number}.wav").write_bytes(file.getvalue())


def texts(folder: Path, rng: np.random.Generator) -> None:
    """Sentences, in several scripts, with some words that only their class has."""
    rows = []
    for number in range(2 * EACH):
        label = CLASSES[number % 2]
        said = [*rng.choice(COMMON, 5), *rng.choice(WORDS[label], 2), str(number)]
        rows.append({"text": " ".join(rng.permutation(said)), "label": label})
    table(folder, rows)


def rows_of_all_kinds(folder: Path, rng: np.random.Generator) -> None:
    """Numbers, dates and categories with gaps. Each column tells something about the class."""
    rows = []
    for number in range(3 * EACH):
        high = number % 2
        row = {
            "size": f"{rng.normal(2 * high):.3f}",
            "since": f"20{10 + 5 * high + rng.integers(8)}-0{rng.integers(1, 9)}-1{rng.integers(10)}",
            "town": rng.choice(
                ["Ulm", "Köln", "Bonn"], p=[0.6, 0.3, 0.1] if high else [0.1, 0.3, 0.6]
            ),
        }
        gap = rng.choice(list(row))
        rows.append(row | ({gap: ""} if number % 4 > 2 else {}) | {"label": CLASSES[high]})
    table(folder, rows)


def drawings(folder: Path, rng: np.random.Generator) -> None:
    """Bright bars in noise, at the top or at the bottom, in folders per class."""
    for label, top in zip(CLASSES, (3, 12), strict=True):
        (folder / label).mkdir()
        for number in range(EACH):
            pixels = rng.integers(60, size=(17, 15))
            pixels[top + rng.integers(3), 2:12] = 250
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")


def parquet_table(folder: Path, rng: np.random.Generator) -> None:
    rows_of_all_kinds(folder, rng)
    table = pyarrow.csv.read_csv(folder / "examples.csv")
    pq.write_table(table, folder / "examples.parquet")
    (folder / "examples.csv").unlink()


def raw_bytes(project: Project) -> dict[str, bytes]:
    """Raw files and encoders, and the files of DVC and git beside them."""
    return contents(project, ("data/raw", "models/pretrained"))
