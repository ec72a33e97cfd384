"""Own data in two edits, as the README says, and what then happens when the batch changes; with the
real DVC.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from assay.contract import parquet_files, paths
from tests.func.test_story import blocks
from tests.support.own_batches import (
    ADDED,
    QUICK,
    RAW,
    UP_TO_DATE,
    drawings,
    parquet_table,
    raw_bytes,
    texts,
)
from tests.support.pipeline import PERSON, ROOT, clone
from tests.support.workspace import Workspace

pytestmark = pytest.mark.slow


def test_a_batch_that_changed_in_place(tmp_path: Path) -> None:
    """A file added, one changed, one removed: the next build has exactly that, and the tag has the
    old one.

    Whether the batch is added again or not: `dvc repro` notes what it was built from.
    """
    (tmp_path / "mine").mkdir()
    drawings(tmp_path / "mine", np.random.default_rng(0))
    project = clone(tmp_path / "assay", **PERSON)
    project.run("\n".join(["set -e", *ADDED]))
    project.set(batches=["mine"], pretrain__batches=["mine"], **QUICK)
    project.repro()
    project.run("git add . && git commit -qm v0 && git tag v0")
    versions, folder = [raw_bytes(project)], project.folder / RAW

    for number, typed in enumerate([f"dvc add {RAW}", "true"], start=1):
        (folder / f"low/{number}.png").rename(folder / f"high/new-{number}.png")
        (folder / f"high/{number}.png").write_bytes((folder / "low/0.png").read_bytes())
        (folder / f"high/{10 + number}.png").unlink()
        project.run(typed)
        assert "collect@mine" in project.repro()
        versions.append(raw_bytes(project))
        assert project.run("dvc status").stdout == UP_TO_DATE
        project.run(f"git add . && git commit -qm v{number} && git tag v{number}")
        rows = parquet_files.read_parquet(project.folder / paths.examples("mine")).to_pylist()
        keys = {key for row in rows for key in [row["key"], *row["duplicates"]]}
        assert keys == {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}

    for number, content in enumerate(versions):
        project.run(f"git checkout -q v{number} && dvc checkout")
        assert raw_bytes(project) == content
        assert project.run("dvc status").stdout == UP_TO_DATE


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
    section = (
        (ROOT / "README.md").read_text().split("\n## Own data in two edits\n")[1].split("\n## ")[0]
    )
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
        assert "Running stage 'digits'" not in project.run(line.removeprefix("$ ")).stdout
    assert project.run("git status --porcelain").stdout == ""
    assert (project.folder / paths.MODEL_CARD).exists()
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
    assert not (project.folder / paths.ENCODER).exists()


def test_a_misspelt_batch(tmp_path: Path) -> None:
    """Told before DVC looks for the folder, which it calls no more than `[Errno 2]`."""
    project = clone(tmp_path / "assay", **PERSON)
    project.set(batches=["mien"], pretrain__batches=["mien"])
    failed = project.run("dvc repro", check=False)
    (said,) = [line for line in failed.stderr.splitlines() if line.startswith("assay: ")]
    assert failed.returncode
    assert "there is no data/raw/mien, which params.yaml lists in batches: correct the name" in said
    assert "there are digits-1, digits-2, digits-3" in said


def test_a_batch_that_git_does_not_track_in_an_experiment(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc exp run --temp` and a queue copy what git tracks: not a new .dvc file."""
    workspace.raw({"examples.csv": "label,x\na,1\n"}, "b")
    asked = "type `git add data/raw/c.dvc`"
    assert asked not in workspace.run("batches").stderr
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "abc")
    assert asked in workspace.run("batches").stderr


def test_a_batch_that_nobody_tracks(workspace: Workspace) -> None:
    for command in (["git", "init", "-q"], ["git", "config", "core.excludesFile", ""]):
        subprocess.run(command, cwd=workspace.root, check=True)
    for batch in ("b", "c"):
        workspace.raw({"examples.csv": "label,x\na,1\n"}, batch)
    workspace.write("data/raw/c.dvc", "")
    said = workspace.done("batches")
    assert said.count("\n") == 1
    assert "data/raw/b is tracked by neither DVC nor git" in said
    assert "type `dvc add data/raw/b`, then `git add data/raw/b.dvc`" in said
    subprocess.run(["git", "add", "data/raw/b"], cwd=workspace.root, check=True)
    assert workspace.done("batches") == ""


def test_what_a_file_manager_leaves_changes_nothing(first_run: object) -> None:
    project = first_run.project
    for name in (".DS_Store", "Thumbs.db", "._labels.csv"):
        (project.folder / "data/collected/digits-1" / name).write_bytes(b"")
    assert project.repro() == set()
    for name in (".DS_Store", "Thumbs.db", "._labels.csv"):
        (project.folder / "data/collected/digits-1" / name).unlink()
