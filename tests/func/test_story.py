"""The README's story of three data versions, typed as it stands there, in a fresh clone."""

import re

import pytest

from tests.func.pipeline import ROOT, clone

pytestmark = pytest.mark.slow


def blocks(section: str, page: str = "README.md") -> list[str]:
    """The console blocks of a section of a page."""
    text = (ROOT / page).read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```console\n(.*?)```", text, re.DOTALL)


def test_the_story_of_three_versions(tmp_path):
    """Every command is run; where the README shows what one prints, it prints that, numbers and all."""
    project = clone(tmp_path / "assay")
    project.run("git config user.name reader && git config user.email reader@example.com")
    shown = []
    for block in blocks("Three versions of a data set"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            said = project.run(command).stdout
            if output.strip():
                assert table(said) == table(output), command
                shown.append(table(output))
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


def table(text: str) -> list[str]:
    return [f" {' '.join(line.split())} " for line in text.strip().splitlines()]
