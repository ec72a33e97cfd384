"""Benchmarks that no other test runs still run: those that make their data, with few of them."""

from pathlib import Path

import pytest

from assay.contract import csv_files, paths
from benchmarks import clean_scale, many_classes


def test_many_classes_are_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(many_classes, "SETS", ((600, 60, 1.0),))
    many_classes.main()
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("| 600 | 60 | 600 |")


def test_embeddings_are_written_for_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clean_scale.write(400)
    assert len(csv_files.read_csv(paths.labels("synthetic"))) == 400
