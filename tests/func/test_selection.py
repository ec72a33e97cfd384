"""A sweep, typed as docs/selection.md has it: chosen by the validation split, scored on the test
split once.
"""

import re

import pytest

from tests.support.pipeline import ROOT, clone

WIDE = 120  # columns of a terminal

pytestmark = pytest.mark.slow


def test_the_sweep_of_the_docs(tmp_path):
    project = clone(tmp_path / "assay", shares_runs=True)
    project.run("git config user.name reader && git config user.email reader@example.com")
    project.run("dvc repro && git commit -qam built --allow-empty")
    before = project.yaml("metrics/evaluate.json")
    blocks = re.findall(
        r"```console\n(.*?)```", (ROOT / "docs/selection.md").read_text(), re.DOTALL
    )
    for part in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        said = project.run(command).stdout
        if shown.strip():
            assert scores(said) == scores(shown)
            assert max(map(len, said.splitlines())) <= WIDE
            narrow = project.run(in_one_table()).stdout
            best = min(scores(said), key=lambda row: float(row["validation_loss"]))
            assert (
                project.yaml("metrics/evaluate.json") == before
            )  # no candidate was scored on the test split
        elif command.startswith("dvc exp apply"):
            assert command.split()[-1] in best["Experiment"]
    assert project.yaml("params.yaml")["train"]["learning_rate"] == float(
        best["train.learning_rate"]
    )
    assert project.yaml("metrics/evaluate.json") != before
    assert project.run("git status --porcelain").stdout == ""
    judged = project.run("python -m assay compare rate-1 rate-2 --fail-if worse", check=False)
    assert judged.returncode == 2
    assert "no verdict: rate-1 has yet to run evaluate and rate-2 has" in judged.stdout
    assert max(map(len, narrow.splitlines())) <= WIDE
    assert "…" not in narrow
    assert {"accuracy_low", "train.learning_rate"} <= set(narrow.split())
    assert "[rate-1]" in narrow


def in_one_table() -> str:
    """The command of docs/comparing.md that shows experiments in a table for one screen."""
    text = (ROOT / "docs/comparing.md").read_text()
    return re.search(r"^\$ (dvc exp show --drop .*)$", text, re.MULTILINE)[1]


def scores(text: str) -> list[dict[str, str]]:
    """The rows of a Markdown table, each experiment by its name alone: its commit has another hash
    each time.
    """
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()
    ]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    return [
        row | {"Experiment": (re.findall(r"\[(.*)\]", row["Experiment"]) or [""])[0]}
        for row in found
    ]
