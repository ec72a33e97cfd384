import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.workspace import set_parameters
from tests.func.pipeline import Project, clone
from tests.func.sites import Site

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Workspace:
    """A folder in which the real stages run without DVC; params.yaml lists the batches `b` and `c`."""

    root: Path

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def raw(self, files: dict[str, str | bytes], batch: str = "b") -> None:
        (self.root / "data/raw" / batch).mkdir(parents=True)
        for name, content in files.items():
            self.write(f"data/raw/{batch}/{name}", content)

    def set(self, key: str, value: object) -> None:
        """Change one value of params.yaml; `key` is dotted."""
        set_parameters(self.root, **{key.replace(".", "__"): value})

    def run(self, stage: str) -> subprocess.CompletedProcess:
        """Run one stage, `collect@b` for instance, as DVC does."""
        command = [sys.executable, "-m", f"stages.{stage.partition('@')[0]}"]
        environment = os.environ | {"DVC_STAGE": stage}
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def done(self, stage: str) -> str:
        """Run one stage that must succeed; what it wrote to stderr."""
        result = self.run(stage)
        assert result.returncode == 0, result.stderr
        return result.stderr

    def files(self) -> dict[str, bytes]:
        """Every file but the code, with its content."""
        paths = (Path(folder, name) for folder, _, names in os.walk(self.root) for name in names)
        return {os.fsdecode(path.relative_to(self.root)): path.read_bytes() for path in paths}


@dataclass
class FirstRun:
    """A fresh clone with an empty home, after its first `dvc repro`: what that ran, and how long it took."""

    project: Project
    stages: set[str]
    imports_of_tensorflow: float


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    folder = tmp_path_factory.mktemp("fresh")
    project = clone(folder / "assay", HOME=str(folder))
    start = time.perf_counter()
    project.run(f"'{sys.executable}' -c 'import tensorflow'")
    imported = time.perf_counter()
    stages = project.repro()
    return FirstRun(project, stages, (time.perf_counter() - imported) / (imported - start))


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
