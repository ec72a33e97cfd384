"""Ctrl-C while a stage imports: one line, and exit code 1."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.workspace import Workspace

# stands in for a library that takes long to import, and makes of an exception an error of its own
SLOW = """
import time
print("importing", flush=True)
try:
    time.sleep(60)
except BaseException as error:
    raise ImportError("numpy is broken") from error
"""


@pytest.fixture(autouse=True)
def not_ignored() -> Iterator[None]:
    """A shell starts what runs in the background with Ctrl-C ignored, perhaps these tests too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("library", ["pydantic", "pandas"])
def test_one_line(workspace: Workspace, library: str) -> None:
    """One library is imported before a stage's settings are made, one after."""
    workspace.write(f"slow/{library}.py", SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.evaluate"],
        env=os.environ | {"PYTHONPATH": str(workspace.root / "slow")},
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said.count("\n")) == (1, 1), said
    assert said.startswith("assay: interrupted; `dvc repro` goes on")
