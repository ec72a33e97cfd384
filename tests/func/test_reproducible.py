"""A fresh clone gives the committed bytes, wherever and however it is run."""

import shutil

import pytest

from tests.func.pipeline import Project, clone

pytestmark = pytest.mark.slow

UNUSUAL = {
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
    "OPENBLAS_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "1",
}


def unusual(project: Project) -> Project:
    run = project.run
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    project.run = lambda command, **options: run(f"umask 077; {one_core}sh -c '{command}'", **options)
    return project


def test_fresh_clone_is_clean_after_repro(tmp_path):
    project = clone(tmp_path / "assay", HOME=str(tmp_path))
    project.repro()
    assert project.run("git status --porcelain").stdout == ""
    assert project.repro() == set()


def test_same_bytes_in_an_unusual_place(tmp_path):
    folder = tmp_path / "Grüße aus 北京, mit Leerzeichen"
    project = unusual(clone(folder, HOME=str(tmp_path), **UNUSUAL))
    project.repro()
    assert project.run("git status --porcelain").stdout == ""
