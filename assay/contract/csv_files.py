"""CSV files: labels and metrics, which git and people can diff. Text is kept exactly as it was typed."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pyarrow as pa
import pyarrow.csv

from assay.contract import files, parquet_files
from assay.contract.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

csv.field_size_limit(2**31 - 1)  # a cell may be as long as pyarrow allows


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    with (
        files.whole(path) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in (
            rows
        ):  # before Python 3.13 the writer forgets that a lone carriage return must be quoted
            (quoted if any("\r" in str(value) for value in row) else writer).writerow(row)


def write_frame(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some columns of it, as CSV or Parquet, by the ending of `path`."""
    chosen = frame[list(columns or frame)]
    if path.suffix == ".parquet":
        return parquet_files.write_parquet(
            path, pa.Table.from_pandas(chosen, preserve_index=False).replace_schema_metadata()
        )
    rounded = chosen.map(lambda value: f"{value:.4f}" if isinstance(value, float) else value)
    return write_csv(path, list(chosen), rounded.itertuples(index=False))


def read_csv(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read a CSV file, see `parse_csv`."""
    return parse_csv(path, path.read_bytes(), columns)


def parse_csv(
    name: Path | str, content: bytes, columns: Sequence[str] = (), delimiters: str = ","
) -> pa.Table:
    """The content of a CSV file with a header as text, exactly as it was typed; an empty cell is an empty string.

    Parameters
    ----------
    name : of the file, for messages
    columns : that it must have
    delimiters : of these the one that is most frequent in the header

    Raises
    ------
    InputError
        If the file is not UTF-8 (a byte order mark is fine), has rows of different lengths, two columns of one name,
        or lacks one of `columns`.
    """
    try:
        lines = io.StringIO(content.decode("utf-8").removeprefix("\ufeff"), newline="")
        delimiter = _delimiter(lines, delimiters)
        header = next(filter(None, csv.reader(lines, delimiter=delimiter)), None)
        if header is None:
            raise InputError(f"{name} is empty: a header line is the least it must have")
        types = dict.fromkeys(header, pa.string())
        table = pa.csv.read_csv(
            pa.BufferReader(content + b"\n"),  # else a header without line end would be no header
            read_options=pa.csv.ReadOptions(use_threads=False),  # else errors do not tell the row
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except UnicodeDecodeError as error:
        place = f"line {len(content[: error.start + 1].splitlines())} has the byte 0x{content[error.start]:02x}"
        raise InputError(f"{name} is not UTF-8: {place}; save it as UTF-8") from None
    except (pa.ArrowInvalid, csv.Error) as error:
        raise InputError(
            files.merge_conflict(name, content) or f"{name} is no well-formed CSV: {error}"
        ) from None
    twice = [each for each in header if header.count(each) > 1]
    if twice:
        raise InputError(f"{name} has two columns {twice[0]!r}: rename one or take it out")
    missing = [each for each in columns if each not in header]
    if missing:
        lacks = f"{name} has no column {missing[0]!r}; it has: {', '.join(header)}"
        raise InputError(files.merge_conflict(name, content) or lacks)
    return table


def _delimiter(lines: TextIO, delimiters: str) -> str:
    """The one that is most frequent in the header."""
    delimiter = max(delimiters, key=lines.readline().count)
    lines.seek(0)
    return delimiter


def name_rows(path: Path, table: pa.Table, delimiters: str = ",") -> list[str]:
    """What to call each row of a file in a message: a CSV file's as a spreadsheet counts them, else from 0."""
    numbers = range(len(table))
    if path.suffix != ".parquet":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_delimiter(file, delimiters))
            numbers = [number for number, cells in enumerate(rows, start=1) if cells][1:]
    return [f"{path} row {number}" for number in numbers]
