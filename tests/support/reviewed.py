"""What the review page reads, made up: a batch of any modality, a queue, and doubted labels."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.catalogue import catalogue, spreadsheets
from assay.cleaning import evidence
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.sections import Collect
from assay.modalities import audio, images, tables, text

HOSTILE = [
    "=1+1",
    "<script>document.title = 'ran'</script>",
    '" onerror="ran',
    "javascript:alert(1)",
    "l" * 10_000,
    "\u202eright-to-left \u05d0\u05d1",
]


def payload(modality: str, n: int, side: int = 8) -> tuple[dict, dict]:
    """Columns of `n` examples, and their format."""
    rng, params = np.random.default_rng(0), Collect.model_construct(sample_rate=8000)
    params = params.model_copy(update={"characters": 100_000})
    if modality == "image":
        pixels = rng.integers(255, size=(n, side, side, 1)).astype(np.uint8)
        return images.to_columns(pixels, range(n), None, params)
    if modality == "audio":
        sounds = rng.integers(-9999, 9999, size=(n, 800)).astype("<i2")
        return audio.to_columns(sounds, range(n), None, params)
    if modality == "text":
        texts = np.array([f"<b>text</b> {row} \u05d0" for row in range(n)], dtype=object)
        return text.to_columns(texts, range(n), None, params)
    raw = pa.table({"height": rng.normal(size=n), "colour": ["red", "blue"] * (n // 2)})
    return tables.to_columns(None, range(n), raw, params)


def make(
    modality: str = "image", n: int = 100, classes: list[str] | None = None, side: int = 8
) -> pd.DataFrame:
    """Write all that `review` reads into this folder: `n` questions, an even number.

    Returns
    -------
    The doubted labels, as `gallery.page` takes them.
    """
    classes = classes or ["eight", "nine", "ten"]
    ids, keys = [f"{row:032x}" for row in range(n)], [f"key-{row}" for row in range(n)]
    columns, payload_format = payload(modality, n, side)
    strings = {"id": ids, "key": keys, "split": ["train", "test"] * (n // 2)}
    columns |= {name: pa.array(cells, pa.string()) for name, cells in strings.items()}
    columns["duplicates"] = pa.array([[]] * n, pa.list_(pa.string()))
    parquet_files.write_examples("b", payload_format, columns)
    given = [classes[row % len(classes)] for row in range(n)]
    suggested = [classes[(row + 1) % len(classes)] for row in range(n)]
    csv_files.write_csv(
        paths.labels("b"), ["id", "annotator", "label"], zip(ids, ["anna"] * n, given, strict=True)
    )
    paths.PARAMETERS.touch()
    files.write_json(paths.LISTED, {"batches": ["b"]})
    files.write_json(paths.ENCODER_INFO, payload_format)
    uniform = np.full((n, len(classes)), 1 / len(classes))
    parquet_files.write_probabilities(paths.PRED_PROBS, ids, uniform, classes)
    paths.ANNOTATIONS.mkdir(parents=True, exist_ok=True)
    doubted = pd.DataFrame({"given": given, "suggested": suggested, "reason": "they differ"})
    doubted = doubted.assign(kind="label", decision="review").join(catalogue.read())
    for step, column in enumerate(evidence.COLUMNS):
        rows = [[(row + step + other) % n for other in (1, 2, 3)] for row in range(n)]
        names = ["; ".join(f"b/key-{row}" for row in some) for some in rows]
        doubted = doubted.assign(**{column: names, f"rows_{column}": rows})
    queue = doubted.rename(columns={"reason": "why"}).head(n // 2)
    spreadsheets.write(paths.QUEUE, queue, ["id", "given", "suggested", "why"])
    issue = ["id", "kind", "given", "suggested", "reason", *evidence.COLUMNS]
    spreadsheets.write(paths.ISSUES, doubted.tail(n - n // 4), issue)
    return doubted


def saved(name: str) -> list[tuple[str, tuple[str, str]]]:
    """The answers of a person on disk: id, label and note."""
    rows = spreadsheets.read(paths.ANNOTATIONS / f"{name}.csv").to_pylist()
    assert {row["annotator"] for row in rows} <= {name}
    return [(row["id"], (row["label"], row["note"])) for row in rows]


class Served:
    """`python -m assay review` in a separate process."""

    def __init__(self, name: str, folder: Path = Path()) -> None:
        command = [sys.executable, "-m", "assay", "review", "--no-browser", "--name", name]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=folder, text=True, **pipes)
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.process.stderr.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()
