"""How long `inspect` takes, how close its estimate of the time is, and how long `collect` takes now
and in an earlier version.

python -m benchmarks.inspection [REVISION]   the revision to compare `collect` with
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from PIL import Image
from sklearn.datasets import load_wine

from assay.layouts import raw_folder
from benchmarks.workspace import ROOT, SHARED, clone, code_only, machine, row, set_parameters, timed

RUNS = 3
N_PNG = 60_000
INSPECT = [sys.executable, "-m", "assay", "inspect"]
REPRO = [sys.executable, "-m", "dvc", "repro"]
COLLECT = [sys.executable, "-m", "stages.collect"]


def write_png(folder: Path) -> None:
    """The training images of MNIST as PNG, a folder for each class."""
    raw = raw_folder.read(SHARED / "mnist")
    for number in range(N_PNG):
        path = folder / raw.examples[number].label / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(raw.payload[number]).save(path)


def inspected(folder: Path) -> None:
    for name, path in {
        f"{N_PNG:,} PNG": folder / "png",
        "MNIST's IDX files": SHARED / "mnist",
    }.items():
        seconds = [timed([*INSPECT, str(path)], ROOT)[0] for _ in range(RUNS)]
        row(f"`inspect` on {name}", f"{statistics.median(seconds):.2f} s", "", "")


def collected(png: Path, revision: str) -> None:
    """`collect` on the PNG files: this code, and that of a revision, alternating."""
    with TemporaryDirectory() as before, code_only() as now:
        archive = ["git", "archive", revision, "assay", "stages", "params.yaml"]
        content = subprocess.run(archive, cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", before], input=content, check=True)
        pairs = []
        for folder in (now, Path(before)):
            (folder / "data/raw").mkdir(parents=True)
            shutil.copytree(png, folder / "data/raw/png", copy_function=os.link)
            set_parameters(folder, batches=["png"], pretrain__batches=["png"])
        folders = (now, Path(before))
        pairs = [
            [timed(COLLECT, folder, DVC_STAGE="collect@png")[0] for folder in folders]
            for _ in range(RUNS)
        ]
    first, second = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    row(f"`collect` on {N_PNG:,} PNG, before", f"{first:.1f} s", f"{second:.1f} s", ratio)


def wine(folder: Path) -> None:
    """A table of 5,000 rows: scikit-learn's wines, drawn again and again with noise."""
    bunch = load_wine(as_frame=True)
    drawn = bunch.data.sample(5000, replace=True, random_state=0)
    noise = drawn.sample(frac=1, random_state=1).to_numpy() * 0.001
    frame = (drawn + noise).assign(label=bunch.target[drawn.index].to_numpy())
    folder.mkdir(parents=True)
    frame.to_csv(folder / "examples.csv", index=False)


def texts(folder: Path) -> None:
    frame = pd.read_csv(SHARED / "banking77/train.csv")
    folder.mkdir(parents=True)
    frame.rename(columns={"category": "label"}).to_csv(folder / "examples.csv", index=False)


def sounds(folder: Path) -> None:
    for path in (SHARED / "fsdd").rglob("*.wav"):
        target = folder / path.name[0] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def pictures(folder: Path) -> None:
    """Every tenth training image of MNIST."""
    raw = raw_folder.read(SHARED / "mnist")
    for number in range(0, N_PNG, 10):
        path = folder / raw.examples[number].label / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(raw.payload[number]).save(path)


def estimated() -> None:
    """The time that `inspect` tells, and that of `dvc repro`."""
    for make in (pictures, sounds, texts, wine):
        with clone() as folder:
            make(folder / "data/raw/mine")
            command = [*INSPECT, "data/raw/mine", "--write", "--json"]
            told = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
            subprocess.run(
                [sys.executable, "-m", "dvc", "add", "-q", "data/raw/mine"],
                cwd=folder,
                env=os.environ,
                check=True,
            )
            seconds = timed(REPRO, folder)[0]
        facts = json.loads(told)
        name = f"{facts['examples']:,} of modality {facts['modality']}: told, taken"
        row(name, f"{facts['seconds']} s", f"{seconds:.0f} s", facts["seconds"] / seconds)


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "this", "beside", "ratio")
    row(*["---"] * 4)
    with TemporaryDirectory() as folder:
        write_png(Path(folder) / "png")
        inspected(Path(folder))
        if len(sys.argv) > 1:
            collected(Path(folder) / "png", sys.argv[1])
    estimated()


if __name__ == "__main__":
    main()
