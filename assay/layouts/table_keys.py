"""Find the column of a table that names its rows, as used in the files of labels beside it."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names
from assay.contract.arrow_types import is_text
from assay.contract.column_names import FILE_NAME
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.layouts import rows, side_files
from assay.layouts.file_names import MOST
from assay.layouts.raw_files import RawFiles
from assay.modalities import column_roles

_REMEDY = (
    "call that column `key`, or add a column `key` of 0, 1, 2 and so on if row numbers are meant"
)


def with_key(table: pa.Table, raw: RawFiles, numbers: Sequence[int]) -> tuple[pa.Table, str | None]:
    """The table with a column renamed to `key`, if a file of labels names rows by this column.

    Parameters
    ----------
    numbers : the row numbers; they name the rows if there is no key

    Returns
    -------
    The table, and the old name of the new key; None if no column was renamed

    Raises
    ------
    InputError
        If a file of labels seems to name rows by values of a column, but would be read as row
        numbers.
    """
    if "key" in table.column_names:
        return table, None
    for file, columns in side_files.COLUMNS.items():
        if file not in raw.names:
            continue
        labels = side_files.parsed(raw.folder / file, Remarks())
        chosen = _shared_column(table, labels, columns)
        if chosen:
            what = f"column names the examples, as in {file}"
            raw.remarks.add("guessed", 1, what, repr(chosen))
            return table.rename_columns({chosen: "key"}), chosen
        _refuse_ids(table, labels, numbers, raw.folder / file)
    return table, None


def _shared_column(table: pa.Table, labels: pa.Table, columns: list[str]) -> str | None:
    """The column of both tables that names rows; None if there is none, or if several may.

    A column `file_name` always comes first.
    """
    if "key" in labels.column_names:
        return None
    taken = {*columns, *side_files.usual_names(labels, columns), "split"}
    shared = set(labels.column_names) & set(table.column_names) - taken
    share_of = {name: _share(labels[name].to_pylist(), _row_of(table[name])) for name in shared}
    naming = [name for name, share in share_of.items() if share > MOST]
    if FILE_NAME in naming:
        return FILE_NAME
    return naming[0] if len(naming) == 1 else None


def _refuse_ids(table: pa.Table, labels: pa.Table, numbers: Sequence[int], path: Path) -> None:
    """Raise if a file of labels seems to name rows by a column instead of by row numbers."""
    named = next((name for name in column_names.KEYS if name in labels.column_names), None)
    if named is None or not len(labels):
        return
    if named == FILE_NAME and named in table.column_names:
        wrong = f"{path} names rows by 'file_name', and in the table the values of that column"
        raise InputError(f"{wrong} are others or repeat: add a column `key` to both")
    cells = labels[named].to_pylist()
    row_of_number = {str(number): row for row, number in enumerate(numbers)}
    share_of_numbers = _share(cells, row_of_number)
    may_be_numbers = share_of_numbers == 1
    for name, column in zip(table.column_names, table.columns, strict=True):
        may_be_key = name == FILE_NAME or column_roles.may_be_ids(name, column)
        if name in ("label", "split") or (may_be_numbers and not may_be_key):
            continue
        row_of = _row_of(column)
        agree = all(row_of.get(cell, -1) == row_of_number.get(cell) for cell in cells)
        share = _share(cells, row_of)
        is_meant = share == 1 or share > max(MOST, share_of_numbers)
        if is_meant and not agree:
            wrong = f"{path} names rows by values of the column {name!r}"
            raise InputError(f"{wrong}, but without a column 'key' they are numbered: {_REMEDY}")


def _row_of(column: pa.ChunkedArray) -> dict[str, int]:
    """The row by value, as text, of a column that may name rows; empty for other columns."""
    if not may_be_names(column):
        return {}
    texts = rows.as_text(column, [""] * len(column))
    return {text: row for row, text in enumerate(texts)}


def may_be_names(column: pa.ChunkedArray) -> bool:
    """Whether a column holds texts or whole numbers that all differ."""
    is_simple = is_text(column.type) or pa.types.is_integer(column.type)
    return is_simple and pc.count_distinct(column, mode="all").as_py() == len(column)


def _share(cells: Sequence[str], row_of: dict[str, int]) -> float:
    """The share of the cells that name a row."""
    return sum(cell in row_of for cell in cells) / max(len(cells), 1)
