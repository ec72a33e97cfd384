"""DVC ignores what Assay ignores in a raw batch, so that junk that comes and goes runs no stage."""

import shutil
import subprocess

import pytest

from tests.support.pipeline import ROOT

pytestmark = pytest.mark.slow

JUNK = [
    ".hidden",
    "cat/.hidden.png",
    "cat/.ipynb_checkpoints/1.png",
    ".git/config",
    "__MACOSX/cat/._1.png",
    "#recycle/1.png",
    "$RECYCLE.BIN/1.png",
    "@eaDir/1.png",
    "lost+found/1.png",
    "System Volume Information/1",
    "cat/thumbs.db",
    "Desktop.ini",
    "Icon\r",
    "a.csv~",
    "~$a.csv",
]
DATA = ["cat/1.png", "Icons/1.png", "thumbs/1.png", ".gitignore", "cat/.gitignore", "a.csv.dvc"]


def test_dvc_ignores_what_assay_ignores(tmp_path):
    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr  # 1: nothing is ignored
        return done.stdout.decode()  # not as text, which would lose a carriage return

    run("git", "init", "-q")
    run("dvc", "init", "-q")
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    for name in [*JUNK, *DATA]:
        path = tmp_path / "data/raw/b" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    junk = [f"data/raw/b/{name}" for name in JUNK]
    assert run("dvc", "check-ignore", *junk) == "".join(f"{name}\n" for name in junk)
    assert run("dvc", "check-ignore", *(f"data/raw/b/{name}" for name in DATA)) == ""
    assert run("dvc", "check-ignore", "data/raw/.gitignore", "data/raw/b.dvc", ".github") == ""
