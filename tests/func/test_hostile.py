"""Data that means harm: nothing reaches outside its folder, nothing runs, and what is refused is
one line.
"""

import csv
import io
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.support.raw_files import image, parquet
from tests.support.workspace import Workspace

CLASSES = [
    "a/b",
    "../../c",
    "d\ne",
    "f" * 300,
    "${PATH}",
    "$(touch ran)",
    "; touch ran #",
    "=1+1",
    "<script>alert(1)</script>",
]
DVC = yaml.safe_load((Path(__file__).parents[2] / "dvc.yaml").read_text())["stages"]
ALL_STAGES = [
    f"{name}{item}"
    for name in list(DVC)[list(DVC).index("collect") :]
    for item in (["@b", "@c"] if "foreach" in DVC[name] else [""])
]


@pytest.mark.parametrize("target", ["/etc/hosts", "../../secret.png", "../../../raw"])
def test_links_out_of_a_batch_are_refused(workspace: Workspace, target: str) -> None:
    workspace.raw({"a/1.png": image(1), "b/2.png": image(2)})
    workspace.write("data/raw/secret.png", image(3))
    (workspace.root / "data/raw/b/a/3.png").symlink_to(target)
    before = workspace.files()
    refused = workspace.run("collect@b")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"assay: data/raw/b/a/3.png is a link to {target}: put the file itself there"
    ]
    assert workspace.files() == before


def test_links_into_the_cache_of_dvc_are_followed(workspace: Workspace) -> None:
    workspace.raw({"a/1.png": image(1), "b/2.png": image(2)})
    kept = workspace.root / ".dvc/cache/files/md5/ab/cdef"
    kept.parent.mkdir(parents=True)
    (workspace.root / "data/raw/b/b/2.png").rename(kept)
    (workspace.root / "data/raw/b/b/2.png").symlink_to(kept)
    workspace.done("collect@b")


@pytest.mark.slow
def test_names_that_a_shell_a_path_or_a_page_would_take_for_more(workspace: Workspace) -> None:
    workspace.set("train.start", "frozen")
    workspace.set("collect.test", 0.3)
    for batch in ("b", "c"):
        rows = range(20 * len(CLASSES))
        labels = [CLASSES[row % len(CLASSES)] for row in rows]
        keys = [f"$(touch ran); ../../{row}\n`touch ran`" for row in rows]
        values = [
            float(row % len(CLASSES)) + 0.01 * (row + (batch == "c") / 2) / len(rows)
            for row in rows
        ]
        workspace.raw(
            {"examples.parquet": parquet(label=labels, key=keys, x=values, y=values[::-1])}, batch
        )
    outside = set(workspace.root.parent.iterdir())
    for stage in ALL_STAGES:
        workspace.done(stage)
    assert set(workspace.root.parent.iterdir()) == outside
    assert not [name for name in workspace.files() if Path(name).name == "ran"]
    top = {
        "assay",
        "stages",
        "params.yaml",
        "data",
        "models",
        "metrics",
        "plots",
        "release",
        ".dvc",
    }
    assert {name.partition("/")[0] for name in workspace.files()} <= top
    assert b"<script>alert" not in workspace.files()["data/cleaned/gallery.html"]
    assert b"<script>" not in workspace.files()["release/report.html"]
    assert b"</script>" not in workspace.files()["plots/predictions.csv"]  # goes into a page of DVC
    for name in ("metrics/classes.csv", "plots/predictions.csv"):
        rows = csv.reader(io.StringIO((workspace.root / name).read_text(), newline=""))
        cells = {cell for row in rows for cell in row}
        assert "'=1+1" in cells, name
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], name
    card = (workspace.root / "release/README.md").read_text()
    assert "`<script>alert(1)</script>`" in card
    assert r"`d\ne`" in card
    assert "html_block" not in {token.type for token in MarkdownIt("commonmark").parse(card)}
