"""Tables with wrong labels: how a shorter training changes a network's accuracy and its time.

python -m benchmarks.shorter_training [seed ...]   (without: 0 and 1)

Training stops early (`train.patience`), or its whole schedule is shorter (`train.steps`). The
tables are those of `planted_tables`: 8 % of the labels are wrong. The stages up to `annotate` run
once for each table. Accuracy is of the test examples, with their true classes.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from assay.contract import files, paths
from benchmarks.planted_tables import TABLES, prepare
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

CHANGES: dict[str, dict[str, int]] = {
    "the default, 3,000 steps": {},
    "patience 10": {"train__patience": 10},
    "patience 20": {"train__patience": 20},
    "1,500 steps": {"train__steps": 1500},
    "800 steps": {"train__steps": 800},
}


def trained(folder: Path, truth: pd.Series, changes: dict[str, int]) -> tuple[float, float, float]:
    """True test accuracy, seconds of `train`, and the number of epochs."""
    default = {"train__patience": 0, "train__steps": "auto"}
    set_parameters(folder, portable=False, **(default | changes))
    start = time.perf_counter()
    timed([sys.executable, "-m", "stages.train"], folder, PYTHONPATH=str(ROOT))
    seconds = time.perf_counter() - start
    timed([sys.executable, "-m", "stages.evaluate"], folder, PYTHONPATH=str(ROOT))
    predicted = pd.read_csv(folder / paths.PREDICTIONS)
    examples = pd.read_parquet(folder / "data/collected/planted/examples.parquet")
    truths = examples.set_index("id")["key"].map(truth)
    right = predicted["predicted"] == truths[predicted["id"]].to_numpy()
    epochs = len(pd.read_csv(folder / paths.LEARNING_CURVE))
    return float(right.mean()), seconds, float(epochs)


def main(seeds: list[int]) -> None:
    print(f"# {machine()}, seeds {seeds}\n")
    row("table", "training", "accuracy against the truth", "seconds of train", "epochs")
    row(*["---"] * 5)
    for name in TABLES:
        results: dict[str, list] = {what: [] for what in CHANGES}
        for seed in seeds:
            with code_only() as folder:
                truth = prepare(folder, name, seed)
                files.write_bytes(folder / paths.LISTED, b'{"batches": ["planted"]}')
                for stage in ("clean", "annotate"):
                    timed([sys.executable, "-m", f"stages.{stage}"], folder, PYTHONPATH=str(ROOT))
                for what, runs in results.items():
                    runs.append(trained(folder, truth, CHANGES[what]))
        for what, runs in results.items():
            accuracy, seconds, epochs = np.mean(runs, axis=0)
            row(name, what, f"{accuracy:.4f}", f"{seconds:.1f}", f"{epochs:.0f}")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [0, 1])
