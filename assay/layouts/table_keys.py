"""Which column of a table names its rows, for the files of labels that lie beside it."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names
from assay.contract.column_names import is_text
from assay.contract.errors import InputError
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import rows, side_files
from assay.layouts.file_names import MOST
from assay.modalities import column_roles

_COLUMNS = {ANNOTATIONS_FILE: ["annotator", "label"], TRUTH_FILE: ["label"]}
_REMEDY = (
    "call that column `key`, or add a column `key` of 0, 1, 2 and so on if row numbers are meant"
)


def with_key(
    table: pa.Table, folder: Path, names: Collection[str], numbers: Sequence[int], remarks: Remarks
) -> tuple[pa.Table, str | None]:
    """The table with a column `key`, if a file of labels has one of the same name and values.

    Parameters
    ----------
    names : of all files of the folder
    numbers : of the rows, by which they are named if there is no key

    Returns
    -------
    The table, and the name that its key had; None where it has no other key than before

    Raises
    ------
    InputError
        If a file of labels seems to name rows by a column that is no key: rows have numbers then.
    """
    if "key" in table.column_names:
        return table, None
    for file, columns in _COLUMNS.items():
        if file not in names:
            continue
        labels = side_files.parsed(folder / file, Remarks(), columns)
        chosen = _shared_column(table, labels, columns)
        if chosen:
            remarks.add("guessed", 1, f"column names the examples, as in {file}", repr(chosen))
            headers = ["key" if name == chosen else name for name in table.column_names]
            return table.rename_columns(headers), chosen
        _refuse_ids(table, labels, numbers, folder / file)
    return table, None


def _shared_column(table: pa.Table, labels: pa.Table, columns: list[str]) -> str | None:
    """The column of both tables that names rows; None where there is none, or several may.

    A column `file_name` is there for this alone.
    """
    if "key" in labels.column_names:
        return None
    taken = {*columns, *side_files.usual_names(labels, columns), "split"}
    shared = [name for name in labels.column_names if name not in taken]
    naming = [
        name
        for name in shared
        if name in table.column_names and _share(labels[name], _row_of(table[name])) > MOST
    ]
    if "file_name" in naming:
        return "file_name"
    return naming[0] if len(naming) == 1 else None


def _refuse_ids(table: pa.Table, labels: pa.Table, numbers: Sequence[int], path: Path) -> None:
    """Raise if the rows of a file of labels hold values of a column, and may be no row numbers."""
    named = next((name for name in column_names.KEYS if name in labels.column_names), None)
    if named is None or not len(labels):
        return
    if named == "file_name" and named in table.column_names:
        wrong = f"{path} names rows by 'file_name', and in the table the values of that column"
        raise InputError(f"{wrong} are others or repeat: add a column `key` to both")
    cells = labels[named].to_pylist()
    row_of_number = {str(number): row for row, number in enumerate(numbers)}
    may_be_numbers = row_of_number.keys() >= set(cells)
    share_of_numbers = _share(labels[named], row_of_number)
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_known = name in ("label", "split")
        if is_known or (may_be_numbers and not _may_be_key(name, column)):
            continue
        row_of = _row_of(column)
        agree = may_be_numbers and all(row_of.get(cell) == row_of_number[cell] for cell in cells)
        share = _share(labels[named], row_of)
        is_meant = share == 1 if may_be_numbers else share > max(MOST, share_of_numbers)
        if is_meant and not agree:
            wrong = f"{path} names rows by values of the column {name!r}"
            raise InputError(f"{wrong}, but without a column 'key' they are numbered: {_REMEDY}")


def _may_be_key(name: str, column: pa.ChunkedArray) -> bool:
    return name == "file_name" or column_roles.may_be_ids(name, column)


def _row_of(column: pa.ChunkedArray) -> dict[str, int]:
    """The row of each value of a column of different texts or whole numbers; else nothing."""
    is_simple = is_text(column.type) or pa.types.is_integer(column.type)
    if not is_simple or pc.count_distinct(column, mode="all").as_py() < len(column):
        return {}
    texts = rows.as_text(column, [""] * len(column))
    return {text: row for row, text in enumerate(texts)}


def _share(cells: pa.ChunkedArray, row_of: dict[str, int]) -> float:
    """The share of the cells that name a row."""
    return sum(cell in row_of for cell in cells.to_pylist()) / max(len(cells), 1)
