"""Each stage of the default pipeline on an emulated processor: do its outputs have the same bytes
as on this one?

python -m benchmarks.other_processor QEMU [CPU [STAGE…]]

Run `dvc repro` first. Every stage reads what this processor made, so a difference belongs to the
stage that shows it. QEMU is the path of a `qemu-x86_64` of version 10 or later (7.2 computes some
things wrongly). Debian's package qemu-user, from trixie or bookworm-backports, can be unpacked
anywhere: `apt-get download qemu-user`, `dpkg -x qemu-user_*.deb qemu`. CPU is a name that
`QEMU -cpu help` lists. Haswell has no AVX-512. EPYC also has other caches and another maker.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import yaml

from benchmarks.workspace import ROOT, code_only, machine, row

MADE = ("data", "models", "metrics", "plots", "release")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    qemu, cpu, *chosen = sys.argv[1:] if len(sys.argv) > 2 else [sys.argv[1], "Haswell"]
    if subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--quiet"], cwd=ROOT, check=False
    ).returncode:
        sys.exit("run `dvc repro` first: there is nothing to compare with")
    stages = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    version = subprocess.run(
        [qemu, "--version"], capture_output=True, check=True, encoding="utf-8"
    ).stdout.split()[2]
    print(f"# {machine()}; {cpu} emulated by QEMU {version}\n")
    row(
        "stage", "s", "output", "bytes", "values that differ", "largest difference", "largest value"
    )
    row(*["---"] * 7)
    n_equal = n_outputs = 0
    with code_only() as folder:
        for name in MADE:
            shutil.copytree(ROOT / name, folder / name)
        for stage in chosen or stages:
            names = files(folder, stages[stage])
            native = {name: (folder / name).read_bytes() for name in names}
            for name in names:
                (folder / name).unlink()
            seconds = emulated([qemu, "-cpu", cpu], stage, folder)
            for name in names:
                equal = (folder / name).read_bytes() == native[name]
                row(
                    stage,
                    seconds,
                    name,
                    "equal" if equal else "differ",
                    *([""] * 3 if equal else sizes(folder, name)),
                )
                (folder / name).write_bytes(native[name])  # for the stages that read it
                n_equal, n_outputs = n_equal + equal, n_outputs + 1
    print(f"\n{n_equal} of {n_outputs} outputs are equal")
    sys.exit(n_equal < n_outputs)


def files(folder: Path, entry: dict) -> list[str]:
    """The files of a stage's outputs."""
    found = [folder / out["path"] for out in entry["outs"]]
    found = [
        file for path in found for file in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]
    return [file.relative_to(folder).as_posix() for file in found]


def emulated(emulator: list[str], stage: str, folder: Path) -> float:
    """Run a stage on the emulated processor; the seconds it took."""
    start = time.perf_counter()
    module = f"stages.{stage.partition('@')[0]}"
    command = [*emulator, sys.executable, "-m", module]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"DVC_STAGE": stage},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"{stage} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def sizes(folder: Path, name: str) -> tuple[str, float, float]:
    """How many numbers of an output differ from the native ones, by how much at most, and how large
    they are.
    """
    ours, theirs = (numbers(root / name) for root in (ROOT, folder))
    if len(ours) != len(theirs) or not len(ours):
        return f"{len(ours)} and {len(theirs)} numbers", np.nan, np.nan
    return (
        f"{(ours != theirs).sum()} of {len(ours)}",
        np.abs(ours - theirs).max(),
        np.abs(ours).max(),
    )


def numbers(path: Path) -> np.ndarray:
    """All numbers that a file holds; none where it holds text alone."""
    match path.suffix:
        case ".npy":
            arrays = [np.load(path)]
        case ".npz":
            arrays = list(np.load(path).values())
        case ".onnx":
            arrays = [
                onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer
            ]
        case ".csv" | ".parquet":
            frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
            arrays = [
                np.stack(frame[name])
                for name in frame
                if isinstance(frame[name].iloc[0], (float, np.ndarray))
            ]
        case _:
            arrays = []
    return np.concatenate([np.empty(0), *(each.ravel().astype(float) for each in arrays)])


if __name__ == "__main__":
    main()
