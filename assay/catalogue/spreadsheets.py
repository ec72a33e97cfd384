"""Tables that people open in a spreadsheet: no cell of ours can start a formula, and what a spreadsheet saves is read.

A text that would start a formula gets an apostrophe in front (OWASP, "CSV Injection"), which `read` takes off again, so
that every text comes back as it was. That also holds inside a text after what a spreadsheet of another country, or one
set otherwise, takes for the end of a cell.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from assay.contract import csv_files

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",;\t"
_CELL = r"(?:\A|(?<=[;,\t\r\n]))"
_FORMULA = (
    r"(?=['\s]*[=+\-@＝＋－＠]|'*[\t\r])"  # the wide ones start formulas in East Asian versions
)


def safe(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could see the start of a formula."""
    return re.sub(_CELL + _FORMULA, "'", text)


def plain(text: str) -> str:
    """What `safe` was given."""
    return re.sub(f"{_CELL}'{_FORMULA}", "", text)


def write(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some columns of it, as CSV for people; numbers stay numbers."""
    texts = frame[list(columns or frame)].map(
        lambda value: safe(value) if isinstance(value, str) else value
    )
    csv_files.write_frame(path, texts)


def read(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read what `write` wrote, see `parse`."""
    return parse(path, path.read_bytes(), columns)


def parse(name: Path | str, content: bytes, columns: Sequence[str] = ()) -> pa.Table:
    """What `write` wrote, also after a spreadsheet saved it again: with semicolons or tabs, with CRLF, with a BOM.

    Raises
    ------
    InputError
        As `csv_files.parse_csv`.
    """
    table = csv_files.parse_csv(name, content, columns, DELIMITERS)
    return pa.table(
        {
            name: pa.array(map(plain, table[name].to_pylist()), pa.string())
            for name in table.column_names
        }
    )
