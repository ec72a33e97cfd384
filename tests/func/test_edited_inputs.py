"""Inputs that are edited while a stage runs: DVC must not record them as what the stage has used."""

import pytest

from benchmarks.workspace import ROOT
from tests.support.workspace import Workspace

# Python imports it at the start: at the first output of the stage it edits an input, as a person may.
PERSON = """
import os, sys

def edit(event, arguments):
    if event == "open" and "{output}" in str(arguments[0]) and not done:
        done.append(True)
        content = open("{path}").read()
        open("{path}", "w").write(content.replace("{before}", "{after}"))

done = []
sys.addaudithook(edit)
"""
BATCH = {"table.csv": "label,size\n" + "cat,1\ndog,2\n" * 20}
SUMMARY = "summary.json"  # an output of collect


@pytest.fixture
def edited(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PYTHONPATH", str(workspace.root / "person"))
    workspace.raw(BATCH)
    workspace.write("dvc.yaml", (ROOT / "dvc.yaml").read_bytes())
    return workspace


def person(workspace: Workspace, path: str, before: str, after: str) -> None:
    source = PERSON.format(output=SUMMARY, path=path, before=before, after=after)
    workspace.write("person/sitecustomize.py", source)


@pytest.mark.parametrize(
    ("path", "before", "after", "changed"),
    [
        ("data/raw/b/table.csv", "dog", "cow", "data/raw/b"),
        ("params.yaml", "test: 0.2", "test: 0.3", "params.yaml: collect"),
    ],
    ids=["a raw file", "a parameter of the stage"],
)
def test_the_stage_ends(
    edited: Workspace, path: str, before: str, after: str, changed: str
) -> None:
    person(edited, path, before, after)
    result = edited.run("collect@b")
    assert result.returncode == 1
    expected = f"assay: {changed} changed while collect@b ran: type `dvc repro` again"
    assert result.stderr.splitlines()[-1].startswith(expected)
    (edited.root / "person/sitecustomize.py").unlink()
    edited.done("collect@b")


def test_a_parameter_of_a_later_stage_and_a_comment(edited: Workspace) -> None:
    person(edited, "params.yaml", "learning_rate: 0.008", "learning_rate: 0.01  # higher")
    edited.done("collect@b")
    assert "learning_rate: 0.01  # higher" in edited.files()["params.yaml"].decode()
