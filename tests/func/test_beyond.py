"""clean finds planted leaks and drift, writes them down, and does what params.yaml says about them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from assay.contract import csv_files, files, parquet_files, paths


def plant(workspace, action: str, *, leaky: bool = False) -> None:
    """Two table batches; `c` lies elsewhere, and its rows 0 to 4 copy test rows of `b`, 4 without a
    label.
    """
    rng = np.random.default_rng(0)
    workspace.set(
        "clean.beyond",
        yaml.safe_load((workspace.root / "params.yaml").read_text())["clean"]["beyond"]
        | {"leak": action},
    )
    files.write_json(paths.LISTED, {"batches": ["b", "c"]})
    first = rng.normal(size=(300, 6)).astype(np.float32)
    second = (rng.normal(size=(200, 6)) + 0.7).astype(np.float32)
    second[:5] = first[:5] + 0.01
    for batch, rows in (("b", first), ("c", second)):
        ids = [f"{batch}{number:03}" for number in range(len(rows))]
        split = ["test" if batch == "b" and number < 60 else "train" for number in range(len(rows))]
        rows[:, 5] = rows[:, 0] < 0 if leaky else rows[:, 5]
        columns = {"id": pa.array(ids), "key": pa.array(ids), "split": pa.array(split)}
        columns |= {f"feature:{number}": pa.array(rows[:, number]) for number in range(6)}
        kind = {"modality": "table", "shape": [6], "features": dict.fromkeys("012345", "number")}
        parquet_files.write_examples(batch, kind, columns)
        files.write_json(paths.ENCODER_INFO, kind)
        files.write_rows(paths.embeddings(batch), len(rows), [rows])
        named = [
            (id_, "p", "left" if row[0] < 0 else "right")
            for id_, row in zip(ids, rows, strict=True)
        ]
        csv_files.write_csv(
            paths.labels(batch), ["id", "annotator", "label"], [r for r in named if r[0] != "c004"]
        )


def found(kind: str) -> dict[str, tuple[str, str]]:
    issues = csv_files.read_csv(paths.ISSUES).to_pandas()
    issues = issues[issues["kind"] == kind]
    return dict(
        zip(issues["id"], zip(issues["decision"], issues["reason"], strict=True), strict=True)
    )


def test_leaks_are_dropped_and_drift_is_told(workspace):
    plant(workspace, "drop")
    workspace.done("clean")
    copies = [f"c00{number}" for number in range(5)]
    leaks = found("leak")
    assert set(leaks) >= set(copies)
    assert leaks["c000"][0] == "drop"
    assert leaks["c000"][1].startswith("looks like b/b000 in test, ")
    assert not set(copies) & set(csv_files.read_csv(paths.CLEANED_LABELS)["id"].to_pylist())
    quality = parquet_files.read_parquet(paths.QUALITY).to_pandas().set_index("id")
    assert quality.loc["c000", "decision"] == "drop"
    assert list(found("drift")) == [""]
    assert found("drift")[""][1].startswith("unlike the batches before: ")
    assert files.read_json(paths.CLEAN_METRICS)["leak"] == len(leaks)

    workspace.set("annotate.pseudo_above", 0.0)
    workspace.done("annotate")
    assert not set(copies) & set(csv_files.read_csv(paths.ANNOTATED_LABELS)["id"].to_pylist())


def test_leaks_can_be_flagged_or_ignored(workspace):
    plant(workspace, "flag")
    workspace.done("clean")
    assert found("leak")["c000"][0] == "review"
    assert "c000" in csv_files.read_csv(paths.CLEANED_LABELS)["id"].to_pylist()
    plant(workspace, "ignore")
    workspace.done("clean")
    assert found("leak") == {}
    assert pq.read_metadata(paths.QUALITY).num_rows == 499


def test_a_column_that_is_the_label_is_told(workspace):
    plant(workspace, "flag", leaky=True)
    workspace.done("clean")
    assert [reason for _, reason in found("leaky_column").values()] == [
        "the column 5 tells the label of 100.0% of the examples: is it made from it?"
    ]
    # column 0, whose sign is the label, and column 5, which is made from that
    assert files.read_json(paths.CLEAN_METRICS)["leaky_column"] == 2
