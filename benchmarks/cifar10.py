"""CIFAR-10, 20,000 true labels, through the whole pipeline: test accuracy on 4,000 images, and
seconds.

python -m benchmarks.cifar10 [EPOCHS]

Some settings are the usual ones. The others were chosen on a fifth of the training images. The test
images are scored once.
"""

import resource
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assay.contract.files import read_json
from benchmarks.workspace import SHARED, clone, machine, row, set_parameters, timed

EPOCHS = 10
LARGE = {
    "train__network": "large",
    "train__steps": 1,
    "train__shift": 2,
    "train__mirror": True,
    "train__label_smoothing": 0.1,
    "train__bfloat16": True,
}
AS_GIVEN = {"clean__relabel_above": 1.0, "clean__drop_below": 0.0}  # the labels are the truth
CHEAP = {"pretrain__patches": 32, "pretrain__coarse_patches": 0, "collect__validation": 0.02}


def write(raw: Path) -> None:
    sides = {
        side: pq.read_table(SHARED / f"cifar10n/{side}-dev.parquet") for side in ("train", "test")
    }
    columns = {"image": [], "label": [], "split": []}
    for side, table in sides.items():
        columns["image"] += table["image"].to_pylist()
        columns["label"] += table["true_label"].to_pylist()
        columns["split"] += [side] * len(table)
    pq.write_table(pa.table(columns), raw / "examples.parquet")


def main() -> None:
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else EPOCHS
    print(f"# {machine()}\n")
    row("CIFAR-10, epochs", "test accuracy", "low", "high", "seconds", "seconds of the processor")
    row(*["---"] * 6)
    with clone() as folder:
        raw = folder / "data/raw/cifar10"
        raw.mkdir(parents=True)
        write(raw)
        lists = {"batches": ["cifar10"], "pretrain__batches": ["cifar10"], "portable": False}
        set_parameters(folder, **lists, **LARGE, **AS_GIVEN, **CHEAP, train__epochs=epochs)
        seconds, _ = timed([sys.executable, "-m", "dvc", "repro"], folder)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = read_json(folder / "metrics/evaluate.json")
        scores = [f"{found[name]:.4f}" for name in ("accuracy", "accuracy_low", "accuracy_high")]
        row(epochs, *scores, f"{seconds:.0f}", f"{used.ru_utime + used.ru_stime:.0f}")


if __name__ == "__main__":
    main()
