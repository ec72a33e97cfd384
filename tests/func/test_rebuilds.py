"""What each change rebuilds, and nothing else: the table of the README, row by row, with the real
DVC.
"""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from assay.contract import paths
from tests.support.pipeline import Project, clone, contents

pytestmark = pytest.mark.slow

STAGES = list(yaml.safe_load((Path(__file__).parents[2] / "dvc.yaml").read_text())["stages"])
TWO = ["digits-1", "digits-2"]


def onward(stage: str) -> set[str]:
    """The stage and all that dvc.yaml lists after it."""
    return set(STAGES[STAGES.index(stage) :])


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A small pipeline of two batches that was run once."""
    project = clone(tmp_path_factory.mktemp("rebuilds") / "assay")
    project.set(
        train__start="frozen",  # no network: it would take most of the time
        train__epochs=1,
        train__steps=1,
        evaluate__resamples=100,
        batches=TWO,
        pretrain__batches=["digits-1"],
    )
    project.repro()
    return project


def edit(project: Project, path: str, pattern: str, replacement: str) -> None:
    file = project.folder / path
    text, changes = re.subn(pattern, replacement, file.read_text(), count=1)
    assert changes
    file.write_text(text)


def outputs(project: Project) -> dict[str, bytes]:
    """Every output of every stage, and its entry in dvc.lock."""
    folders = (
        "data/collected",
        "data/sampled",
        "data/embedded",
        "data/cleaned",
        "data/annotated",
        "models",
        "release",
    )
    return contents(project, folders)


def lock(project: Project) -> dict:
    """The entries of dvc.lock whose stages are still in dvc.yaml."""
    living = set(project.run("dvc stage list --name-only").stdout.split())
    return {
        name: entry for name, entry in project.yaml("dvc.lock")["stages"].items() if name in living
    }


def test_nothing(project):
    assert project.repro() == set()


def test_a_comment_in_evaluate(project):
    edit(project, "stages/evaluate.py", "def main", "# a comment\ndef main")
    assert project.repro() == {"evaluate"}


def test_a_training_parameter(project):
    project.set(train__start="scratch")
    project.repro()
    project.set(train__learning_rate=0.002)
    assert project.repro() == onward("train")


def test_a_training_that_dvc_had_not_noted(project):
    record, went_on = project.folder / "dvc.lock", "interrupted after epoch 1"
    before, train = record.read_bytes(), "dvc repro --no-run-cache train"
    project.set(train__seed=1, train__start="scratch")
    said = project.run(train).stderr
    assert went_on not in said
    assert all(line.startswith(("training", "epoch")) for line in said.splitlines()), said
    noted, trained = record.read_bytes(), (project.folder / paths.CLASSIFIER).read_bytes()
    record.write_bytes(before)  # as if all had been killed just before
    assert went_on in project.run(train).stderr
    assert (record.read_bytes(), (project.folder / paths.CLASSIFIER).read_bytes()) == (
        noted,
        trained,
    )
    assert went_on not in project.run(f"{train} --force --single-item").stderr
    project.set(train__start="frozen")
    project.repro()


def test_a_cleaning_parameter(project):
    project.set(clean__relabel_above=0.9999)
    assert project.repro() == onward("clean")


def test_an_answer(project):
    with (project.folder / paths.QUEUE).open() as file:
        asked = next(
            row for row in csv.DictReader(file) if row["split"] == "train" and row["given"]
        )
    answer = f"id,annotator,label\n{asked['id']},expert,{asked['suggested']}\n"
    (project.folder / paths.ANNOTATIONS / "expert.csv").write_text(answer)
    assert project.repro() == onward("annotate")


def test_answers_in_label_studio(project):
    project.run("python -m assay label-studio push --file tasks.json")
    assert project.repro() == set()
    tasks = json.loads((project.folder / "tasks.json").read_text())
    for number, task in enumerate(tasks):
        answer = {
            "id": number,
            "completed_by": 1,
            "updated_at": "2026-01-01T00:00:00Z",
            "was_cancelled": False,
        }
        task["annotations"] = [answer | {"result": task["predictions"][0]["result"]}]
    (project.folder / "export.json").write_text(json.dumps(tasks))
    project.run("python -m assay label-studio pull --file export.json")
    assert project.repro() == onward("annotate")
    assert "as before" in project.run("python -m assay label-studio pull --file export.json").stderr
    assert project.repro() == set()


def test_a_raw_label(project):
    """In a batch that users track themselves: what the stage `digits` deals out it would deal out
    again.
    """
    shutil.copytree(project.folder / "data/raw/digits-2", project.folder / "data/raw/own")
    project.set(batches=["digits-1", "own"])
    project.repro()
    edit(project, "data/raw/own/annotations.csv", r"(digit-\d+,anna,)\d", r"\g<1>0")
    assert project.repro() == {"collect@own"} | onward("clean")


def test_batches_come_and_go(project):
    project.set(batches=TWO)
    project.repro()
    before, entries = outputs(project), lock(project)

    project.set(batches=[*TWO, "digits-3"])
    assert project.repro() == {"batches", "collect@digits-3", "embed@digits-3"} | onward("clean")

    project.set(pretrain__batches=["digits-1", "digits-3"])
    embeds = {f"embed@digits-{number}" for number in (1, 2, 3)}
    assert project.repro() == {"sample@digits-3", "pretrain"} | embeds | onward("clean")

    project.set(pretrain__batches=["digits-1"], batches=[*TWO, "digits-3"])
    project.repro()
    project.set(batches=TWO)
    assert project.repro() == {"batches"} | onward("clean")
    assert outputs(project) == before
    assert lock(project) == entries
