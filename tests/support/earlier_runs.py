"""Share the outputs of stages between tests: DVC's cache and its run cache.

Some tests do not test the run of stages, but what comes after it. If another test has run a stage
with the same code, data and parameters, DVC fetches its outputs. Tests of the run itself (equal
bytes, killed processes, declared inputs) take nothing from other tests.
"""

import os
import shutil
import tempfile
from pathlib import Path

_RUNS, _FILES = "runs", "files"
_shared: Path | None = None  # the folder of all processes of a session; None: nothing is shared


def share(folder: Path) -> None:
    """Let the tests of this process take from `folder` and give to it."""
    global _shared  # noqa: PLW0603  (set once, by a fixture of the session)
    _shared = folder


def take(cache: Path) -> None:
    """Copy what is shared into a project's cache: runs first, since their files are shared."""
    for name in (_RUNS, _FILES):
        if _shared and (_shared / name).exists():
            _copy(_shared / name, cache / name)


def give(cache: Path) -> None:
    """Share what a project's cache has: files first, so that no run is shared without them."""
    for name in (_FILES, _RUNS):
        if _shared and (cache / name).exists():
            _copy(cache / name, _shared / name)


def _copy(source: Path, target: Path) -> None:
    """Copy files that are not there yet. Other processes never see a half-written file."""
    for path in source.rglob("*"):
        copied = target / path.relative_to(source)
        if path.is_file() and not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=copied.parent.parent)
            os.close(handle)
            shutil.copy(path, part)
            Path(part).replace(copied)
