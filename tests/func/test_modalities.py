"""Sound, text and tables go through the same stages as images, with the same two edits."""

import csv
import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from PIL import Image

from assay import dataset
from benchmarks.workspace import set_parameters
from tests import tiny_bert
from tests.func.conftest import Workspace
from tests.func.pipeline import clone

pytestmark = pytest.mark.slow

CLASSES = ("low", "high")
EACH = 60
WORDS = {"low": ["tief", "底部", "منخفض", "🔻"], "high": ["hoch", "高い", "عالي", "🔺"]}
COMMON = ["and", "the", "of", "это", "ist", "!"]


def matrices(path: Path) -> set[bytes]:
    """The larger matrices in an ONNX file."""
    constants = map(onnx.numpy_helper.to_array, onnx.load(path).graph.initializer)
    return {array.tobytes() for array in constants if array.ndim == 2 and array.size >= tiny_bert.WIDTH**2}


def table(folder: Path, rows: list[dict]) -> None:
    with (folder / "examples.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def sounds(folder: Path, rng: np.random.Generator) -> None:
    """Tones in noise, in folders per class."""
    time = np.arange(4000) / 8000
    for label, hertz in zip(CLASSES, (300, 900), strict=True):
        (folder / label).mkdir()
        for number in range(EACH):
            tone = np.sin(2 * np.pi * hertz * rng.uniform(0.9, 1.1) * time) * rng.uniform(0.2, 0.6)
            file = io.BytesIO()
            soundfile.write(file, tone + rng.normal(0, 0.02, len(time)), 8000, format="WAV")
            (folder / label / f"{number}.wav").write_bytes(file.getvalue())


def texts(folder: Path, rng: np.random.Generator) -> None:
    """Sentences of words that one class has more often, in three scripts."""
    rows = []
    for number in range(2 * EACH):
        label = CLASSES[number % 2]
        said = [*rng.choice(COMMON, 5), *rng.choice(WORDS[label], 2), str(number)]
        rows.append({"text": " ".join(rng.permutation(said)), "label": label})
    table(folder, rows)


def rows_of_all_kinds(folder: Path, rng: np.random.Generator) -> None:
    """Numbers, dates and categories with gaps, each of which tells a part."""
    rows = []
    for number in range(3 * EACH):
        high = number % 2
        row = {
            "size": f"{rng.normal(2 * high):.3f}",
            "since": f"20{10 + 5 * high + rng.integers(8)}-0{rng.integers(1, 9)}-1{rng.integers(10)}",
            "town": rng.choice(["Ulm", "Köln", "Bonn"], p=[0.6, 0.3, 0.1] if high else [0.1, 0.3, 0.6]),
        }
        gap = rng.choice(list(row))
        rows.append(row | ({gap: ""} if number % 4 > 2 else {}) | {"label": CLASSES[high]})
    table(folder, rows)


@pytest.mark.parametrize(
    ("make", "least", "asked"),
    [(sounds, 0.9, "high/1.wav"), (texts, 0.9, "examples.csv"), (rows_of_all_kinds, 0.7, "examples.csv")],
)
def test_from_raw_files_to_a_prediction(tmp_path: Path, make: object, least: float, asked: str) -> None:
    project = clone(tmp_path / "a")
    raw = project.folder / "data/raw/mine"
    raw.mkdir(parents=True)
    make(raw, np.random.default_rng(0))
    project.set(batches=["mine"], pretrain__batches=["mine"], collect__seconds=0.5, train__steps=100)
    project.repro()
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= least
    lines = project.run(f"python -m assay predict data/raw/mine/{asked}").stdout.splitlines()
    assert all(line.split("\t")[1] in CLASSES for line in lines)
    assert project.repro() == set()
    content = (project.folder / "dvc.lock").read_bytes()
    project.run("rm -rf data/embedded data/collected models/encoder models/classifier .dvc/cache")
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    project.run(f"{one_core}python -m dvc repro")
    assert (project.folder / "dvc.lock").read_bytes() == content


def drawings(folder: Path, rng: np.random.Generator) -> None:
    """Bright bars in noise, at the top or at the bottom, in folders per class."""
    for label, top in zip(CLASSES, (3, 12), strict=True):
        (folder / label).mkdir()
        for number in range(EACH):
            pixels = rng.integers(60, size=(17, 15))
            pixels[top + rng.integers(3), 2:12] = 250
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")


@pytest.mark.parametrize("make", [drawings, sounds, texts, rows_of_all_kinds])
def test_a_transformer(workspace: Workspace, make: object) -> None:
    raw = workspace.root / "data/raw/b"
    raw.mkdir(parents=True)
    make(raw, np.random.default_rng(0))
    how = {"method": "transformer", "epochs": 1, "steps": 100, "batches": ["b"]}
    given = {f"pretrain__{name}": value for name, value in how.items()}
    given |= {"batches": ["b"], "collect__seconds": 0.5, "train__learning_rate": 0.002, "train__steps": 200}
    set_parameters(workspace.root, **given)
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate", "train"):
        said = workspace.done(stage)
        assert "WARNING" not in said, stage
    learned, trained = dataset.read_json(dataset.ENCODER_INFO), dataset.read_json(dataset.TRAIN_METRICS)
    assert learned["method"] == "transformer"
    assert trained["start"] == "encoder"
    workspace.done("evaluate")
    assert dataset.read_json(dataset.EVALUATE_METRICS)["accuracy"] >= 0.8
    released = dataset.CLASSIFIER.read_bytes()
    if make is texts:
        dataset.drop_checkpoint()  # else, as DVC has not noted it, what was learned is only written again
    workspace.done("train")
    assert dataset.CLASSIFIER.read_bytes() == released


def test_texts_with_an_encoder_from_elsewhere(tmp_path: Path) -> None:
    project = clone(tmp_path / "a")
    raw, encoder = project.folder / "data/raw/mine", project.folder / "models/pretrained/tiny"
    raw.mkdir(parents=True)
    encoder.mkdir()
    texts(raw, np.random.default_rng(0))
    tiny_bert.save(encoder, sorted({*COMMON, *WORDS["low"], *WORDS["high"], *"底部高い"}))  # it splits Chinese
    project.set(batches=["mine"], pretrain__batches=["mine"], pretrain__encoder="tiny")
    project.repro()
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= 0.7
    assert project.yaml("metrics/train.json")["start"] == "frozen"
    project.set(train__start="encoder", train__lora=2, train__learning_rate=0.001, train__epochs=1, train__steps=40)
    project.repro()
    assert project.yaml("metrics/train.json")["start"] == "encoder"
    learned = [
        matrices(project.folder / f"models/{name}.onnx") for name in ("encoder/encoder", "classifier/classifier")
    ]
    assert learned[0]
    assert not learned[0] & learned[1]
    assert project.yaml("metrics/evaluate.json")["accuracy"] >= 0.7
    lines = project.run("python -m assay predict data/raw/mine/examples.csv").stdout.splitlines()
    assert all(line.split("\t")[1] in CLASSES for line in lines)
    digest = hashlib.md5((encoder / "model.safetensors").read_bytes()).hexdigest()
    assert (
        f"comes from elsewhere, `pretrained: tiny, MD5 {digest}`" in (project.folder / "release/README.md").read_text()
    )
