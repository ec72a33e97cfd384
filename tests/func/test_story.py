"""The story of docs/story.md, typed in a fresh clone; the README shows a part of it."""

import re

import pytest

from tests.support.pipeline import ROOT, clone

pytestmark = pytest.mark.slow


def blocks(section: str, page: str = "README.md") -> list[str]:
    """The console blocks of a section of a page."""
    text = (ROOT / page).read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```console\n(.*?)```", text, re.DOTALL)


def test_the_story_of_three_versions(tmp_path):
    """Every command is run, and prints exactly what the page shows, numbers included."""
    project = clone(tmp_path / "assay", shares_runs=True)
    project.run("git config user.name reader && git config user.email reader@example.com")
    shown, printed = [], {}
    for command, output in commands(blocks("The three versions", "docs/story.md")):
        printed[command] = table(project.run(command).stdout)
        if output.strip():
            assert printed[command] == table(output), command
            shown.append(table(output))
    for command, output in commands(blocks("Three versions of a data set")):
        assert set(table(output)) <= set(printed[command]), command
    accuracies = [
        next(line.split() for line in lines if " accuracy " in line)
        for lines in shown
        if "Path" in lines[0]
    ]
    assert len(accuracies) == 2
    for _, _, old, new, change in accuracies:
        assert float(new) > float(old)
        assert float(change) > 0
    plots = project.run("dvc plots diff two-batches three-batches --out plots-diff").stdout
    page = (project.folder / "plots-diff" / "index.html").read_text()
    assert plots
    assert all(
        name in page for name in ("confusion", "reliability", "two-batches", "three-batches")
    )
    now, seen = (project.folder / "data/annotated/labels.csv").read_bytes(), []
    for command in re.findall(
        r"^\$ ([^#\n]*)", blocks("Back to any version", "docs/comparing.md")[0], re.MULTILINE
    ):
        project.run(command)
        if "dvc checkout" in command:
            seen.append((project.folder / "data/annotated/labels.csv").read_bytes())
    assert (project.folder / "then.csv").read_bytes() == seen[0]
    assert seen[0] != seen[1] == now


def commands(console_blocks: list[str]) -> list[tuple[str, str]]:
    """Each command, and what the page shows that it prints."""
    parts = re.split(r"^\$ ", "".join(console_blocks), flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def table(text: str) -> list[str]:
    return [f" {' '.join(line.split())} " for line in text.strip().splitlines()]
