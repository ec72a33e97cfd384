"""MNIST through the whole pipeline, by the two edits of the README, compared with the classic
script: accuracy and time.

python -m benchmarks.mnist [SEEDS]
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.workspace import (
    ROOT,
    SHARED,
    clone,
    environment,
    machine,
    row,
    set_parameters,
    timed,
)


def prepare(folder: Path, **changes: object) -> None:
    """Make MNIST the only batch of a clone, by the two edits, with other parameters changed."""
    shutil.copytree(SHARED / "mnist", folder / "data/raw/mnist", copy_function=shutil.copyfile)
    (folder / "data/raw/mnist").chmod(0o755)
    set_parameters(folder, batches=["mnist"], pretrain__batches=["mnist"], **changes)


def pipeline(folder: Path, seed: int, *, portable: bool) -> tuple[float, float]:
    """Seconds of `dvc repro` on MNIST alone, and the test accuracy."""
    prepare(folder, portable=portable, train__seed=seed, pretrain__seed=seed)
    seconds, _ = timed([sys.executable, "-m", "dvc", "repro"], folder)
    return seconds, json.loads((folder / "metrics/evaluate.json").read_text())["accuracy"]


def classic(seed: int) -> tuple[float, float]:
    """Seconds of the classic script, imports and all, and its test accuracy."""
    start = time.perf_counter()
    command = [sys.executable, ROOT / "benchmarks/classic_mnist.py", SHARED / "mnist", str(seed)]
    free = {name: value for name, value in environment().items() if not name.startswith("OPENBLAS")}
    done = subprocess.run(command, env=free, capture_output=True, check=True)
    return time.perf_counter() - start, float(done.stdout.split()[-1])


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"# {machine()}\n")
    row("seed", "pipeline s", "accuracy", "classic script s", "accuracy", "ratio")
    row(*["---"] * 6)
    results = []
    for seed in range(seeds):
        with clone() as folder:
            ours = pipeline(folder, seed, portable=False)
        theirs = classic(seed)
        results.append((*ours, *theirs, ours[0] / theirs[0]))
        row(seed, *(f"{value:.4g}" for value in results[-1]))
    row("median", *(f"{statistics.median(column):.4g}" for column in zip(*results, strict=True)))
    with clone() as folder:
        seconds, accuracy = pipeline(folder, 0, portable=True)
    row("0, portable (default)", f"{seconds:.4g}", f"{accuracy:.4g}", "", "", "")


if __name__ == "__main__":
    main()
