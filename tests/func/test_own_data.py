"""A user's own batch is never lost: tracked, shared, experimented with, changed, and brought back, with the real DVC."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import yaml
from onnx import TensorProto

from assay import dataset, graphs
from tests import tiny_bert
from tests.func.own_batches import COMMON, WORDS, drawings, rows_of_all_kinds, sounds, texts
from tests.func.pipeline import PERSON, ROOT, Project, clone
from tests.func.test_story import blocks

pytestmark = pytest.mark.slow

QUICK = {"train__epochs": 1, "train__steps": 1, "evaluate__resamples": 100, "collect__seconds": 0.5}
UP_TO_DATE = "Data and pipelines are up to date.\n"
RAW, PRETRAINED = "data/raw/mine", "models/pretrained"


def parquet_table(folder: Path, rng: np.random.Generator) -> None:
    rows_of_all_kinds(folder, rng)
    table = pyarrow.csv.read_csv(folder / "examples.csv")
    pq.write_table(table, folder / "examples.parquet")
    (folder / "examples.csv").unlink()


def flat_encoder(folder: Path) -> None:
    """An encoder of images, as one file: the pixels in a row."""
    graph = graphs.Graph()
    graph("Flatten", "payload", output="embedding")
    (folder / "flat.onnx").write_bytes(graph.to_onnx("flat", (TensorProto.FLOAT, [1, 17, 15])))


def bert_encoder(folder: Path) -> None:
    """An encoder of texts, as a folder."""
    (folder / "bert").mkdir()
    tiny_bert.save(folder / "bert", sorted({*COMMON, *WORDS["low"], *WORDS["high"], *"底部高い"}))


@dataclass
class Layout:
    """How a batch in `../mine` is made, what a user types to track it, and what else is set."""

    make: Callable[[Path, np.random.Generator], None]
    typed: list[str]
    params: dict[str, object] = field(default_factory=dict)


ADDED = [f"cp -r ../mine {RAW}", f"dvc add {RAW}"]
LAYOUTS = {
    "images": Layout(
        drawings,
        [*ADDED, f"cp ../encoders/flat.onnx {PRETRAINED}/", f"dvc add {PRETRAINED}/flat.onnx"],
        {"pretrain__encoder": "flat.onnx"},
    ),
    "sounds": Layout(sounds, ADDED),
    "one CSV": Layout(
        texts,
        [
            f"cp -r ../mine {RAW}",
            f"dvc add {RAW}/examples.csv",  # a file in the folder, not the folder
            f"cp -r ../encoders/bert {PRETRAINED}/",
            f"dvc add {PRETRAINED}/bert",
        ],
        {"pretrain__encoder": "bert"},
    ),
    "one Parquet": Layout(parquet_table, ADDED),
    "a folder from elsewhere": Layout(drawings, [f"dvc import-url $PWD/../mine {RAW}"]),
    "a file from elsewhere": Layout(
        rows_of_all_kinds, [f"mkdir {RAW}", f"dvc import-url $PWD/../mine/examples.csv {RAW}/examples.csv"]
    ),
}


@dataclass
class Own:
    """A pipeline of one own batch, built, committed and tagged `own`, and the raw bytes of that version."""

    project: Project
    raw: dict[str, bytes]


def raw_bytes(project: Project) -> dict[str, bytes]:
    """What the user brought: raw files and encoders."""
    folders = (project.folder / RAW, project.folder / PRETRAINED)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module", params=LAYOUTS)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Own:
    layout, folder = LAYOUTS[request.param], tmp_path_factory.mktemp("own")
    for name in ("mine", "encoders"):
        (folder / name).mkdir()
    layout.make(folder / "mine", np.random.default_rng(0))
    flat_encoder(folder / "encoders")
    bert_encoder(folder / "encoders")
    project = clone(folder / "assay", **PERSON)
    project.run("git tag default && dvc remote add --default team ../remote")
    project.run("\n".join(["set -e", *layout.typed]))
    project.set(batches=["mine"], pretrain__batches=["mine"], **QUICK, **layout.params)
    ran = project.repro()
    assert "collect@mine" in ran
    # LATER assert "digits" not in ran
    project.run("git add . && git commit -qm 'Own data' && git tag own && dvc push")
    return Own(project, raw_bytes(project))


def test_a_colleague_has_every_raw_byte(own: Own) -> None:
    bela = Project(own.project.folder.parent / "bela", **PERSON)
    Project(own.project.folder.parent).run("git clone -q assay bela")
    bela.run("dvc pull")
    assert raw_bytes(bela) == own.raw
    assert bela.run("dvc repro").stdout.endswith(UP_TO_DATE)
    assert bela.run("git status --porcelain").stdout == ""
    assert bela.run("dvc status").stdout == UP_TO_DATE


def test_experiments_versions_and_garbage_leave_the_raw_data(own: Own) -> None:
    project = own.project

    def whole(command: str) -> str:
        said = project.run(command).stdout
        assert raw_bytes(project) == own.raw, command
        return said

    assert whole("dvc data status") == "No changes.\n"
    assert RAW not in whole("git clean -n -d")
    whole("dvc exp run -S evaluate.resamples=101")
    whole("git checkout -f . && dvc checkout")
    whole("dvc exp run --queue -S evaluate.resamples=102 --name second && dvc exp run --run-all")
    whole("dvc exp apply second")
    assert project.yaml("params.yaml")["evaluate"]["resamples"] == 102
    whole("git checkout -f . && dvc checkout")
    project.run("git checkout -q default && dvc checkout", check=False)  # what the digits gave was never made here
    whole("git checkout -q - && dvc checkout")
    whole("dvc gc --workspace --force && dvc checkout")
    whole("dvc gc --all-tags --force && dvc checkout")
    assert whole("dvc data status") == "No changes.\n"
    project.run(f"rm -r {RAW}")
    assert "deleted" in project.run("dvc data status").stdout
    whole("dvc checkout")
    assert project.run("dvc status").stdout == UP_TO_DATE


@pytest.mark.parametrize("typed", [f"dvc add {RAW}", "true"])
def test_a_batch_that_changed_in_place(tmp_path: Path, typed: str) -> None:
    """A file added, one changed, one removed: the next build has exactly that, and the tag has the old one."""
    (tmp_path / "mine").mkdir()
    drawings(tmp_path / "mine", np.random.default_rng(0))
    project = clone(tmp_path / "assay", **PERSON)
    project.run("\n".join(["set -e", *ADDED]))
    project.set(batches=["mine"], pretrain__batches=["mine"], **QUICK)
    project.repro()
    project.run("git add . && git commit -qm first && git tag first")
    before, folder = raw_bytes(project), project.folder / RAW

    project.run(f"chmod -R u+w {RAW}")
    (folder / "low/0.png").rename(folder / "high/new.png")
    (folder / "high/0.png").write_bytes((folder / "low/1.png").read_bytes())
    (folder / "high/1.png").unlink()
    after = raw_bytes(project)
    project.run(typed)
    assert "collect@mine" in project.repro()
    assert project.run("dvc status").stdout == UP_TO_DATE
    project.run("git add . && git commit -qm second && git tag second")
    rows = dataset.read_parquet(project.folder / dataset.examples("mine")).to_pylist()
    keys = {key for row in rows for key in [row["key"], *row["duplicates"]]}
    assert keys == {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}

    for version, content in (("first", before), ("second", after)):
        project.run(f"git checkout -q {version} && dvc checkout")
        assert raw_bytes(project) == content
        assert project.run("dvc repro").stdout.endswith(UP_TO_DATE)


def test_what_is_not_saved_is_not_removed(tmp_path: Path) -> None:
    """Another version is asked for while a file of the batch is in no cache: it stays."""
    (tmp_path / "mine").mkdir()
    drawings(tmp_path / "mine", np.random.default_rng(0))
    project = clone(tmp_path / "assay", **PERSON)
    project.run("\n".join(["set -e", *ADDED, "git add .", "git commit -qm own"]))
    (project.folder / RAW / "low/new.png").write_bytes(b"the only copy")
    project.run("git checkout -q HEAD~1 && dvc checkout", check=False)
    project.run("git checkout -q - && dvc checkout", check=False)
    assert (project.folder / RAW / "low/new.png").read_bytes() == b"the only copy"


@pytest.mark.parametrize("make", [drawings, texts, parquet_table])
def test_own_data_in_two_edits(tmp_path: Path, make: Callable) -> None:
    """The section of the README, typed word for word in a fresh clone."""
    section = (ROOT / "README.md").read_text().split("\n## Own data in two edits\n")[1].split("\n## ")[0]
    add, build = blocks("Own data in two edits")
    (edit,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (tmp_path / "mine").mkdir()
    make(tmp_path / "mine", np.random.default_rng(0))
    project = clone(tmp_path / "assay", **PERSON)
    project.set(**QUICK)

    for line in add.splitlines():
        project.run(line.removeprefix("$ "))
    values = yaml.safe_load(edit)
    project.set(batches=values["batches"], pretrain__batches=values["pretrain"]["batches"])
    for line in build.splitlines():
        said = project.run(line.removeprefix("$ ")).stdout
        # LATER         assert "Running stage 'digits'" not in said
    assert project.run("git status --porcelain").stdout == ""
    assert (project.folder / dataset.MODEL_CARD).exists()
    assert sorted(path.name for path in (project.folder / "data/collected").iterdir()) == ["mine"]


def test_digits_that_are_still_listed(tmp_path: Path) -> None:
    """Told at the start, in one line that says what to do."""
    (tmp_path / "mine").mkdir()
    drawings(tmp_path / "mine", np.random.default_rng(0))
    project = clone(tmp_path / "assay", **PERSON)
    project.run("\n".join(["set -e", *ADDED]))
    project.set(batches=["digits-1", "mine"], pretrain__batches=["digits-1", "mine"])
    failed = project.run("dvc repro", check=False)
    said = [line for line in failed.stderr.splitlines() if line.startswith("assay: ")]
    assert failed.returncode
    assert len(said) == 1
    assert "take digits-1 out of batches and pretrain.batches" in said[0]
    assert not (project.folder / dataset.ENCODER).exists()


def test_what_a_file_manager_leaves_changes_nothing(first_run: object) -> None:
    project = first_run.project
    for name in (".DS_Store", "Thumbs.db", "._labels.csv"):
        (project.folder / "data/collected/digits-1" / name).write_bytes(b"")
    assert project.repro() == set()
    for name in (".DS_Store", "Thumbs.db", "._labels.csv"):
        (project.folder / "data/collected/digits-1" / name).unlink()
