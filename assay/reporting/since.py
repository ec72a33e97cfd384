"""What changed since an earlier version. Git holds its metrics, so no remote is needed."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from assay.catalogue import spreadsheets
from assay.contract import files, git, paths, yaml_files
from assay.contract.errors import InputError
from assay.contract.rounding import interval
from assay.reporting.inputs import WRONG, Inputs, Values, wrong_share
from assay.reporting.words import SCORES

Parsed = TypeVar("Parsed")

_COUNTS = ("examples", "labelled", "issues")
_TESTS = "test_examples"


@dataclass(frozen=True)
class Changes:
    """The metrics of two versions.

    Attributes
    ----------
    revision : the earlier version, as params.yaml names it
    new, gone : batches that only this version has, or only the earlier one
    counts : name, value then, value now; None if a version does not have it
    scores : the same, but each value with the ends of its interval
    level : of the intervals then, 0..1; None if it is not known
    are_other_classes : whether a class is in only one of the versions; False if it is not known
    tests : the number of test examples then and now; None if it is not known
    """

    revision: str
    new: list[str]
    gone: list[str]
    counts: list[tuple[str, float | None, float | None]]
    scores: list[tuple[str, list[float] | None, list[float] | None]]
    level: float | None
    are_other_classes: bool
    tests: tuple[int | None, int | None]


def changes(revision: str, inputs: Inputs) -> Changes | None:
    """Compare with a git revision; None if it is "".

    Raises
    ------
    InputError
        If git does not know the revision, or a file of it is damaged.
    """
    if not revision:
        return None
    commit = _commit(revision)
    listed = _json(commit, paths.LISTED, dict[str, list[str]]).get("batches", [])
    clean_then = _json(commit, paths.CLEAN_METRICS, files.Numbers)
    clean_now = inputs.values["clean"]
    counts = [(key, clean_then.get(key), clean_now.get(key)) for key in _COUNTS]
    counts.append((WRONG, wrong_share(clean_then), wrong_share(clean_now)))
    scores_then = _json(commit, paths.EVALUATE_METRICS, files.Numbers)
    scores_now = inputs.values["evaluate"]
    scores = [(key, interval(scores_then, key), interval(scores_now, key)) for key in SCORES]
    return Changes(
        revision=revision,
        new=[batch for batch in inputs.batches if batch not in listed],
        gone=[batch for batch in listed if batch not in inputs.batches],
        counts=counts,
        scores=[row for row in scores if row[1] or row[2]],
        level=_level(commit),
        are_other_classes=_are_other_classes(commit, inputs),
        tests=(scores_then.get(_TESTS), scores_now.get(_TESTS)),
    )


def _are_other_classes(commit: str, inputs: Inputs) -> bool:
    then = _parsed(commit, paths.CLASS_METRICS, partial(spreadsheets.parse, columns=["label"]))
    now = {row["label"] for row in inputs.rows["classes"]}
    return then is not None and set(then["label"].to_pylist()) != now


def _level(commit: str) -> float | None:
    """The level of a commit's intervals; None if its parameters do not tell."""
    with suppress(InputError):
        match _parsed(commit, paths.PARAMETERS, yaml_files.parse):
            case {"evaluate": {"confidence": float(level)}}:
                return level
    return None


def _commit(revision: str) -> str:
    """The full name of a git revision's commit."""
    if shutil.which("git") is None:
        raise InputError("report.since needs git, which is not installed")
    question = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    printed = git.ask(*question)
    if printed is None:
        unknown = f"report.since: git knows no revision {revision!r} here"
        raise InputError(f"{unknown}: get it with `git fetch --tags`, or name a commit")
    return printed.decode().strip()


def _json(commit: str, path: Path, schema: type) -> Values:
    """The values of a JSON file of the commit; {} if there is no such file."""
    return _parsed(commit, path, partial(files.parse_json, schema=schema)) or {}


def _parsed(commit: str, path: Path, parse: Callable[[str, bytes], Parsed]) -> Parsed | None:
    """What `parse` makes of a file of the commit; None if there is no such file."""
    content = git.ask("show", f"{commit}:./{path.as_posix()}")
    return None if content is None else parse(f"{commit[:7]}:{path}", content)
