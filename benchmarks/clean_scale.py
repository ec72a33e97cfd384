"""`clean` on synthetic embeddings: 100,000 and 1,000,000 rows of 256 numbers, 10 classes, 5 % wrong
labels.

python -m benchmarks.clean_scale

Copies are not looked for. Above 100,000 examples `clean` itself leaves them out and says so. Below,
the search for copies has a time of its own.
"""

import math
import sys

import numpy as np

from assay.contract import csv_files, paths
from benchmarks import synthetic
from benchmarks.synthetic import PARAMETERS, WIDTH
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

CLASSES, WRONG = 10, 0.05
SIZES = 100_000, 1_000_000  # examples


def write(n: int) -> None:
    """One batch of `n` examples, as collect and embed leave it, in the current folder."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=n)
    centres = np.float32(0.15) * rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    ids = synthetic.write(labels, centres, rng)
    wrong = rng.random(n) < WRONG
    given = np.where(wrong, (labels + rng.integers(1, CLASSES, n)) % CLASSES, labels)
    csv_files.write_csv(
        paths.labels("synthetic"),
        ["id", "annotator", "label"],
        zip(ids, ["given"] * n, given.tolist(), strict=True),
    )


def main() -> None:
    print(f"# {machine()}\n")
    row("clean", "portable", "seconds", "GiB", "log-log slope")
    row("---", "---", "---", "---", "---")
    for portable in (False, True):
        before = None
        for n in SIZES:
            with code_only() as folder:
                copies = {f"clean__beyond__{kind}": "ignore" for kind in ("near_duplicate", "leak")}
                set_parameters(folder, portable=portable, **PARAMETERS, **copies)
                script = f"from benchmarks.clean_scale import write; write({n})"
                timed([sys.executable, "-c", script], folder, PYTHONPATH=str(ROOT))
                seconds, memory = timed([sys.executable, "-m", "stages.clean"], folder)
            slope = "" if before is None else math.log10(seconds / before)
            row(f"{n:,} × {WIDTH}", portable, seconds, memory, slope)
            before = seconds


if __name__ == "__main__":
    main()
