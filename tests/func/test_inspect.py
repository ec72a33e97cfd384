"""`python -m assay inspect`: what is said before anything runs, and the edits that it makes."""

import json
import subprocess
import sys

import pytest

from assay.contract import parameters, paths
from assay.inspection import edits, page
from assay.inspection.inspect import inspect
from tests.support.raw_files import image
from tests.support.workspace import Workspace

RAW = "data/raw/pets"
PETS = {f"{label}/{row}.png": image(row) for label in ("cat", "dog") for row in range(3)}


@pytest.fixture
def folder(workspace: Workspace) -> Workspace:
    """A workspace whose params.yaml is the one that Assay came with, and a folder of pictures."""
    original = paths.Path(edits.__file__).parents[2] / "params.yaml"
    workspace.write("params.yaml", original.read_text())
    workspace.raw(PETS, "pets")
    return workspace


def run(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "assay", "inspect", RAW, *arguments]
    return subprocess.run(
        command, cwd=workspace.root, capture_output=True, encoding="utf-8", check=False
    )


def test_the_edits_are_two_lines_and_keep_the_comments(folder: Workspace) -> None:
    before = (folder.root / "params.yaml").read_text().splitlines()
    result = run(folder, "--write")
    assert result.returncode == 0, result.stderr
    after = (folder.root / "params.yaml").read_text().splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.partition("#")[0].strip() for line in changed] == [
        "batches: [pets]",
        "batches: [pets]",
    ]
    assert all("#" in line for line in changed)
    assert parameters.load().batches == ["pets"]
    assert "needs no edit" in run(folder).stdout


def test_a_second_batch_is_appended(folder: Workspace) -> None:
    run(folder, "--write")
    folder.raw(PETS, "more")
    facts = inspect(paths.RAW / "more", parameters.load())
    assert facts["edits"] == {"batches": ["pets", "more"], "pretrain.batches": ["pets", "more"]}


def test_pictures_of_many_sizes_get_one(folder: Workspace) -> None:
    folder.write(f"{RAW}/cat/large.png", image(9, (400, 200)))
    folder.write(f"{RAW}/cat/colour.png", image(9, (8, 8), "RGB"))
    facts = inspect(paths.Path(RAW), parameters.load())
    assert facts["error"] == ""
    assert set(facts["edits"]) == {"batches", "pretrain.batches"}
    run(folder, "--write")
    said = folder.done("collect@pets")
    for remark in facts["remarks"]:  # the same words
        assert f"{remark['action']}: {remark['count']} {remark['what']}" in said
    assert "64 x 64 pixels" in said
    assert "grey pictures become colour" in said


def test_a_folder_that_cannot_be_read_ends_in_one_line(folder: Workspace) -> None:
    (folder.root / RAW / "cat/0.png").write_bytes(b"no picture")
    facts = json.loads(run(folder, "--json").stdout)
    assert "cat/0.png cannot be decoded" in facts["error"]
    assert "dvc add" not in run(folder).stdout
    before = (folder.root / "params.yaml").read_bytes()
    run(folder, "--write")
    assert (folder.root / "params.yaml").read_bytes() == before
    missing = subprocess.run(
        [sys.executable, "-m", "assay", "inspect", "nowhere"],
        cwd=folder.root, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 1


def test_a_group_is_proposed(workspace: Workspace) -> None:
    rows = [f"{row},{row % 3},{'ab'[row % 2]},p{row % 4}\n" for row in range(40)]
    workspace.raw({"examples.csv": "x,y,label,patient\n" + "".join(rows)}, "pets")
    facts = inspect(paths.Path(RAW), parameters.load())
    assert facts["group"]["group"] == "patient"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_page_fits_the_terminal(
    folder: Workspace, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    folder.write(f"{RAW}/.hidden", "x")
    text = page.page(inspect(paths.Path(RAW), parameters.load()), written=False)
    assert max(map(len, text.splitlines())) <= width
    assert "ignored" in text
    assert "cat 3, dog 3" in text


def test_names_are_shown_escaped(workspace: Workspace) -> None:
    workspace.raw({"examples.csv": "label,x\n\x1b[31mred,1\nb,2\n"}, "pets")
    assert "\x1b" not in page.page(inspect(paths.Path(RAW), parameters.load()), written=False)


def test_copies_are_looked_for_in_the_sample(workspace: Workspace) -> None:
    workspace.raw({f"{'ab'[row % 2]}/{row}.png": image(row // 4) for row in range(900)}, "pets")
    facts = inspect(paths.Path(RAW), parameters.load())
    (merged,) = (remark for remark in facts["remarks"] if remark["action"] == "merged")
    assert 0 < merged["count"] < facts["decoded"] == 300
    among = "300 of them were decoded for this page, and copies were looked for among these alone"
    assert among in " ".join(page.page(facts, written=False).split())
