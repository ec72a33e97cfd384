"""Sound, text and tables go through the same stages as images, with the same two edits."""

import csv
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

from assay.contract import files, paths
from benchmarks.workspace import set_parameters
from tests.support import tiny_bert
from tests.support.own_batches import (
    CLASSES,
    COMMON,
    WORDS,
    drawings,
    rows_of_all_kinds,
    sounds,
    texts,
)
from tests.support.pipeline import Project, clone
from tests.support.workspace import Workspace

pytestmark = pytest.mark.slow


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def matrices(path: Path) -> set[bytes]:
    """The larger matrices in an ONNX file."""
    constants = map(onnx.numpy_helper.to_array, onnx.load(path).graph.initializer)
    return {
        array.tobytes()
        for array in constants
        if array.ndim == 2 and array.size >= tiny_bert.WIDTH**2
    }


# what people are shown of an example where there is one line for it
FILE = r"data/raw/mine/(low|high)/\d+\.wav"
TEXT = r"(\S+ ){7}\S+"
ROW = r"size = (-?\d+(\.\d+)?)?; since = (20\d\d-0\d-1\d)?; town =( (Ulm|Köln|Bonn))?"


def opens_elsewhere(project: Project) -> None:
    """Export, and read the folder with the `datasets` of Hugging Face."""
    said = project.run("python -m assay export ../parquet").stdout
    read = "from datasets import load_dataset as load; d = load('../parquet', cache_dir='../cache')"
    count = (
        "print(sum(len(d[s]) for s in d), d['train'].features['label'].names, list(d['train'][0]))"
    )
    if "audio" in str(project.yaml("models/classifier/classes.json")):
        count = count.replace("d['train'][0]", "d['train'].column_names")  # it decodes with torch
    done = project.run(f'HF_HUB_OFFLINE=1 python -c "{read}; {count}"').stdout
    total = sum(int(number) for number in re.findall(r"(\d+) (?:train|test|validation)", said))
    assert done.startswith(f"{total} ['high', 'low'] [")
    assert "'assay_suggested'" in done
    assert "'assay_embedding'" in done
    again = project.run("python -m assay export ../parquet", check=False)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("make", "least", "asked", "line"),
    [
        (sounds, 0.9, "high/1.wav", FILE),
        (texts, 0.9, "examples.csv", TEXT),
        (rows_of_all_kinds, 0.7, "examples.csv", ROW),
    ],
)
def test_from_raw_files_to_a_prediction(
    tmp_path: Path, make: object, least: float, asked: str, line: str
) -> None:
    project = clone(tmp_path / "a")
    raw = project.folder / "data/raw/mine"
    raw.mkdir(parents=True)
    make(raw, np.random.default_rng(0))
    project.set(batches=["mine"], pretrain__batches=["mine"], collect__seconds=0.5, train__steps=40)
    project.repro()
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= least
    report = (project.folder / paths.REPORT).read_text(encoding="utf-8")
    accuracy = project.yaml("metrics/evaluate.json")["accuracy"]
    assert f"right on {100 * accuracy:.1f}\u00a0% of" in report
    assert not re.search(r"""(src|href)=(?!["'](#|data:))|url\(|@import|<script""", report)
    assert ("<audio" in report) == (make is sounds)
    lines = project.run(f"python -m assay predict data/raw/mine/{asked}").stdout.splitlines()
    assert all(line.split("\t")[1] in CLASSES for line in lines)
    assert project.repro() == set()
    for listed in (paths.QUEUE, paths.ISSUES):
        shown = [row["example"] for row in rows(project.folder / listed) if row["id"]]
        assert all(re.fullmatch(line, each) for each in shown), shown
    opens_elsewhere(project)
    if make is rows_of_all_kinds:
        project.run("python -m assay label-studio push --file tasks.json")
        tasks = (project.folder / "tasks.json").read_text(encoding="utf-8")
        assert re.search("town = (Ulm|Köln|Bonn)", tasks)
        assert {row["slice"] for row in rows(project.folder / paths.SLICE_METRICS)} == {
            "size",
            "since",
            "town",
        }
    if make is texts:  # they are trained twice below
        return
    content = (project.folder / "dvc.lock").read_bytes()
    project.run("rm -rf data/embedded data/collected models/encoder models/classifier .dvc/cache")
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    project.run(f"{one_core}python -m dvc repro")
    assert (project.folder / "dvc.lock").read_bytes() == content


def long_texts(folder: Path, rng: np.random.Generator) -> None:
    """Texts that tell their class after more words than a Transformer reads at a time."""
    texts(folder, rng)
    table = pd.read_csv(folder / "examples.csv")
    table["text"] = [" ".join(rng.choice(COMMON, 140)) + " " + text for text in table["text"]]
    table.to_csv(folder / "examples.csv", index=False)


@pytest.mark.parametrize(
    ("make", "method", "windows"),
    [(sounds, "patches", 2), (long_texts, "transformer", 2), (long_texts, "transformer", 1)],
)
def test_windows(workspace: Workspace, make: object, method: str, windows: int) -> None:
    raw = workspace.root / "data/raw/b"
    raw.mkdir(parents=True)
    make(raw, np.random.default_rng(0))
    how = {"method": method, "windows": windows, "epochs": 1, "steps": 8, "batches": ["b"]}
    given = {f"pretrain__{name}": value for name, value in how.items()}
    start = "auto" if windows > 1 else "frozen"
    set_parameters(workspace.root, **given, batches=["b"], collect__seconds=0.5, train__start=start)
    said = {
        stage: workspace.done(stage)
        for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate", "train")
    }
    workspace.done("evaluate")
    workspace.done("deploy")
    assert files.read_json(paths.TRAIN_METRICS)["start"] == "frozen"
    accuracy = files.read_json(paths.EVALUATE_METRICS)["accuracy"]
    assert (accuracy > 0.9) == (windows > 1)
    assert ("have more than 128 tokens" in said["pretrain"]) == (windows == 1)
    asked = raw / ("examples.csv" if make is long_texts else "high/1.wav")
    command = [sys.executable, "-m", "assay", "predict", str(asked)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert set(CLASSES) >= {line.split("\t")[1] for line in done.stdout.splitlines()}
    set_parameters(workspace.root, train__start="scratch")
    if windows > 1:
        result = workspace.run("train")
        assert result.returncode == 1
        assert "train.start: scratch: networks do not read pretrain.windows" in result.stderr


@pytest.mark.parametrize("make", [drawings, sounds, texts, rows_of_all_kinds])
def test_a_transformer(workspace: Workspace, make: object) -> None:
    raw = workspace.root / "data/raw/b"
    raw.mkdir(parents=True)
    make(raw, np.random.default_rng(0))
    how = {"method": "transformer", "epochs": 1, "steps": 30, "batches": ["b"]}
    given = {f"pretrain__{name}": value for name, value in how.items()}
    given |= {
        "batches": ["b"],
        "collect__seconds": 0.5,
        "train__learning_rate": 0.002,
        "train__epochs": 1,
        "train__steps": 30,
    }
    set_parameters(workspace.root, **given)
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate", "train"):
        said = workspace.done(stage)
        assert "WARNING" not in said, stage
    learned, trained = files.read_json(paths.ENCODER_INFO), files.read_json(paths.TRAIN_METRICS)
    assert learned["method"] == "transformer"
    assert trained["start"] == "encoder"
    workspace.done("evaluate")
    assert files.read_json(paths.EVALUATE_METRICS)["accuracy"] >= 0.8
    if make is texts:
        released = paths.CLASSIFIER.read_bytes()
        files.drop_checkpoint()  # else what was learned is only written again
        assert "WARNING" not in workspace.done("train")
        assert paths.CLASSIFIER.read_bytes() == released


def test_texts_with_an_encoder_from_elsewhere(tmp_path: Path) -> None:
    project = clone(tmp_path / "a")
    raw, encoder = project.folder / "data/raw/mine", project.folder / "models/pretrained/tiny"
    raw.mkdir(parents=True)
    encoder.mkdir()
    texts(raw, np.random.default_rng(0))
    tiny_bert.save(
        encoder, sorted({*COMMON, *WORDS["low"], *WORDS["high"], *"底部高い"})
    )  # it splits Chinese
    project.set(batches=["mine"], pretrain__batches=["mine"], pretrain__encoder="tiny")
    built = project.run("dvc repro evaluate").stdout
    assert "pretrain: pretrained: tiny, MD5 " in built
    assert "learned from" not in built[: built.index("embed")]
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= 0.7
    assert project.yaml("metrics/train.json")["start"] == "frozen"
    project.set(
        train__start="encoder",
        train__lora=2,
        train__learning_rate=0.001,
        train__epochs=1,
        train__steps=20,
    )
    project.run("dvc repro deploy")
    assert project.yaml("metrics/train.json")["start"] == "encoder"
    learned = [
        matrices(project.folder / f"models/{name}.onnx")
        for name in ("encoder/encoder", "classifier/classifier")
    ]
    assert learned[0]
    assert not learned[0] & learned[1]
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= 0.7
    lines = project.run("python -m assay predict data/raw/mine/examples.csv").stdout.splitlines()
    assert all(line.split("\t")[1] in CLASSES for line in lines)
    digest = hashlib.md5((encoder / "model.safetensors").read_bytes()).hexdigest()
    assert (
        f"comes from elsewhere, `pretrained: tiny, MD5 {digest}`"
        in (project.folder / "release/README.md").read_text()
    )
