"""The raw batches in ../shared/cases, each of which was once misunderstood without a word."""

import shutil
from collections import Counter
from typing import Any

import numpy as np
import pytest

from assay.annotation import answers
from assay.contract import csv_files, files, parameters, parquet_files, paths
from assay.inspection.inspect import inspect
from assay.modalities import registry
from benchmarks.workspace import SHARED
from tests.support.workspace import Workspace

CASES = SHARED.parent / "cases"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="../shared/cases is not there")

# modality, examples, labels, splits (None: by hash), a word of each remark
EXPECTED: dict[str, tuple[str, int, dict[str, int], dict[str, int] | None, list[str]]] = {
    "junk-folders": ("image", 6, {"cat": 3, "dog": 3}, None, ["ignored"]),
    "split-folders-capitals": (
        "image", 8, {"a": 4, "b": 4}, {"train": 4, "test": 4}, ["guessed"],
    ),
    "pixels-float-tiff": ("image", 4, {"a": 2, "b": 2}, None, ["converted"]),
    "pixels-transparent": ("image", 4, {"a": 2, "b": 2}, None, ["converted"]),
    "sounds-longer-than-asked": ("audio", 6, {"a": 3, "b": 3}, None, []),
    "table-with-index": ("table", 6, {"a": 3, "b": 3}, None, ["left out"]),
    "text-under-another-name": ("text", 30, {"a": 15, "b": 15}, None, ["guessed"]),
    "numbers-as-people-write-them": ("table", 30, {"a": 15, "b": 15}, None, ["converted"]),
    "class-names-nfc-nfd": ("image", 9, {"bar": 3, "café": 6}, None, ["merged"]),
    "metadata-jsonl": ("image", 4, {"a": 2, "b": 2}, None, []),
    "hugging-face-parquet": ("image", 4, {"cat": 2, "dog": 2}, None, []),
    "hugging-face-shards": ("image", 4, {"cat": 2, "dog": 2}, {"train": 4}, []),
    "semicolons": ("text", 10, {"a": 5, "b": 5}, None, []),
    "more/03-rows-merged-by-float32": ("table", 1000, {"alarm": 334, "ok": 666}, None, []),
    "more/07-header-with-spaces": (
        "table", 40, {"a": 20, "b": 20}, {"test": 10, "validation": 1, "train": 29}, ["converted"],
    ),
    "more/13-huge-integers": ("table", 20, {"a": 10, "b": 10}, None, []),
    "more/21-wrapper-folder": (
        "image", 8, {"cat": 4, "dog": 4}, {"train": 4, "test": 4}, ["guessed"],
    ),
}  # fmt: skip


def collected(workspace: Workspace, case: str, batch: str = "b") -> list[dict[str, Any]]:
    """The rows of examples.parquet of a case."""
    shutil.copytree(CASES / case, workspace.root / paths.RAW / batch)
    workspace.done(f"collect@{batch}")
    return parquet_files.read_parquet(paths.examples(batch)).to_pylist()


def pixels() -> np.ndarray:
    """The collected pictures (n, height, width, channels)."""
    path = paths.examples("b")
    payload_format = parquet_files.read_payload_format(path)
    return np.concatenate(list(registry.payloads(path, 100, payload_format)))


@pytest.mark.parametrize("case", EXPECTED)
def test_a_case_is_understood(workspace: Workspace, case: str) -> None:
    modality, count, labels, splits, actions = EXPECTED[case]
    rows = collected(workspace, case)
    assert len(rows) == count
    votes = csv_files.read_csv(paths.labels("b"))["label"].to_pylist()
    assert Counter(votes) == labels
    facts = files.read_json(paths.summary("b"))
    assert facts["modality"] == modality
    if splits:
        assert facts["splits"] == splits
    said = {remark["action"] for remark in facts["remarks"]}
    assert said >= set(actions), facts["remarks"]
    inspected = inspect(paths.RAW / "b", parameters.load())
    assert not inspected["error"]
    for name in ("layout", "modality", "examples", "labels_by_class", "labels_by_person"):
        assert inspected[name] == facts[name], name
    common = [remark for remark in inspected["remarks"] if remark in facts["remarks"]]
    assert {remark["action"] for remark in common} >= set(actions) - {"merged"}


def test_a_person_has_one_vote(workspace: Workspace) -> None:
    rows = collected(workspace, "more/06-one-person-exported-thrice")
    votes = csv_files.read_csv(paths.labels("b")).to_pylist()
    voted = {(vote["id"], vote["annotator"]) for vote in votes}
    assert len(rows) == 35, "40 rows, of which five are copies"
    assert len(voted) == len(votes)
    remarks = files.read_json(paths.summary("b"))["remarks"]
    replaced = [remark for remark in remarks if "replace an earlier one" in remark["what"]]
    assert [remark["count"] for remark in replaced] == [160 - len(votes)]


@pytest.mark.parametrize("case", ["pixels-float-tiff", "pixels-transparent"])
def test_pictures_stay_different(workspace: Workspace, case: str) -> None:
    collected(workspace, case)
    found = pixels()
    assert len({picture.tobytes() for picture in found}) == 4
    assert found.min() < 30
    assert found.max() == 255


def test_drawings_are_black_on_white(workspace: Workspace) -> None:
    collected(workspace, "pixels-transparent")
    assert np.median(pixels()) == 255


def test_long_sounds_are_kept_whole(workspace: Workspace) -> None:
    collected(workspace, "sounds-longer-than-asked")
    payload_format = parquet_files.read_payload_format(paths.examples("b"))
    assert payload_format["shape"] == [3 * payload_format["sample_rate"]]


@pytest.mark.parametrize(
    ("case", "features"),
    [
        ("table-with-index", {"x": "number"}),
        ("numbers-as-people-write-them", {"price": "number", "share": "number"}),
    ],
)
def test_columns_are_what_they_are(workspace: Workspace, case: str, features: dict) -> None:
    collected(workspace, case)
    assert parquet_files.read_payload_format(paths.examples("b"))["features"] == features


@pytest.mark.parametrize("case", ["08-cut-in-a-quoted-cell", "25-wav-cut-short"])
def test_what_is_cut_is_refused(workspace: Workspace, case: str) -> None:
    shutil.copytree(CASES / "more" / case, workspace.root / paths.RAW / "b")
    result = workspace.run("collect@b")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "case", ["02-column-order-between-batches", "12-batch-with-an-empty-column"]
)
def test_a_later_batch_fits_by_name(workspace: Workspace, case: str) -> None:
    for batch in ("b", "c"):
        collected(workspace, f"more/{case}/{batch}", batch)
    workspace.set("pretrain.batches", ["b"])
    for stage in ("sample@b", "pretrain", "embed@b", "embed@c"):
        workspace.done(stage)
    first, later = (np.load(paths.embeddings(batch)) for batch in ("b", "c"))
    assert first.shape[1] == later.shape[1]
    distance = np.abs(first.mean(axis=0) - later.mean(axis=0)).max()
    assert distance < 3, "a swapped column would be many deviations away"


def test_answers_in_other_file_names(workspace: Workspace) -> None:
    shutil.copytree(
        CASES / "more/27-answers-in-other-file-names", workspace.root / paths.ANNOTATIONS
    )
    read = {path.relative_to(paths.ANNOTATIONS).as_posix() for path in answers._files()}
    assert read == {"anna.CSV", "anna.tsv", "2026/anna.csv"}
