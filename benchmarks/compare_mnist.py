"""`compare` on two versions of MNIST that differ in 6,000 of 60,000 labels: its wall-clock time and
its processor time.

python -m benchmarks.compare_mnist

The quality of the model does not matter here, so training is very short.
"""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from assay.contract import csv_files, paths
from benchmarks.mnist import prepare
from benchmarks.workspace import clone, environment, machine, row, timed

RELABELLED = 6_000
RUNS = 3
COMPARE = [sys.executable, "-m", "assay", "compare", "before", "after"]


def shell(command: str, folder: Path) -> None:
    subprocess.run(
        command, shell=True, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL
    )


def tag(name: str, folder: Path) -> None:
    shell(
        f"git add -A && git -c user.name=a -c user.email=a@example.com commit -qm {name} && git tag {name}",
        folder,
    )


def relabel(folder: Path) -> None:
    """People answer for 6,000 examples; each answer is another class than before."""
    labels = (
        csv_files.read_csv(folder / paths.ANNOTATED_LABELS)
        .to_pandas()
        .sample(RELABELLED, random_state=0)
    )
    other = (
        labels["label"].astype(int) + np.random.default_rng(0).integers(1, 10, RELABELLED)
    ) % 10
    answers = zip(labels["id"], ["anna"] * RELABELLED, other, strict=True)
    lines = ["id,annotator,label", *(",".join(map(str, answer)) for answer in answers)]
    (folder / paths.ANNOTATIONS / "anna.csv").write_text("\n".join(lines) + "\n")


def versions(folder: Path) -> None:
    """Both versions, tagged, in a clone where MNIST is prepared."""
    shell("dvc repro evaluate", folder)
    tag("before", folder)
    relabel(folder)
    shell("dvc repro evaluate", folder)
    tag("after", folder)


def measure(folder: Path) -> None:
    commands = {
        "`dvc --version`": [sys.executable, "-m", "dvc", "--version"],
        "`dvc params diff`": [sys.executable, "-m", "dvc", "params", "diff", "before", "after"],
        "`compare`": COMPARE,
        "`compare --why`": [*COMPARE, "--why"],
    }
    row("command", "least s", "least CPU s")
    row(*["---"] * 3)
    for name, command in commands.items():
        runs = [(timed(command, folder)[0], cpu(command, folder)) for _ in range(RUNS)]
        row(name, *map(min, zip(*runs, strict=True)))


def cpu(command: list[str], folder: Path) -> float:
    """Seconds that a command works, which other work on the machine makes longer by less than those
    on the clock.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    print(f"# {machine()}\n")
    with clone() as folder:
        prepare(folder, portable=False, train__epochs=1, train__steps=1)
        versions(folder)
        measure(folder)


if __name__ == "__main__":
    main()
