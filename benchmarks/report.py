"""The report of a built pipeline: time of its stage, size, and time to open it in Chromium.

python -m benchmarks.report [FOLDER...]

Without a folder, two pipelines are built first: MNIST, and the images of CIFAR-10N with the labels
of three people.
"""

import os
import statistics
import sys
import time
from contextlib import chdir
from pathlib import Path

import pyarrow.parquet as pq
from playwright.sync_api import sync_playwright

from assay.contract import paths
from benchmarks import label_quality, mnist
from benchmarks.workspace import clone, environment, machine, row, set_parameters, timed

REPEATS = 5


def stage(folder: Path) -> float:
    """CPU seconds of the stage, with its imports."""
    command = [sys.executable, "-m", "stages.report"]
    with chdir(folder):
        process = os.posix_spawn(sys.executable, command, environment() | {"DVC_STAGE": "report"})
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"the report of {folder} failed")
    return usage.ru_utime + usage.ru_stime


def opening(page: Path) -> float:
    """Seconds until the page is drawn and its load event is over."""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        opened = browser.new_page()
        start = time.perf_counter()
        opened.goto(page.as_uri())
        opened.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


def prepare_cifar10n(folder: Path) -> None:
    """CIFAR-10N as the only batch of a clone: three labels an image, split by Assay."""
    raw = folder / "data/raw/cifar10n"
    label_quality.batch(raw, (1, 2, 3))
    examples = pq.read_table(raw / "examples.parquet").drop_columns("split")
    pq.write_table(examples, raw / "examples.parquet")
    set_parameters(folder, batches=["cifar10n"], pretrain__batches=["cifar10n"], portable=False)


def measure(name: str, folder: Path) -> None:
    seconds = statistics.median(stage(folder) for _ in range(REPEATS))
    page = folder / paths.REPORT
    opened = statistics.median(opening(page) for _ in range(REPEATS))
    row(name, f"{seconds:.2f}", f"{page.stat().st_size / 1000:.0f}", f"{opened:.2f}")


def main() -> None:
    print(machine())
    row("folder", "stage, s of CPU", "size, kB", "opening, s")
    for name in sys.argv[1:]:
        measure(Path(name).name, Path(name).resolve())
    if sys.argv[1:]:
        return
    made = {"mnist": lambda folder: mnist.prepare(folder, portable=False)}
    for name, prepare in (made | {"cifar10n": prepare_cifar10n}).items():
        with clone() as folder:
            prepare(folder)
            timed([sys.executable, "-m", "dvc", "repro"], folder)
            measure(name, folder)


if __name__ == "__main__":
    main()
