"""Read and write tables that people open in a spreadsheet. No cell can start a formula there.

A text that would start a formula gets an apostrophe before it (OWASP: CSV Injection). `read`
removes it again, so that every text comes back as it was. Some spreadsheet settings end a cell at
other characters, such as `;`. So the same is done inside a text after each such character.

This module is not in `assay.contract`: the stages of one batch depend on that package, and an edit
of this module must not rerun them.
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

_SEPARATORS = re.compile(r"([;,\t\r\n])")  # what may end a cell, with any settings
_BEFORE = re.compile(r"\A['\s]+")  # what a spreadsheet may ignore before a formula
# The wide characters start formulas in East Asian versions.
_SIGNS = frozenset("=+-@＝＋－＠")
_STARTS = _SIGNS | {"\t", "\r"}
_MARKUP = re.compile(r"<(?=\\*[/!])")  # HTML that would end or change the script of a page
_NO_MARKUP = re.compile(r"<\\(?=\\*[/!])")


def safe(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could see the start of a formula."""
    return text if _STARTS.isdisjoint(text) else _changed(text, lambda cell: f"'{cell}")


def plain(text: str) -> str:
    """The original text, from the result of `safe`."""
    return _changed(text, lambda cell: cell.removeprefix("'")) if "'" in text else text


def _changed(text: str, change: Callable[[str], str]) -> str:
    """The text with a change in each cell that could start a formula.

    A cell of blanks could start a formula if the next cell has a sign, and only white space is
    between them. So the cells are read from the last one to the first, in linear time.
    """
    parts = [*_SEPARATORS.split(text), ""]  # each cell, and the character that ends it
    has_sign = False  # whether the next cell starts with a sign
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
    r"""Write a frame for a plot, as `write`. In texts, `</script>` becomes `<\/script>`.

    DVC copies the rows into a script of its page without a change.
    """
    inert = frame.map(lambda cell: _MARKUP.sub(r"<\\", cell) if isinstance(cell, str) else cell)
    write(path, inert)


def read(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read what `write` wrote, see `parse`."""
    return parse(path, plain_files.read(path), columns)


def rows_of_output(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of an output of the pipeline. The error message says how to restore the file."""
    try:
        return read(path, columns).to_pylist()
    except InputError as error:
        remedy = "or restore it: `dvc checkout --force dvc.yaml`"
        raise InputError(f"{error}; {remedy}") from None


def parse(name: Path | str, content: bytes, columns: Sequence[str] = ()) -> pa.Table:
    """The table that `write` wrote, even if a spreadsheet has saved it again.

    A spreadsheet may have used semicolons or tabs, CRLF, or a byte order mark.

    Raises
    ------
    InputError
        As `csv_files.parse_csv`.
    """
    table = csv_files.parse_csv(name, content, columns, csv_files.DELIMITERS)
    return _with_cells(table, plain)


def parse_plotted(name: Path | str, content: bytes, columns: Sequence[str] = ()) -> pa.Table:
    """The table that `write_plotted` wrote, see `parse`."""
    return _with_cells(parse(name, content, columns), lambda text: _NO_MARKUP.sub("<", text))


def _with_cells(table: pa.Table, change: Callable[[str], str]) -> pa.Table:
    """The table with a change in the text of each cell, and with its metadata."""
    cells = {name: list(map(change, table[name].to_pylist())) for name in table.column_names}
    return pa.table(cells, schema=table.schema)
