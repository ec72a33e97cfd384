"""What counts as an edit of an input while a stage runs; tests/func has the stages themselves."""

import os
from pathlib import Path

import pandas as pd
import pytest

from assay.annotation import answers
from assay.contract import edited_inputs, parameters, paths
from assay.contract.errors import InputError
from assay.layouts import raw_folder
from benchmarks.workspace import ROOT

TABLE = "label,size\ncat,1\ndog,2\n"
FOLDER = paths.RAW / "b"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inputs of `collect@b` and of `annotate`, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "collect@b")
    monkeypatch.setattr(edited_inputs, "_noted", {})
    monkeypatch.setattr(edited_inputs, "_parameters", {})
    for name in ("params.yaml", "dvc.yaml"):
        Path(name).write_bytes((ROOT / name).read_bytes())
    FOLDER.mkdir(parents=True)
    paths.ANNOTATIONS.mkdir(parents=True)
    (FOLDER / "table.csv").write_text(TABLE)
    (paths.ANNOTATIONS / "anna.csv").write_text("id,annotator,label\n")


def read() -> None:
    parameters.load()
    raw_folder.read(FOLDER)
    answers.latest(pd.DataFrame(columns=["id", "batch", "key"]), [])


@pytest.mark.parametrize(
    "name",
    [
        FOLDER / ".~lock.table.csv#",  # of LibreOffice
        FOLDER / ".DS_Store",
        FOLDER / "table.csv~",
        FOLDER / ".gitignore",  # of DVC
        paths.ANNOTATIONS / ".~lock.anna.csv#",
        paths.ANNOTATIONS / "tasks.json",
    ],
)
def test_what_is_not_read_may_come_and_go(name: Path) -> None:
    Path(FOLDER / ".hidden").touch()
    read()
    (FOLDER / ".hidden").unlink()
    name.touch()
    edited_inputs.check()


@pytest.mark.parametrize("path", [FOLDER / "table.csv", paths.ANNOTATIONS / "anna.csv"])
def test_an_edited_file_and_one_with_another_time(path: Path) -> None:
    read()
    content = path.read_text()
    path.write_text(f"{content}\n")
    with pytest.raises(InputError, match=f"^{path.parent} changed while collect@b ran: type"):
        edited_inputs.check()
    path.write_text(content)
    os.utime(path, ns=(0, 0))
    with pytest.raises(InputError, match="changed"):
        edited_inputs.check()


def test_a_file_that_is_added() -> None:
    read()
    (FOLDER / "notes.txt").touch()
    with pytest.raises(InputError, match=f"^{FOLDER} changed"):
        edited_inputs.check()


def test_a_link_that_leads_nowhere_is_no_traceback() -> None:
    read()
    (paths.ANNOTATIONS / "gone.csv").symlink_to("nowhere.csv")
    edited_inputs.check()
    (paths.ANNOTATIONS / "anna.csv").unlink()
    with pytest.raises(InputError, match=f"^{paths.ANNOTATIONS} changed"):
        edited_inputs.check()


def test_dvc_may_run_from_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """It then names a stage with its dvc.yaml."""
    monkeypatch.setenv("DVC_STAGE", "../dvc.yaml:collect@b")
    read()
    text = paths.PARAMETERS.read_text()
    paths.PARAMETERS.write_text(text.replace("learning_rate: 0.008", "learning_rate: 0.01"))
    edited_inputs.check()
    paths.PARAMETERS.write_text(text.replace("test: 0.2", "test: 0.3"))
    with pytest.raises(InputError, match=r"^params.yaml: collect changed"):
        edited_inputs.check()


def test_a_stage_of_another_dvc_yaml_declares_nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "mine/dvc.yaml:larger")
    read()
    paths.PARAMETERS.write_text(f"{paths.PARAMETERS.read_text()}\n")
    edited_inputs.check()


def test_outside_dvc_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE")
    read()
    (FOLDER / "notes.txt").touch()
    edited_inputs.check()
