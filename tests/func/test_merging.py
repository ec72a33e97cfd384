"""Branches that are merged, as docs/sharing.md says: each adds a batch, or files to one raw folder.

And a newer Assay, as docs/upgrading.md says.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.own_batches import QUICK, rows_of_all_kinds
from tests.support.pipeline import PERSON, Project, clone
from tests.support.sites import Site, commands

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
        if name == "bela":
            people[name].set(clean__relabel_above=0.7)
        add(people[name], batch, ["one", batch], seed)
        people[name].run(f"git push -q origin {name}")

    anna, typed = people["anna"], commands("Two branches that each add a batch")
    anna.run("git fetch -q")
    merge, ours, diff, repro, *rest, since_anna, since_bela = typed
    assert anna.run(merge, check=False).returncode == 1
    conflicts = set(anna.run("git diff --name-only --diff-filter=U").stdout.split())
    assert {"dvc.lock", "data/batches.json", "params.yaml"} <= conflicts
    folders = ("metrics/", "plots/")
    known = {name for name in conflicts if name in ours.split() or name.startswith(folders)}
    assert conflicts == known
    anna.run(ours)
    shown = anna.run(diff).stdout.splitlines()
    added = [line.removeprefix("+").split("#")[0].strip() for line in shown if line[:1] == "+"]
    assert {"- three", "relabel_above: 0.7"} <= set(added), added
    batches = ["one", "two", "three"]
    anna.set(batches=batches, pretrain__batches=["one"], clean__relabel_above=0.7)
    said = anna.run(repro).stdout
    assert "Running stage 'clean'" in said
    assert not [stage for stage in ("collect", "embed") if f"Running stage '{stage}@" in said]
    for line in rest:
        anna.run(line)
    page = anna.run(since_anna).stdout
    assert "+ three" in page
    assert "clean.relabel_above 0.8 → 0.7" in page
    page = anna.run(since_bela).stdout
    assert "+ two" in page
    assert "relabel_above" not in page
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


def rewrite(project: Project, name: str, change: Callable[[str], str]) -> None:
    path = project.folder / name
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


@pytest.fixture
def newer(site: Site) -> Project:
    """A version of Assay that is newer than the origin: other code, comments and results."""
    newer = site.owner("newer")
    rewrite(newer, "stages/evaluate.py", lambda text: f"{text}# newer\n")
    rewrite(newer, "params.yaml", lambda text: text.replace("bootstrap resamples for", "of"))
    result = newer.folder / "metrics/evaluate.json"
    older = hashlib.md5(result.read_bytes(), usedforsecurity=False).hexdigest()
    rewrite(newer, "metrics/evaluate.json", lambda text: text.replace("0.9", "0.8"))
    now = hashlib.md5(result.read_bytes(), usedforsecurity=False).hexdigest()
    rewrite(newer, "dvc.lock", lambda text: text.replace(older, now))
    newer.commit("Newer")
    site.names["https://example.com/assay.git"] = str(newer.folder)
    return newer


@pytest.mark.usefixtures("newer")
def test_a_newer_assay(site: Site) -> None:
    page = "docs/upgrading.md"
    typed = commands("Upgrading: a newer Assay in a project with own data", page)
    fetch, merge, ours, install, repro, *rest = typed
    assert install.startswith("pip ")
    anna = site.owner("anna")
    rewrite(anna, "params.yaml", lambda text: text.replace("resamples: 1000 ", "resamples: 100 "))
    anna.repro()
    anna.commit("Own")

    site.type(anna, [fetch])
    assert anna.run(merge, check=False).returncode == 1
    conflicts = set(anna.run("git diff --name-only --diff-filter=U").stdout.split())
    assert {"dvc.lock", "params.yaml", "metrics/evaluate.json"} <= conflicts
    folders = ("metrics/", "plots/")
    assert all(name in ours.split() or name.startswith(folders) for name in conflicts)
    anna.run(ours)
    assert anna.yaml("params.yaml")["evaluate"]["resamples"] == 100
    diff, whole = (anna.run(line).stdout for line in commands("What conflicts", page))
    assert "+  resamples: 1000      # of each interval" in diff
    assert "\n  resamples: 1000      # of each interval" in whole
    own = anna.folder / "params.yaml"
    lines = own.read_text().splitlines(keepends=True)
    own.write_text("".join(line for line in lines if "resamples: 100 " not in line))
    said = anna.run(repro, check=False)
    assert (
        "params.yaml: evaluate.resamples: missing; copy from `git show HEAD:./params.yaml`"
        in said.stderr
    )
    own.write_text("".join(lines))

    assert "Running stage 'evaluate'" in anna.run("dvc repro").stdout
    for line in rest:
        page_of_versions = anna.run(line).stdout
    said = [line.split() for line in page_of_versions.splitlines()]
    (examples,) = (line[1:] for line in said if line[:1] == ["examples"])
    assert f"splits none of {examples[0]} moved".split() in said
    assert len(examples) == 1  # none is added or removed
    assert anna.run("git status --porcelain").stdout == ""
    assert anna.run("dvc repro").stdout.endswith("Data and pipelines are up to date.\n")
