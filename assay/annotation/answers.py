"""People's answers in data/annotations, which override everything else."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from assay.catalogue import spreadsheets
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError

_KINDS = (".csv", ".tsv")
_BESIDE = ("README.md", "label-studio.json")  # known to be no answers, as are hidden files


def read(examples: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Who said what of which example: `example` (row of `examples`), `annotator`, `label`, and `place` of the answer.

    A file has the columns `annotator`, `label` and one of `id` or `key`; a key that several batches use is written
    `<batch>/<key>`. An empty label is no answer. Of several answers of one person to one example the last counts;
    answers to examples of no listed batch wait: both is said on stderr. Labels are compared as they were typed.

    Raises
    ------
    InputError
        For what is no id, a row number, or a class that the data does not have, with the file and the row.
    """
    tables = _files()
    names, numbered = _names(examples) if tables else ({}, set())
    found, waiting = [], []
    for path in tables:
        table = spreadsheets.read(path, ["annotator", "label"])
        by = next((name for name in ("id", "key") if name in table.column_names), None)
        if by is None:
            raise InputError(f"{path} has neither a column 'id' nor a column 'key'")
        places = csv_files.name_rows(path, table, spreadsheets.DELIMITERS)
        for place, row in zip(places, table.to_pylist(), strict=True):
            if not any(row.values()):  # spreadsheets leave such rows at the end
                continue
            name, rows = row[by], names.get(row[by], set())
            if name in numbered:
                why = "is a row number, which means another example once a row is removed"
                use = f"write its `id`, as {paths.QUEUE} has it, or give the table a column `key`"
                raise InputError(f"{place}: {name!r} {why}: {use}")
            if len(rows) > 1:
                raise InputError(
                    f"{place}: several batches have the key {name!r}: write <batch>/<key>"
                )
            if not rows and by == "id" and not re.fullmatch("[0-9a-f]{32}", name):
                raise InputError(
                    f"{place}: {name!r} is no id, which is 32 hex digits: copy it from {paths.QUEUE}"
                )
            if not rows:
                waiting.append(f"{place}, {by} {name!r}")
                continue
            if row["label"] and row["label"] not in classes:
                known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
                raise InputError(
                    f"{place}: {row['label']!r} is no class of the data, which has: {known}"
                )
            found.append((*rows, row["annotator"], row["label"], place))
    if waiting:
        said = f"{len(waiting)} answers wait, since no listed batch has their example"
        print(f"assay: {said}: {waiting[0]}", file=sys.stderr)
    answers = pd.DataFrame(found, columns=["example", "annotator", "label", "place"])
    again = answers[answers.duplicated(["example", "annotator"])]
    if len(again):
        said = f"{len(again)} answers are a person's second to an example, and the later counts"
        print(
            f"assay: {said}: {again['place'].iloc[0]} by {again['annotator'].iloc[0]!r}",
            file=sys.stderr,
        )
    answers = answers.drop_duplicates(["example", "annotator"], keep="last")
    return answers[answers["label"] != ""]


def settle(labels: pd.Series) -> str:
    """The label that most answers to one example name; of several such, the first in order."""
    return labels.mode().iloc[0]


def is_answers(path: Path) -> bool:
    """Whether a file holds answers, by its path, which is in data/annotations."""
    return path.suffix.lower() in _KINDS and not _hidden(path)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(paths.ANNOTATIONS).parts)


def _files() -> list[Path]:
    """The files of answers; what else lies beside them is named on stderr."""
    there = [
        path
        for path in sorted(paths.ANNOTATIONS.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    ]
    others = [
        str(path)
        for path in there
        if not (is_answers(path) or _hidden(path) or path.name in _BESIDE)
    ]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        print(
            f"assay: not read, since answers are .csv or .tsv: {', '.join(others[:3])}{more}",
            file=sys.stderr,
        )
    return list(filter(is_answers, there))


def _names(examples: pd.DataFrame) -> tuple[dict[str, set[int]], set[str]]:
    """The examples that an id or a key may mean, the keys of exact copies included; which keys are row numbers."""
    place = pd.Series(examples.index, examples["id"])
    names, numbered = {id_: {row} for id_, row in place.items()}, set()
    for batch in files.listed_batches():
        path = paths.examples(batch)
        is_numbered = parquet_files.is_numbered(path)
        for row in parquet_files.read_parquet(path, ["id", "key", "duplicates"]).to_pylist():
            for key in [row["key"], *row["duplicates"]]:
                for name in (key, f"{batch}/{key}"):
                    names.setdefault(name, set()).add(int(place[row["id"]]))
                    if is_numbered:
                        numbered.add(name)
    return names, numbered
