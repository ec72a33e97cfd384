"""Join the tables of a folder, one for each split or shard, to one table."""

from pathlib import Path

import pyarrow as pa

from assay.contract.errors import InputError, counted, first_of
from assay.contract.remarks import Remarks
from assay.layouts.file_names import MOST


def join(folder: Path, parts: dict[str, pa.Table], remarks: Remarks) -> pa.Table:
    """The rows of all tables of a folder, one below the other.

    Parameters
    ----------
    parts : the table of each file

    Raises
    ------
    InputError
        If tables have no column in common, spell one differently or give it another type, or if one
        holds only the labels of another.
    """
    tables = list(parts.values())
    if len(tables) == 1:
        return tables[0]
    for part in tables[1:]:
        first = set(tables[0].column_names) - {"split"}
        other = set(part.column_names) - {"split"}
        if not first & other:
            has = f"{first_of(sorted(first))} and {first_of(sorted(other))}"
            remedy = "put what belongs to one example into one row of one table"
            raise InputError(f"{folder}: its tables have no column in common ({has}): {remedy}")
    _refuse_labels_alone(folder, parts)
    _compare_columns(folder, parts, remarks)
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise InputError(f"{folder}: its files have columns of different types: {error}") from None


def _refuse_labels_alone(folder: Path, parts: dict[str, pa.Table]) -> None:
    """Raise if a table has only ids and labels, and another has these ids and the features."""
    names_of = {file: {*part.column_names} - {"split"} for file, part in parts.items()}
    for file, names in names_of.items():
        shared = names - {"label"}
        others = [other for other, has in names_of.items() if shared < has and "label" not in has]
        if "label" not in names or len(shared) != 1 or not others:
            continue
        by = min(shared)
        ids = set(_texts(parts[file][by]))
        shares = [(len(ids.intersection(_texts(parts[other][by]))), other) for other in others]
        n_found, labelled = max(shares)
        if n_found > MOST * len(ids) and len(ids) == len(parts[file]):
            holds = f"{file} holds the labels of {labelled}, by the column {by!r}"
            raise InputError(f"{folder}: {holds}: join them to one table")


def _texts(column: pa.ChunkedArray) -> list[str]:
    """The cells of a column as text."""
    return list(map(str, column.to_pylist()))


def _compare_columns(folder: Path, parts: dict[str, pa.Table], remarks: Remarks) -> None:
    """Raise if files spell a column differently. Remark on columns that a file lacks."""
    names_of = {file: part.column_names for file, part in parts.items()}
    first_with = {name: file for file in reversed(names_of) for name in names_of[file]}
    lacking = []
    n_rows = 0
    for file, names in names_of.items():
        spelt = {_folded(name): name for name in names}
        known = {"split", *names}
        missing = [name for name in first_with if name not in known]
        for name in missing:
            other = spelt.get(_folded(name))
            if other and other not in names_of[first_with[name]]:
                both = f"{first_with[name]} has a column {name!r}, and {file} {other!r}"
                raise InputError(f"{folder}: {both}: give them one name")
        if missing:
            lacks = f"lacks {first_of([repr(name) for name in missing])}"
            lacking.append(f"{file} ({counted(len(parts[file]), 'row')}) {lacks}")
            n_rows += len(parts[file])
    what = "rows are of files that lack columns, and have gaps there"
    remarks.add("doubtful", n_rows, what, first_of(lacking), "give all files the same columns")


def _folded(name: str) -> str:
    """A name without letter case and blanks."""
    return "".join(name.split()).casefold()
