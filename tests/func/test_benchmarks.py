"""Benchmarks that no other test runs still run: those that make their data, with few of them."""

import pytest

from benchmarks import clean_scale, many_classes


def test_synthetic_data_are_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clean_scale, "SIZES", (400,))
    monkeypatch.setattr(many_classes, "SETS", ((600, 60, 1.0),))
    clean_scale.main()
    many_classes.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if "00 " in line]
    assert len(rows) == 3
