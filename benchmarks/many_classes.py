"""Difficult labels: 1,000 classes, some with one to three examples, and 99 % of examples without a
label. Does the pipeline run, within limits of time and memory?

python -m benchmarks.many_classes
"""

import json
import sys

import numpy as np
import pandas as pd

from assay.contract import csv_files, paths
from benchmarks import synthetic
from benchmarks.synthetic import PARAMETERS, WIDTH
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

WRONG, RARE = 0.05, 50
SETS = (100_000, 1000, 1.0), (100_000, 100, 0.01)  # examples, classes, labelled


def write(n: int, n_classes: int, labelled: float) -> None:
    """One batch as collect and embed leave it; the last classes have one to three examples."""
    rng = np.random.default_rng(0)
    labels = rng.integers(n_classes - RARE, size=n)
    rare = np.repeat(np.arange(n_classes - RARE, n_classes), rng.integers(1, 4, RARE))
    labels[: len(rare)] = rare
    centres = np.float32(0.5) * rng.standard_normal((n_classes, WIDTH), np.float32)
    ids = synthetic.write(labels, centres, rng)
    given = np.where(rng.random(n) < WRONG, rng.integers(n_classes - RARE, size=n), labels)
    given[: len(rare)] = rare
    has = rng.random(n) < labelled
    has[: len(rare)] = True
    rows = [(ids[index], "given", str(given[index])) for index in np.flatnonzero(has)]
    csv_files.write_csv(paths.labels("synthetic"), ["id", "annotator", "label"], rows)
    csv_files.write_csv(
        paths.truth("synthetic"), ["id", "label"], zip(ids, map(str, labels), strict=True)
    )


def main() -> None:
    print(f"# {machine()}\n")
    row(
        "examples",
        "classes",
        "labelled",
        "seconds",
        "GiB",
        "wrong among given",
        "among cleaned",
        "of rare labels kept",
    )
    row(*["---"] * 8)
    for n, n_classes, labelled in SETS:
        with code_only() as folder:
            set_parameters(
                folder,
                portable=False,
                **PARAMETERS,
                clean__smallest_class=1,
                clean__beyond__near_duplicate="ignore",
            )
            script = (
                f"from benchmarks.many_classes import write; write({n}, {n_classes}, {labelled})"
            )
            timed([sys.executable, "-c", script], folder, PYTHONPATH=str(ROOT))
            seconds, memory = timed([sys.executable, "-m", "stages.clean"], folder)
            truth = pd.read_csv(folder / "data/collected/synthetic/truth.csv", dtype=str).set_index(
                "id"
            )["label"]
            quality = pd.read_parquet(folder / "data/cleaned/quality.parquet").set_index("id")
            cleaned = pd.read_csv(folder / "data/cleaned/labels.csv", dtype=str).set_index("id")[
                "label"
            ]
            rare = quality[truth[quality.index].astype(int) >= n_classes - RARE]
            counts = json.loads((folder / "metrics/clean.json").read_text())
            wrong = [(each != truth[each.index]).mean() for each in (quality["given"], cleaned)]
            kept = (rare["decision"] == "keep").mean()
            row(
                f"{n:,}",
                n_classes,
                f"{counts['labelled']:,}",
                seconds,
                memory,
                *(f"{each:.2%}" for each in (*wrong, kept)),
            )


if __name__ == "__main__":
    main()
