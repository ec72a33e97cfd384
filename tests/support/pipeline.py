"""Run the commands of a user in a clone of this repository, for the functional tests."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import yaml

from benchmarks.workspace import ROOT, environment, set_parameters
from tests.support import earlier_runs

CACHE = ".dvc/cache"
PERSON = {
    f"GIT_{who}_{what}": "anna@example.com"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


class Project:
    """A clone. Its commands run as in a shell in which the environment is active."""

    def __init__(self, folder: Path, *, shares_runs: bool = False, **environ: str) -> None:
        self.folder, self.environ = folder, environment() | environ
        self.shares_runs = shares_runs

    def run(self, command: str, *, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def repro(self) -> set[str]:
        """Run `dvc repro`. Return the stages that it ran, and those with outputs that it fetched
        from an earlier run.
        """
        said = self.run("dvc repro").stdout
        if self.shares_runs:
            earlier_runs.give(self.folder / CACHE)
        return set(
            re.findall(
                r"^(?:Running stage '(?=.*:)|Stage '(?=.* is cached))([^']+)'", said, re.MULTILINE
            )
        )

    def set(self, **changes: object) -> None:
        """Change params.yaml; `train__epochs=1` means train.epochs."""
        set_parameters(self.folder, **changes)

    def yaml(self, name: str) -> dict:
        return yaml.safe_load((self.folder / name).read_text())

    def commit(self, message: str) -> None:
        self.run(
            f"git add -A && git -c user.name=a -c user.email=a@example.com commit -qm '{message}'"
        )


def contents(project: Project, folders: Iterable[str]) -> dict[str, bytes]:
    """Every file in some folders of a project, with its content."""
    entries = [path for folder in folders for path in (project.folder / folder).rglob("*")]
    files = [path for path in entries if path.is_file()]
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in files}


def clone(folder: Path, *, shares_runs: bool = False, **environ: str) -> Project:
    """A fresh clone of what is in the working tree now, committed or not.

    If it `shares_runs`, outputs of the same stages in other tests are fetched: see `earlier_runs`.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, encoding="utf-8",
    )  # fmt: skip
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = Project(folder, shares_runs=shares_runs, **environ)
    project.run("git init -q -b main")
    project.commit("clone")
    if shares_runs:
        earlier_runs.take(folder / CACHE)
    return project
