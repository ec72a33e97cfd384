"""What stages made in other tests: DVC's cache and its run cache, taken from test to test.

Some tests are not about running stages, but about what comes after. They need not run again what
another test has run, with the same code, data and parameters: DVC then fetches the outputs. A test
of running itself (equal bytes, killed processes, declared inputs) takes nothing.
"""

import os
import shutil
import tempfile
from pathlib import Path

_RUNS, _FILES = "runs", "files"
_shared: Path | None = None  # by all tests of a session, in all its processes; None: nothing is


def share(folder: Path) -> None:
    """Let the tests of this process take and give in `folder`."""
    global _shared  # noqa: PLW0603  (set once, by a fixture of the session)
    _shared = folder


def take(cache: Path) -> None:
    """Copy what is shared into a project's cache: runs first, since each has its files already."""
    for name in (_RUNS, _FILES):
        if _shared and (_shared / name).exists():
            _copy(_shared / name, cache / name)


def give(cache: Path) -> None:
    """Share what a project's cache has: files first, so that no run is shared without them."""
    for name in (_FILES, _RUNS):
        if _shared and (cache / name).exists():
            _copy(cache / name, _shared / name)


def _copy(source: Path, target: Path) -> None:
    """Copy files that are not there yet; none is seen half-written by another process."""
    for path in source.rglob("*"):
        copied = target / path.relative_to(source)
        if path.is_file() and not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=copied.parent.parent)
            os.close(handle)
            shutil.copy(path, part)
            Path(part).replace(copied)
