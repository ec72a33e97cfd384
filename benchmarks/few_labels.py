"""MNIST with 100 labels, 10 of each class, and 59,900 images without a label: the whole pipeline
with `propagate`.

python -m benchmarks.few_labels [DRAWS]
"""

import io
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from assay.layouts import raw_folder
from benchmarks.workspace import SHARED, clone, machine, row, set_parameters, timed

LABELS = 10  # of each class
STAGES = {"to embeddings": "embed", "clean, annotate": "annotate", "train, evaluate": "deploy"}


def images() -> pd.DataFrame:
    """MNIST as a table: `image` (PNG), `split`, `key` and `truth`."""
    raw = raw_folder.read(SHARED / "mnist")
    examples = pd.DataFrame(raw.examples)[["key", "split", "label"]].rename(
        columns={"label": "truth"}
    )
    return examples.assign(image=[png(image) for image in raw.payload])


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "PNG")
    return file.getvalue()


def write(folder: Path, examples: pd.DataFrame, seed: int) -> None:
    """The raw batch, in which test images and a few others have labels; the truth is beside it, for
    metrics alone.
    """
    train = examples[examples["split"] == "train"]
    known = (
        train.groupby("truth")
        .sample(LABELS, random_state=seed)
        .index.union(examples.index[examples["split"] == "test"])
    )
    label = examples["truth"].where(examples.index.isin(known), "")
    folder.mkdir(parents=True, exist_ok=True)
    table = examples.assign(label=label).drop(columns="truth")
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), folder / "examples.parquet")
    examples.rename(columns={"truth": "label"})[["key", "label"]].to_csv(
        folder / "truth.csv", index=False
    )


def propagated_accuracy(folder: Path) -> float:
    """The share of right labels among those that propagation gave."""
    labels, truth = (
        pd.read_csv(folder / path, index_col="id", dtype=str)
        for path in ("data/annotated/labels.csv", "data/collected/mnist/truth.csv")
    )
    propagated = labels[labels["source"] == "pseudo"]["label"]
    return float((propagated == truth["label"][propagated.index]).mean())


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    examples = images()
    print(f"# {machine()}\n")
    row(
        "draw",
        "ridge on the labels",
        "propagated labels",
        "ridge on these",
        "network on these",
        *(f"minutes {name}" for name in STAGES),
    )
    row(*["---"] * (5 + len(STAGES)))
    results = []
    with clone() as folder:
        set_parameters(folder, batches=["mnist"], pretrain__batches=["mnist"], portable=False)
        set_parameters(folder, annotate__pseudo_labels="propagate")
        for seed in range(draws):
            write(folder / "data/raw/mnist", examples, seed)
            minutes = [
                timed([sys.executable, "-m", "dvc", "repro", stage], folder)[0] / 60
                for stage in STAGES.values()
            ]
            scores = json.loads((folder / "metrics/evaluate.json").read_text())
            accuracies = [scores["head_accuracy_uncleaned"], propagated_accuracy(folder)]
            accuracies += [scores["head_accuracy_annotated"], scores["accuracy"]]
            results.append((*accuracies, *minutes))
            row(
                seed,
                *(f"{value:.4f}" for value in accuracies),
                *(f"{value:.2f}" for value in minutes),
            )
    row("median", *(f"{statistics.median(column):.4g}" for column in zip(*results, strict=True)))


if __name__ == "__main__":
    main()
