"""Tables that people open in a spreadsheet. None of our cells can start a formula there.

A text that would start a formula gets an apostrophe in front (OWASP: CSV Injection). `read` takes
it off again, so that every text comes back as it was. The same holds within a text after each
character that a spreadsheet with other settings may take for the end of a cell.

This module is not in `assay.contract`, beside `csv_files`, since the stages of one batch depend on
that package: an edit here reruns none of them.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from assay.contract import csv_files, plain_files
from assay.contract.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = re.compile(r"([;,\t\r\n])")  # of cells, for a spreadsheet with any settings
_BEFORE = re.compile(r"\A['\s]+")  # what a spreadsheet may pass over before a formula
# The wide characters start formulas in East Asian versions.
_SIGNS = frozenset("=+-@＝＋－＠")
_STARTS = _SIGNS | {"\t", "\r"}
_MARKUP = re.compile(r"<(?=\\*[/!])")  # `</script>` ends the script of a page, `<!--` changes it
_NO_MARKUP = re.compile(r"<\\(?=\\*[/!])")


def safe(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could see the start of a formula."""
    return text if _STARTS.isdisjoint(text) else _changed(text, lambda cell: f"'{cell}")


def plain(text: str) -> str:
    """The text that `safe` was given."""
    return _changed(text, lambda cell: cell.removeprefix("'")) if "'" in text else text


def _changed(text: str, change: Callable[[str], str]) -> str:
    """The text with a change in each cell that could start a formula, from the last cell on.

    A cell of blanks that a blank ends could start the formula of the next one. To look ahead from
    each of them would take the square of their number.
    """
    parts = [*_SEPARATORS.split(text), ""]  # each cell, and what ends it
    has_sign = False  # of the cell behind
    for place in range(len(parts) - 2, -1, -2):
        cell, end = parts[place : place + 2]
        shown = _BEFORE.sub("", cell)
        has_sign = shown[0] in _SIGNS if shown else has_sign and end not in {";", ","}
        if has_sign or (end in {"\t", "\r"} and not cell.strip("'")):
            parts[place] = change(cell)
    return "".join(parts)


def write(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some of its columns, as CSV for people; numbers stay numbers."""
    chosen = frame[list(columns or frame)]
    texts = chosen.map(lambda value: safe(value) if isinstance(value, str) else value)
    csv_files.write_frame(path, texts)


def write_plotted(path: Path, frame: "pd.DataFrame") -> None:
    r"""Write a frame as `write` does, for a plot; `</script>` becomes `<\/script>` in its texts.

    DVC puts the rows into a script of its page as they are.
    """
    inert = frame.map(lambda cell: _MARKUP.sub(r"<\\", cell) if isinstance(cell, str) else cell)
    write(path, inert)


def read(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read what `write` wrote, see `parse`."""
    return parse(path, plain_files.read(path), columns)


def rows_of_output(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of an output of the pipeline, which can be restored."""
    try:
        return read(path, columns).to_pylist()
    except InputError as error:
        remedy = "or restore it: `dvc checkout --force dvc.yaml`"
        raise InputError(f"{error}; {remedy}") from None


def parse(name: Path | str, content: bytes, columns: Sequence[str] = ()) -> pa.Table:
    """The table that `write` wrote, also after a spreadsheet saved it again.

    A spreadsheet may save it with semicolons or tabs, with CRLF, and with a byte order mark.

    Raises
    ------
    InputError
        As `csv_files.parse_csv`.
    """
    table = csv_files.parse_csv(name, content, columns, csv_files.DELIMITERS)
    texts = {column: map(plain, table[column].to_pylist()) for column in table.column_names}
    plain_cells = [pa.array(cells, pa.string()) for cells in texts.values()]
    return pa.table(plain_cells, list(texts), metadata=table.schema.metadata)


def parse_plotted(name: Path | str, content: bytes, columns: Sequence[str] = ()) -> pa.Table:
    """The table that `write_plotted` wrote, see `parse`."""
    table = parse(name, content, columns)
    cells = {
        column: [_NO_MARKUP.sub("<", text) for text in table[column].to_pylist()]
        for column in table.column_names
    }
    return pa.table(cells, schema=table.schema)
