"""CSV files: labels and metrics, which git and people can diff. Text is kept as it was typed."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pyarrow as pa
import pyarrow.csv

from assay.contract import files
from assay.contract.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

csv.field_size_limit(2**31 - 1)  # a cell may be as long as pyarrow allows


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    with files.whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(header)
        for row in rows:
            # before Python 3.13, `plain` does not quote a lone carriage return
            has_return = any("\r" in str(cell) for cell in row)
            (quoted if has_return else plain).writerow(row)


def write_frame(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some of its columns, as CSV. Floats get four digits after the point."""
    chosen = frame[list(columns or frame)]
    rounded = chosen.map(lambda value: f"{value:.4f}" if isinstance(value, float) else value)
    write_csv(path, list(chosen), rounded.itertuples(index=False))


def read_csv(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read a CSV file, see `parse_csv`."""
    return parse_csv(path, path.read_bytes(), columns)


def parse_csv(
    name: Path | str, content: bytes, columns: Sequence[str] = (), delimiters: str = ","
) -> pa.Table:
    """Parse a CSV file with a header. Every cell is text, as it was typed; an empty one is "".

    Parameters
    ----------
    name : of the file, for messages
    columns : the columns that the file must have
    delimiters : the possible delimiters; the most frequent one in the header is used

    Raises
    ------
    InputError
        If the file is not UTF-8 (a byte order mark is allowed), has rows of different lengths,
        has two columns with one name, or lacks one of `columns`.
    """
    try:
        lines = io.StringIO(content.decode("utf-8").removeprefix("\ufeff"), newline="")
        delimiter = _delimiter(lines, delimiters)
        header = next(filter(None, csv.reader(lines, delimiter=delimiter)), None)
        if header is None:
            raise InputError(f"{name} is empty: it must have a header line at least")
        table = _table(content, header, delimiter)
    except UnicodeDecodeError as error:
        line = len(content[: error.start + 1].splitlines())
        place = f"line {line} has the byte 0x{content[error.start]:02x}"
        raise InputError(f"{name} is not UTF-8: {place}; save it as UTF-8") from None
    except (pa.ArrowInvalid, csv.Error) as error:
        malformed = f"{name} is no well-formed CSV: {error}"
        raise InputError(files.merge_conflict(name, content) or malformed) from None
    repeated = [column for column in header if header.count(column) > 1]
    if repeated:
        raise InputError(f"{name} has two columns {repeated[0]!r}: rename one or take it out")
    missing = [column for column in columns if column not in header]
    if missing:
        lacks = f"{name} has no column {missing[0]!r}; it has: {', '.join(header)}"
        raise InputError(files.merge_conflict(name, content) or lacks)
    return table


def key_column(path: Path, table: pa.Table, names: tuple[str, str]) -> str:
    """The first of two columns that a file has, which names the examples.

    Raises
    ------
    InputError
        If it has neither.
    """
    for name in names:
        if name in table.column_names:
            return name
    raise InputError(f"{path} has neither a column {names[0]!r} nor a column {names[1]!r}")


def _table(content: bytes, header: list[str], delimiter: str) -> pa.Table:
    texts = dict.fromkeys(header, pa.string())
    return pa.csv.read_csv(
        pa.BufferReader(content + b"\n"),  # a header without a line end would be no header
        read_options=pa.csv.ReadOptions(use_threads=False),  # threads hide the row of an error
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
    )


def _delimiter(lines: TextIO, delimiters: str) -> str:
    """The delimiter that is most frequent in the header."""
    delimiter = max(delimiters, key=lines.readline().count)
    lines.seek(0)
    return delimiter


def name_rows(path: Path, table: pa.Table, delimiters: str = ",") -> list[str]:
    """Name each row of a file for messages: a CSV's as a spreadsheet counts them, else from 0."""
    numbers: Iterable[int] = range(len(table))
    if path.suffix != ".parquet":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_delimiter(file, delimiters))
            numbers = [number for number, cells in enumerate(rows, start=1) if cells][1:]
    return [f"{path} row {number}" for number in numbers]
