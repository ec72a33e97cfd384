"""A person who waits is told how far a stage is and how long it still takes, and no more."""

import io
import itertools

from assay.contract import time_left


def test_what_is_quick_is_silent(capsys):
    assert list(time_left.with_progress([[1], [2, 3]], 3, "embed")) == [[1], [2, 3]]
    assert capsys.readouterr().err == ""


def test_what_is_slow_is_told(capsys, monkeypatch):
    clock = itertools.count(0, 10)  # seconds
    monkeypatch.setattr(time_left.time, "monotonic", lambda: next(clock))
    for _ in time_left.with_progress([[1, 2]] * 600, 1200, "embed b"):
        pass
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "embed b: 2 of 1,200 examples, 100 min left"
    assert lines[1] == "embed b: 8 of 1,200 examples, 99 min left"


def test_what_is_shown_in_a_terminal_fits_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    clock = itertools.count(0, 10)
    monkeypatch.setattr(time_left.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    stream.isatty = lambda: True
    for _ in time_left.with_progress([[1, 2]] * 3, 6, "embed with a long name", stream):
        pass
    first, *others, last = stream.getvalue().split("\r")[1:]
    assert first == "embed with a long name: 2 of "
    assert {len(line) for line in others} == {29}
    assert last == ""
