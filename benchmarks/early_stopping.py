"""Tables with wrong labels: what `train.patience` does to a network's accuracy and to its time.

The tables are those of `planted_tables`: 8 % of the labels are wrong. The stages up to `annotate`
run once for each table; then the network is trained with several values of `train.patience`.
Accuracy is of the test examples, against their true classes. Values were chosen on seeds 0 and 1.

python -m benchmarks.early_stopping [seed ...]   (without: 2 and 3)
"""

import sys
import time

import numpy as np
import pandas as pd

from assay.contract import paths
from benchmarks.planted_tables import TABLES, prepare
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

PATIENCE = (0, 5, 10, 20)


def trained(folder, truth: pd.Series, patience: int) -> tuple[float, float, float]:
    """True test accuracy, seconds of `train`, and the number of epochs."""
    set_parameters(folder, train__patience=patience)
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
    row("table", "train.patience", "accuracy against the truth", "seconds of train", "epochs")
    row(*["---"] * 5)
    for name in TABLES:
        results: dict[int, list] = {patience: [] for patience in PATIENCE}
        for seed in seeds:
            with code_only() as folder:
                truth = prepare(folder, name, seed)
                files_of = folder / paths.LISTED
                files_of.parent.mkdir(parents=True, exist_ok=True)
                files_of.write_text('{"batches": ["planted"]}')
                for stage in ("clean", "annotate"):
                    timed([sys.executable, "-m", f"stages.{stage}"], folder, PYTHONPATH=str(ROOT))
                for patience, runs in results.items():
                    runs.append(trained(folder, truth, patience))
        for patience, runs in results.items():
            accuracy, seconds, epochs = np.mean(runs, axis=0)
            row(name, patience, f"{accuracy:.4f}", f"{seconds:.1f}", f"{epochs:.0f}")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [2, 3])
