"""`clean` on synthetic embeddings: 100,000 and 1,000,000 rows of 256 numbers, 10 classes, 5 % wrong labels.

Copies are not looked for: above 100,000 examples `clean` says that it does not, below it takes time of its own.
"""

import math
import sys

import numpy as np
import pyarrow as pa

from assay import dataset
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

WIDTH, CLASSES, WRONG = 256, 10, 0.05


def write(n: int) -> None:
    """One batch of `n` examples, as collect and embed leave it, in the current folder."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=n)
    centres = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    blocks = (
        0.15 * centres[part] + rng.standard_normal((len(part), WIDTH), np.float32)
        for part in np.array_split(labels, max(1, n // 10_000))
    )
    dataset.write_rows(dataset.embeddings("synthetic"), n, blocks)
    ids = [f"{number:032x}" for number in range(n)]
    columns = {"id": pa.array(ids), "key": pa.array(ids), "split": pa.array(["train"] * n)}
    columns["feature:none"] = pa.array(np.zeros(n, np.float32))
    dataset.write_examples("synthetic", {"modality": "table", "shape": [1], "features": ["none"]}, columns)
    wrong = rng.random(n) < WRONG
    given = np.where(wrong, (labels + rng.integers(1, CLASSES, n)) % CLASSES, labels)
    dataset.write_csv(
        dataset.labels("synthetic"), ["id", "annotator", "label"], zip(ids, ["given"] * n, given.tolist(), strict=True)
    )
    dataset.write_json(dataset.LISTED, {"batches": ["synthetic"]})


def main() -> None:
    print(f"# {machine()}\n")
    row("clean", "portable", "seconds", "GiB", "log-log slope")
    row("---", "---", "---", "---", "---")
    for portable in (False, True):
        before = None
        for n in (100_000, 1_000_000):
            with code_only() as folder:
                copies = {f"clean__beyond__{kind}": "ignore" for kind in ("near_duplicate", "leak")}
                set_parameters(folder, portable=portable, **copies)
                script = f"from benchmarks.clean_scale import write; write({n})"
                timed([sys.executable, "-c", script], folder, PYTHONPATH=str(ROOT))
                seconds, memory = timed([sys.executable, "-m", "stages.clean"], folder)
            slope = "" if before is None else math.log10(seconds / before)
            row(f"{n:,} × {WIDTH}", portable, seconds, memory, slope)
            before = seconds


if __name__ == "__main__":
    main()
