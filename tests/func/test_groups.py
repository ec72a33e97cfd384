"""Groups and times from collect to clean: sides that stay, torn splits that are said, labels judged
without the examples of the same source.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.contract import parquet_files, paths
from tests.support.workspace import Workspace

PATIENTS = 40
EACH = 12
PATTERN = "^(.+?)-"


def table(seed: int, patients: range, **columns: object) -> str:
    """Rows of patients: all of one patient are alike and have one label, right for most patients."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in patients:
        label = patient % 2
        centre = rng.normal(size=6)
        wrong = patient == 0  # all labels of one patient
        for number in range(EACH):
            values = centre + 8 * label * np.eye(6)[0] + 0.05 * rng.normal(size=6)
            row = {"key": f"p{patient}-{number}", "label": "ab"[label != wrong]}
            rows.append(row | {f"x{i}": f"{value:.4f}" for i, value in enumerate(values)})
    return pd.DataFrame(rows).assign(**columns).to_csv(index=False)


def build(workspace: Workspace, *batches: str) -> str:
    """Run what stands between collect and clean; what clean said."""
    workspace.set("batches", list(batches))
    workspace.set("pretrain.batches", list(batches[:1]))
    for batch in batches:
        workspace.done(f"collect@{batch}")
    workspace.done(f"sample@{batches[0]}")
    workspace.done("pretrain")
    for batch in batches:
        workspace.done(f"embed@{batch}")
    return workspace.done("clean")


def collected(batch: str = "b") -> pd.DataFrame:
    return parquet_files.read_parquet(paths.examples(batch)).to_pandas()


def test_a_group_that_is_wrong_throughout_is_doubted(workspace: Workspace) -> None:
    """All labels of one patient are wrong: the patient's other rows say that each is right."""
    workspace.raw({"examples.csv": table(0, range(PATIENTS))})
    workspace.set("collect.test", 0.0)
    issues = {}
    for group in (PATTERN, None):
        workspace.set("collect.group", group)
        build(workspace, "b")
        quality = parquet_files.read_parquet(paths.QUALITY).to_pandas()
        keys = collected().set_index("id")["key"]
        doubted = keys.loc[quality.loc[quality["is_issue"], "id"]]
        issues[group] = doubted.str.startswith("p0-").sum()
        if group:
            evidence = pd.read_csv(paths.ISSUES, keep_default_na=False)
            evidence = evidence[evidence["key"].str.startswith("p0-")]
            assert evidence["speaks_for_suggested"].str.len().gt(0).all()
            assert not evidence["speaks_for_given"].str.contains("b/p0-").any()
    assert issues[PATTERN] >= EACH - 2
    assert issues[None] <= 2


def test_an_appended_batch_keeps_sides_and_a_torn_group_is_counted(workspace: Workspace) -> None:
    workspace.set("collect.group", PATTERN)
    workspace.set("collect.validation", 0.2)
    workspace.raw({"examples.csv": table(0, range(PATIENTS))})
    build(workspace, "b")
    metrics = json.loads(Path(paths.CLEAN_METRICS).read_text())
    assert metrics["torn_groups"] == 0
    first = collected()
    assert first.groupby("group")["split"].nunique().max() == 1
    assert set(first["split"]) == {"train", "validation", "test"}

    workspace.raw({"examples.csv": table(1, range(PATIENTS + 6))}, "c")
    workspace.done("collect@c")
    assert collected().equals(first)
    both = pd.concat([first, collected("c")])
    assert both.groupby("group")["split"].nunique().max() == 1

    split = ["test", *["train"] * (PATIENTS * EACH - 1)]  # row 0 of patient 0 alone
    workspace.write("data/raw/c/examples.csv", table(1, range(PATIENTS), split=split))
    said = workspace.done("collect@c")
    torn = "1 group is torn by the splits that the batch gives: p0;"
    assert torn in said
    summary = json.loads(paths.summary("c").read_text())
    untested, torn_group = summary["remarks"]
    assert untested["what"].endswith("no example in the test split, which the batch chose")
    assert (untested["action"], torn_group["action"]) == ("doubtful", "doubtful")
    assert "with examples in the test split and outside it" in build(workspace, "b", "c")
    metrics = json.loads(Path(paths.CLEAN_METRICS).read_text())
    assert metrics["torn_groups"] > 0


def test_without_groups_there_is_no_column(workspace: Workspace) -> None:
    workspace.raw({"examples.csv": table(0, range(3))})
    workspace.done("collect@b")
    assert "group" not in collected()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"group": "patient"}, "collect.group is 'patient'"),
        ({"group": "(p"}, "is no regular expression"),
        ({"split_by": "time"}, "collect.time is None"),
        ({"split_by": "time", "time": "label"}, "collect.time is 'label'"),
        ({"split_by": "time", "time": "key"}, "row 2: 'key' is 'p0-0', which is no time"),
    ],
)
def test_what_cannot_be_is_one_line(workspace: Workspace, settings: dict, said: str) -> None:
    workspace.raw({"examples.csv": table(0, range(3))})
    for name, value in settings.items():
        workspace.set(f"collect.{name}", value)
    result = workspace.run("collect@b")
    assert result.returncode == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_one_group_alone_cannot_be_judged(workspace: Workspace) -> None:
    labels = ["a", "b"] * (EACH // 2)
    workspace.raw({"examples.csv": table(0, range(1), label=labels, split="train")})
    workspace.set("collect.group", PATTERN)
    with pytest.raises(AssertionError, match="labels to learn from are of the group 'p0'"):
        build(workspace, "b")


def test_split_by_time_and_group(workspace: Workspace) -> None:
    dates = [f"2026-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(20 * EACH)]
    workspace.raw({"examples.csv": table(0, range(20), when=dates)})
    workspace.set("collect.group", PATTERN)
    workspace.set("collect.split_by", "time")
    workspace.set("collect.time", "when")
    workspace.done("collect@b")
    rows = collected().sort_values("feature:when")
    counts = rows["split"].value_counts().to_dict()
    assert counts == {"train": 15 * EACH, "validation": EACH, "test": 4 * EACH}
    assert rows["split"].tolist() == sorted(
        rows["split"], key=["train", "validation", "test"].index
    )
