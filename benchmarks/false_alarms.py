"""How many examples of data without planted faults are called outliers, near-duplicates or leaks.

python -m benchmarks.false_alarms [tables] [fsdd] [banking77] [mnist] [cifar10]
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn import datasets

from assay.contract import files, paths
from benchmarks import modalities, planted
from benchmarks.workspace import SHARED, code_only, environment, machine, row, set_parameters


def independent(n: int, seed: int) -> pd.DataFrame:
    """Rows that have nothing to do with each other: numbers, dates, categories and gaps."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": np.exp(rng.normal(3, 1.2, n)).round(2),
            "items": rng.poisson(3, n),
            "country": rng.choice(list("abcde"), n, p=[0.5, 0.2, 0.15, 0.1, 0.05]),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, n), "D"),
            "member": rng.choice(["yes", "no"], n),
            "visits": rng.geometric(0.2, n),
        }
    ).astype({"when": str})
    return frame.mask(rng.random(frame.shape) < 0.03).assign(label=rng.choice(["x", "y"], n))


def tables(_name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for n in (1000, 3000):
        yield f"{n} independent rows", independent(n, n)
    yield "mixed", modalities.mixed()
    for load in (datasets.load_breast_cancer, datasets.load_wine, datasets.load_digits):
        loaded = load(as_frame=True)
        yield load.__name__, loaded.data.assign(label=loaded.target)


def texts(name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    frame = pd.read_csv(SHARED / "banking77/test.csv")
    yield name, frame.rename(columns={"category": "label"})


def media(name: str, raw: Path) -> None:
    if name == "fsdd":
        for path in sorted((SHARED / "fsdd").glob("*.wav")):
            shutil.copy(path, raw)
        names = sorted(path.name for path in raw.iterdir())
        labels = [each[0] for each in names]
    else:
        images, labels = (part[-5000:] for part in planted.load(name)["train"])
        names = [f"{number:05}.png" for number in range(len(images))]
        for image, file in zip(images, names, strict=True):
            Image.fromarray(image.squeeze()).save(raw / file)
    pd.DataFrame({"file_name": names, "label": labels}).to_csv(raw / "metadata.csv", index=False)


def report(name: str, make) -> None:
    with code_only() as folder:
        raw = folder / "data/raw/mine"
        raw.mkdir(parents=True)
        make(raw)
        (folder / "models/pretrained").mkdir(parents=True)
        (folder / "dvc.lock").touch()
        set_parameters(folder, batches=["mine"], pretrain__batches=["mine"], portable=False)
        for stage in ("collect@mine", "sample@mine", "pretrain", "embed@mine", "clean"):
            command = [sys.executable, "-m", f"stages.{stage.partition('@')[0]}"]
            stage_of = environment() | {"DVC_STAGE": stage}
            subprocess.run(command, cwd=folder, env=stage_of, check=True, capture_output=True)
        counts = files.read_json(folder / paths.CLEAN_METRICS)
    kinds = ("outlier", "near_duplicate", "leak")
    shares = [f"{counts[kind] / counts['examples']:.2%}" for kind in kinds]
    others = {kind: counts[kind] for kind in ("shortcut", "sorted_labels", "imbalance")}
    row(name, counts["examples"], *shares, json.dumps(others))


def main() -> None:
    print(f"# {machine()}\n")
    row("data", "examples", "outlier", "near_duplicate", "leak", "others")
    row(*["---"] * 6)
    for name in sys.argv[1:] or ("tables", "fsdd", "banking77", "mnist", "cifar10"):
        if name in {"tables", "banking77"}:
            for title, frame in (tables if name == "tables" else texts)(name):
                report(title, lambda raw, f=frame: f.to_csv(raw / "examples.csv", index=False))
        else:
            report(name, lambda raw, name=name: media(name, raw))


if __name__ == "__main__":
    main()
