import fcntl
import json
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


@pytest.fixture(scope="session")
def between_processes(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this session of tests share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session", autouse=True)
def shared_runs(between_processes: Path) -> None:
    earlier_runs.share(between_processes / "earlier-runs")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, between_processes: Path) -> FirstRun:
    """Run once in a session, by the process that needs it first. Each process has a copy of its
    own.
    """
    home, made = tmp_path_factory.mktemp("fresh"), between_processes / "first-run"
    with (between_processes / "first-run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            part = tmp_path_factory.mktemp("part")
            noted = json.dumps(run_first(part / "assay"))
            (part / "noted.json").write_text(noted)
            part.rename(made)
    shutil.copytree(made / "assay", home / "assay", symlinks=True)
    noted = json.loads((made / "noted.json").read_text())
    project = Project(home / "assay", HOME=str(home))
    return FirstRun(project, set(noted["stages"]), noted["imports_of_tensorflow"])


def run_first(folder: Path) -> dict:
    """What a first run in a fresh clone is, beside its files; other tests can take them."""
    project = clone(folder, HOME=str(folder.parent))
    start = time.perf_counter()
    project.run(f"'{sys.executable}' -c 'import tensorflow'")
    imported = time.perf_counter()
    stages = project.repro()
    ratio = (time.perf_counter() - imported) / (imported - start)
    earlier_runs.give(folder / CACHE)
    return {"stages": sorted(stages), "imports_of_tensorflow": ratio}


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
