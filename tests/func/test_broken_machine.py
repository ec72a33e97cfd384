"""A disk that is full, one that cannot be written to, a clock that is wrong: one line, nothing by
halves, then on.
"""

import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.support import pipeline
from tests.support.raw_files import idx
from tests.support.workspace import Workspace

ROOM = 4096  # bytes that are left: a page

Break = Callable[[], AbstractContextManager[None]]


def mounted(*command: object) -> bool:
    return not subprocess.run([*map(str, command)], capture_output=True, check=False).returncode


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB at `tmp_path`; ask for it before whatever else is there."""
    if not mounted("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", tmp_path):
        pytest.skip("only root may mount a disk")
    yield tmp_path
    mounted("umount", "-l", tmp_path)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler, status = disk / "filler", os.statvfs(disk)
    filler.write_bytes(bytes(status.f_bavail * status.f_frsize - ROOM))
    yield
    filler.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    assert mounted("mount", "-o", "remount,ro", disk)
    yield
    assert mounted("mount", "-o", "remount,rw", disk)


@contextmanager
def small_files_only() -> Iterator[None]:
    """Where no disk can be mounted: files may not grow beyond a limit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def written_only_when_mended(workspace: Workspace, broken: Break, says: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, 400 * 64, dtype=np.uint8).tobytes()
    labels = bytes(row % 2 for row in range(400))
    workspace.raw({"train-images-idx3-ubyte": idx(400, 8, 8, content=pixels)})
    workspace.write("data/raw/b/train-labels-idx1-ubyte", idx(400, content=labels))
    workspace.set("batches", ["b"])
    workspace.set("pretrain.batches", ["b"])
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b"):
        with broken():
            failed = workspace.run(stage)
        assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1), (
            stage,
            failed.stderr,
        )
        assert says in failed.stderr
        left = workspace.files()
        workspace.done(stage)
        assert left.items() <= workspace.files().items()  # what is there is whole


@pytest.mark.slow
def test_a_full_disk(small_disk: Path, workspace: Workspace) -> None:
    written_only_when_mended(workspace, lambda: full(small_disk), "No space left on device")


@pytest.mark.slow
def test_a_disk_that_cannot_be_written_to(small_disk: Path, workspace: Workspace) -> None:
    written_only_when_mended(workspace, lambda: read_only(small_disk), "Read-only file system")


@pytest.mark.slow
def test_no_room_for_large_files(workspace: Workspace) -> None:
    written_only_when_mended(workspace, small_files_only, "File too large")


@pytest.mark.slow
def test_the_disk_fills_up_under_dvc(small_disk: Path) -> None:
    project = pipeline.clone(small_disk / "clone")
    with full(small_disk):
        assert project.run("dvc repro collect", check=False).returncode
    project.run("dvc repro collect")
    assert project.run("git status --porcelain").stdout == ""
    assert project.run("dvc status collect").stdout == "Data and pipelines are up to date.\n"


@pytest.mark.slow
@pytest.mark.parametrize("year", [1990, 2035])
def test_a_clock_that_is_wrong(tmp_path: Path, year: int) -> None:
    project = pipeline.clone(tmp_path)
    collect = "dvc repro collect@digits-1"
    project.run(collect)
    project.run(f"find . -path ./.git -prune -o -type f -exec touch -d {year}-01-02 {{}} +")
    assert "Running stage" not in project.run(collect).stdout
    project.run(f"echo '# an edit' >> stages/collect.py; touch -d {year}-01-01 stages/collect.py")
    assert re.findall("Running stage '(.*)'", project.run(collect).stdout) == ["collect@digits-1"]
