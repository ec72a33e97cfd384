"""The facts of an inspection as lines for a terminal."""

import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from assay.contract import git, terminal
from assay.contract.errors import counted, first_of
from assay.contract.escaping import printable
from assay.contract.paths import RAW
from assay.contract.remarks import Remark
from assay.inspection import edits
from assay.reporting.words import brief

_NAMED = 12  # classes, people and slices that are named
_INDENT = 12  # columns before the facts
_MINUTE = 60  # seconds
_LONG = 300  # seconds; a longer time is told in minutes
_INEXACT = 2  # factor by which an estimated time may be wrong


def page(facts: dict[str, Any], *, written: bool) -> str:
    """The lines for a person.

    Parameters
    ----------
    facts : what `inspect.inspect` returned
    written : whether the edits of params.yaml were made
    """
    return "\n".join([*_what_it_holds(facts), *_remarks(facts), *_next(facts, written=written)])


def _what_it_holds(facts: dict[str, Any]) -> Iterator[str]:
    yield printable(facts["folder"])
    yield _row("layout", facts["layout"])
    sampled = ""
    if facts["decoded"] < facts["examples"]:
        among = "for this page, and copies were looked for among these alone"
        sampled = f" ({facts['decoded']} of them were decoded {among})"
    yield _row("examples", f"{facts['examples']} of modality {facts['modality']}{sampled}")
    n_labels = sum(facts["labels_by_class"].values())
    n_labelled = facts["examples"] - facts["unlabelled"]
    several = f" ({n_labels:,} labels for {counted(n_labelled, 'example')})"
    n_classes = len(facts["labels_by_class"])
    classes = f"{n_classes}: {_most(facts['labels_by_class'])}" if n_classes else "none"
    yield _row("classes", classes + (several if n_labels > n_labelled else ""))
    people = {name or "(no name)": count for name, count in facts["labels_by_person"].items()}
    yield _row("labels by", _most(people) or "nobody")
    if facts["unlabelled"]:
        yield _row("no label", counted(facts["unlabelled"], "example"))
    yield _row("splits", _most(facts["splits"]) or "by content hash")
    if facts["slices"]:
        yield _row("slices", first_of([*map(brief, facts["slices"])], _NAMED))


def _remarks(facts: dict[str, Any]) -> Iterator[str]:
    for remark in [*facts["remarks"], *facts["lacking"]]:
        yield _row(remark["action"], Remark(**remark).text())
    if facts["error"]:
        yield _row("error", facts["error"])


def _next(facts: dict[str, Any], *, written: bool) -> Iterator[str]:
    proposed = facts["edits"]
    if facts["error"]:
        yield _row("params.yaml", "stays as it is until this is mended")
    elif proposed:
        yield _row("params.yaml", "written" if written else "to write; --write does it")
        for key, value in proposed.items():
            yield _row("", edits.as_yaml(key, value))
    else:
        yield _row("params.yaml", "needs no edit")
    if facts["group"]:
        yield _row("perhaps", edits.as_yaml("collect.group", facts["group"]["group"]))
        yield _row("", facts["group"]["reason"])
    if not facts["error"]:
        folder = RAW / facts["batch"]
        add = "" if git.tracks_within(folder) else f"dvc add {folder}; "  # DVC refuses it
        yield _row("then", f"{add}dvc repro")
        yield _row("time", f"about {_duration(facts['seconds'])} for the whole pipeline here")


def _most(counts: Mapping[str, int]) -> str:
    """Names with their counts, the largest first."""
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return first_of([f"{brief(name)} {count}" for name, count in most], _NAMED)


def _duration(seconds: float) -> str:
    """The range from half to twice an estimate, rounded outwards."""
    low = seconds / _INEXACT
    high = seconds * _INEXACT
    if high < _LONG:
        return f"{math.floor(low / 10) * 10} to {math.ceil(high / 10) * 10} s"
    return f"{math.floor(low / _MINUTE)} to {math.ceil(high / _MINUTE)} min"


def _row(name: str, text: object) -> str:
    return textwrap.fill(
        printable(text),
        terminal.page_width(),
        initial_indent=f"  {name:<{_INDENT}}",
        subsequent_indent=" " * (_INDENT + 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
