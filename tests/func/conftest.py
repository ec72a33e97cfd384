import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import earlier_runs
from tests.support.pipeline import CACHE, Project, clone
from tests.support.sites import Site
from tests.support.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]


@dataclass
class FirstRun:
    """A fresh clone with an empty home, after its first `dvc repro`: what that ran, and how long it
    took.
    """

    project: Project
    stages: set[str]
    imports_of_tensorflow: float


@pytest.fixture(scope="session", autouse=True)
def shared_runs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    base = tmp_path_factory.getbasetemp()
    earlier_runs.share((base if worker_id == "master" else base.parent) / "earlier-runs")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    folder = tmp_path_factory.mktemp("fresh")
    project = clone(folder / "assay", HOME=str(folder))
    start = time.perf_counter()
    project.run(f"'{sys.executable}' -c 'import tensorflow'")
    imported = time.perf_counter()
    stages = project.repro()
    ratio = (time.perf_counter() - imported) / (imported - start)
    earlier_runs.give(project.folder / CACHE)
    return FirstRun(project, stages, ratio)


@pytest.fixture
def site(tmp_path: Path, first_run: FirstRun) -> Site:
    built = first_run.project
    shutil.copytree(built.folder / ".dvc/cache", tmp_path / "cache")
    built.run(f"git clone -q --bare . '{tmp_path / 'origin'}'")
    origin = "git@example.com:team/assay.git"
    return Site(tmp_path, built, {origin: str(tmp_path / "origin"), "/srv": str(tmp_path / "srv")})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for package in ("assay", "stages"):
        (tmp_path / package).symlink_to(REPOSITORY / package)
    workspace = Workspace(tmp_path)
    workspace.write("params.yaml", (REPOSITORY / "params.yaml").read_text())
    workspace.set("batches", ["b", "c"])
    workspace.set("pretrain.batches", ["b", "c"])
    monkeypatch.chdir(tmp_path)  # so that a test reads by the paths of assay what a stage wrote
    return workspace
