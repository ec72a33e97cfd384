"""Branches that are merged, as docs/sharing.md says: each adds a batch, or files to one raw folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.own_batches import QUICK, rows_of_all_kinds
from tests.support.pipeline import PERSON, Project, clone
from tests.support.sites import commands

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What two people share: an origin of git, and a remote."""
    project = clone(tmp_path / "first", **PERSON)
    project.run(f"dvc remote add --default team {tmp_path}/remote")
    project.run(f"git clone -q --bare . {tmp_path}/origin && git remote add origin ../origin")
    return tmp_path


def add(project: Project, batch: str, batches: list[str], seed: int) -> None:
    raw = project.folder / "data/raw" / batch
    raw.mkdir()
    rows_of_all_kinds(raw, np.random.default_rng(seed))
    project.run(f"dvc add -q data/raw/{batch}")
    project.set(batches=batches, pretrain__batches=["one"], **QUICK)
    project.repro()
    project.run(f"git add -A && git commit -qm 'Add {batch}' && dvc push -q --run-cache")


def test_two_branches_that_each_add_a_batch(folder: Path) -> None:
    first = Project(folder / "first", **PERSON)
    add(first, "one", ["one"], 1)
    first.run("git push -q origin HEAD:main")
    people = {}
    for seed, (name, batch) in enumerate({"anna": "two", "bela": "three"}.items(), 2):
        first.run(f"git clone -q ../origin ../{name}")
        people[name] = Project(folder / name, **PERSON)
        people[name].run(f"dvc pull -q && git checkout -qb {name}")
        add(people[name], batch, ["one", batch], seed)
        people[name].run(f"git push -q origin {name}")

    anna, typed = people["anna"], commands("Two branches that each add a batch")
    anna.run("git fetch -q")
    merge, ours, repro, *rest = typed
    assert anna.run(merge, check=False).returncode == 1
    conflicts = set(anna.run("git diff --name-only --diff-filter=U").stdout.split())
    assert {"dvc.lock", "data/batches.json", "params.yaml"} <= conflicts
    folders = ("metrics/", "plots/")
    known = {name for name in conflicts if name in ours.split() or name.startswith(folders)}
    assert conflicts == known
    anna.run(ours)
    anna.set(batches=["one", "two", "three"], pretrain__batches=["one"])
    said = anna.run(repro).stdout
    assert "Running stage 'clean'" in said
    assert not [stage for stage in ("collect", "embed") if f"Running stage '{stage}@" in said]
    for line in rest:
        page = anna.run(line).stdout
    assert "+ three" in page
    assert anna.run("git status --porcelain").stdout == ""
    assert "<<<<<<<" not in anna.run("git grep -I -h '' -- metrics plots data dvc.lock").stdout
    batches = json.loads((anna.folder / "data/batches.json").read_text())["batches"]
    assert batches == ["one", "two", "three"]
    assert anna.run("dvc repro").stdout.endswith("Data and pipelines are up to date.\n")


def test_one_raw_folder_that_both_changed(folder: Path) -> None:
    first = Project(folder / "first", **PERSON)
    raw = first.folder / "data/raw/mine"
    raw.mkdir()
    (raw / "0.txt").write_text("0")
    first.run("dvc add -q data/raw/mine && git add -A && git commit -qm mine && dvc push -q")
    first.run("git push -q origin HEAD:main HEAD:refs/heads/bela")
    for name in ("anna", "bela"):
        first.run(f"git clone -q ../origin ../{name}")
        project = Project(folder / name, **PERSON)
        project.run("dvc pull -q data/raw/mine")
        (project.folder / f"data/raw/mine/{name}.txt").write_text(name)
        project.run(
            f"dvc add -q data/raw/mine && git commit -qam {name} && dvc push -q data/raw/mine"
        )
        project.run(f"git push -q origin HEAD:{'main' if name == 'anna' else name}")
    anna = Project(folder / "anna", **PERSON)
    anna.run("git fetch -q")
    for line in commands("One raw folder that both changed"):
        anna.run(line if line != "dvc pull" else "dvc pull data/raw/mine")
    found = sorted(path.name for path in (anna.folder / "data/raw/mine").iterdir())
    assert found == ["0.txt", "anna.txt", "bela.txt"]
