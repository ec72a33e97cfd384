"""Read and write CSV files, such as labels and metrics. Text is kept as it was typed.

`assay.catalogue.spreadsheets` writes the tables that people open in a spreadsheet.
"""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv as pa_csv

from assay.contract import files, merging, plain_files
from assay.contract.errors import InputError, first_of

if TYPE_CHECKING:
    import pandas as pd

csv.field_size_limit(2**31 - 1)  # a cell may be as long as pyarrow allows
DELIMITERS = ",;\t|"  # of tables that other programs wrote
_BLOCK = 65_536  # rows held as Python objects at a time
_BLANK_ROWS = b"blank rows"  # key of a table's metadata: the numbers of blank rows, as JSON
_MOST_BYTES = 2**31 - 1  # bytes that pyarrow parses at once
_NAMED = 20  # columns that a message names
_LOOKED_AT = 65_536  # characters that are read to find the delimiter
_QUOTED = re.compile('"[^"]*"')  # a quoted cell in a line
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    rows = iter(rows)
    with files.whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(header)
        while block := list(islice(rows, _BLOCK)):
            text = _written(block)
            # before Python 3.13, only QUOTE_ALL quotes a cell with a lone carriage return
            parts = map(_written_alone, block) if "\r" in text else [text]
            file.writelines(parts)


def _written(rows: Iterable[Sequence], **options: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", **options).writerows(rows)
    return text.getvalue()


def _written_alone(row: Sequence) -> str:
    has_return = any("\r" in str(cell) for cell in row)
    return _written([row], quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL)


def write_frame(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some of its columns, as CSV. Floats get four digits after the point."""
    chosen = frame[list(columns or frame)]
    cells = [_cells(column) for _, column in chosen.items()]
    write_csv(path, list(chosen), zip(*cells, strict=True))


def _cells(column: "pd.Series") -> Sequence:
    """The cells of a column as they are written. Each type has its own loop, for speed."""
    if column.dtype.name in ("float32", "float64"):
        return [f"{value:.4f}" for value in column.tolist()]
    cells = column.to_numpy(object)
    if column.dtype.name == "str":
        return cells
    return [f"{cell:.4f}" if isinstance(cell, float) else cell for cell in cells]


def read_csv(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read a CSV file, see `parse_csv`."""
    return parse_csv(path, plain_files.read(path), columns)


def parse_csv(
    name: Path | str, content: bytes, columns: Sequence[str] = (), delimiters: str = ","
) -> pa.Table:
    """Parse a CSV file with a header. Every cell is text, as it was typed; an empty one is "".

    Python's reader is strict about quotes. Pyarrow's reader is ten times as fast, but it accepts a
    quoted cell that does not end. So pyarrow reads only files without quotes.

    Parameters
    ----------
    name : of the file, for messages
    columns : the columns that the file must have
    delimiters : the possible delimiters; see `_delimiter` for which one is used

    Returns
    -------
    pa.Table of strings; its metadata tell `name_rows` which rows are blank

    Raises
    ------
    InputError
        If the file is not UTF-8 (a byte order mark is allowed), a quoted cell is not well-formed,
        rows have different lengths, two columns have one name, or one of `columns` is missing.
    """
    if b"\0" in content.partition(b"\n")[0] and not content.startswith(_MARKS):
        zeros = "its header has zero bytes, and no byte order mark is before it"
        raise InputError(f"{name} looks like UTF-16, since {zeros}: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(content[: error.start + 1].splitlines())
        place = f"line {line} has the byte 0x{content[error.start]:02x}"
        raise InputError(f"{name} is not UTF-8: {place}; save it as UTF-8") from None
    delimiter = _delimiter(text, delimiters)
    try:
        table = _parse_plain(text, delimiter) or _parse(text, delimiter, name)
        check_columns(name, table, columns)
    except InputError as error:
        raise InputError(merging.conflict(name, content) or str(error)) from None
    return table


def _delimiter(text: str, delimiters: str) -> str:
    """The most frequent delimiter in the header.

    In a tie, the one that fits most rows; then the last, since a cell may contain commas.
    """
    first, _, rest = text.lstrip("\r\n").partition("\n")
    header, *rows = [_QUOTED.sub("", line) for line in (first, *rest[:_LOOKED_AT].split("\n"))]
    most = max(map(header.count, delimiters))
    tied = [delimiter for delimiter in delimiters if header.count(delimiter) == most]
    if len(tied) == 1 or not most or not rest:
        return tied[0]
    return max(reversed(tied), key=lambda sign: sum(row.count(sign) == most for row in rows))


def check_columns(name: Path | str, table: pa.Table, columns: Sequence[str]) -> None:
    """Raise InputError if two columns have one name, or one of `columns` is missing."""
    counts = Counter(table.column_names)
    repeated = next((column for column, count in counts.items() if count > 1), None)
    if repeated is not None:
        is_value = not re.search(r"[^\W\d_]", repeated)  # a name has letters
        why = "; is the first row no header, but a title or values?" if is_value else ""
        raise InputError(f"{name} has two columns {repeated!r}: rename one or take it out{why}")
    missing = first_of([repr(column) for column in columns if column not in counts])
    if missing:
        has = first_of(table.column_names, _NAMED)
        raise InputError(f"{name} has no column {missing}; it has: {has}")


def _parse_plain(text: str, delimiter: str) -> pa.Table | None:
    """The table of a CSV file; None if it has quotes, blank rows or errors."""
    names, _, rows = text.partition("\n")
    is_plain = names and rows and not rows.startswith("\n")
    if not is_plain or any(sign in text for sign in ('"', "\r", "\0", "\n\n")):
        return None
    header = names.split(delimiter)
    content = pa.py_buffer(rows.encode())
    if len(content) >= _MOST_BYTES:
        return None
    places = [str(place) for place in range(len(header))]  # names may be repeated
    try:
        table = pa_csv.read_csv(
            content,
            pa_csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=places),
            pa_csv.ParseOptions(delimiter=delimiter, quote_char=False),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(places, pa.string())),
        )
    except pa.ArrowInvalid:  # rows of different lengths
        return None
    return table.rename_columns(header)


def _parse(text: str, delimiter: str, name: Path | str) -> pa.Table:
    """The table of a CSV file. The first row that is not blank is the header."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1  # the number of a block's first row
    blank: list[int] = []  # the numbers of blank rows
    header: list[str] = []
    parts: list[list[pa.Array]] = []
    try:
        while block := list(islice(rows, _BLOCK)):
            blank += [number for number, cells in enumerate(block, start) if not cells]
            kept = [cells for cells in block if cells] if blank else block
            if not header and kept:
                header = kept[0]
                kept = kept[1:]
            if set(map(len, kept)) - {len(header)}:
                numbered = ((number, cells) for number, cells in enumerate(block, start) if cells)
                number, cells = next(row for row in numbered if len(row[1]) != len(header))
                counts = f"row #{number}: expected {len(header)} columns, got {len(cells)}"
                why = "is a quote missing, or is the first row no header?"
                raise InputError(f"{name} is no well-formed CSV: {counts}; {why}")
            if kept:
                parts.append([pa.array(cells, pa.string()) for cells in zip(*kept, strict=True)])
            start += len(block)
    except csv.Error as error:
        wrong = _wrong_quote(error, text, delimiter)
        raise InputError(f"{name} is no well-formed CSV: {wrong}") from None
    if not header:
        raise InputError(f"{name} is empty: it must have a header line at least")
    parts = parts or [[pa.array([], pa.string())] * len(header)]
    columns = [pa.chunked_array(column) for column in zip(*parts, strict=True)]
    metadata = {_BLANK_ROWS: json.dumps(blank)} if blank else None
    return pa.table(columns, names=header, metadata=metadata)


def _wrong_quote(error: csv.Error, text: str, delimiter: str) -> str:
    """A message about a wrong quoted cell: its row, and what to do."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    with suppress(csv.Error):
        for _ in rows:
            number += 1
    if "end of data" in str(error):
        return f"row #{number} starts a quoted cell that does not end: is the file cut?"
    if "expected after" in str(error):
        return f'row #{number} has a quote within a quoted cell: write it twice, as "", not as \\"'
    return f"row #{number}: {error}"


def key_column(path: Path, table: pa.Table, names: tuple[str, str]) -> str:
    """The column that names the examples: the first of two `names` that the file has.

    Raises
    ------
    InputError
        If the file has neither.
    """
    for name in names:
        if name in table.column_names:
            return name
    neither = f"{path} has neither a column {names[0]!r} nor a column {names[1]!r}"
    raise InputError(f"{neither}: call the one that names the examples so")


def name_rows(path: Path, table: pa.Table) -> list[str]:
    """Name each row of a file for messages: Parquet counts from 0, CSV as a spreadsheet does.

    Parameters
    ----------
    table : from `parse_csv`, or from a Parquet file; it must still have the metadata of the file
    """
    if path.suffix == ".parquet":
        return [f"{path} row {number}" for number in range(len(table))]
    blank = set(json.loads((table.schema.metadata or {}).get(_BLANK_ROWS, "[]")))
    numbers = [number for number in range(1, len(table) + len(blank) + 2) if number not in blank]
    of_rows = numbers[1:]  # without the header
    return [f"{path} row {number}" for number in of_rows]
