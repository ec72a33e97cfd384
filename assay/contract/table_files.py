"""Read a file that holds a table: CSV or JSON lines, which may be gzipped, or Parquet."""

import gzip
import json
import reprlib
import zlib
from collections.abc import Sequence
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names, hugging_face_columns, parquet_files, plain_files
from assay.contract.arrow_types import is_text
from assay.contract.csv_files import DELIMITERS, check_columns, name_rows, parse_csv
from assay.contract.errors import InputError
from assay.contract.files import MB
from assay.contract.remarks import Remarks

_DELIMITERS = {".csv": DELIMITERS, ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
_PARQUET = ".parquet"
_GZIP = ".gz"
_LARGEST = 4000  # MB of a file that is to be predicted: the default of params.yaml
SHEETS = (".xlsx", ".xls", ".ods")
# endings of files that Assay cannot read, and what to do
_REMEDIES = {".json": "write one object a line, into a .jsonl file"}
_REMEDIES |= dict.fromkeys(SHEETS, "save the sheet as CSV, in UTF-8")
_PLAIN_OF_VIEW = ((pa.types.is_string_view, pa.string()), (pa.types.is_binary_view, pa.binary()))
_COLUMNS = 2  # with so many columns, a row that repeats all their names is no example
_BLANK_BEFORE_QUOTE = r'(?s)^[ \t]+".*"[ \t]*$'


def suffix(name: str) -> str:
    """The ending of a table's file name, in lower case and without `.gz`; "" for other files."""
    path = PurePosixPath(name.lower())
    ending = path.with_suffix("").suffix if path.suffix == _GZIP else path.suffix
    if path.suffix == _GZIP and ending == _PARQUET:
        return ""
    return ending if ending in (*_DELIMITERS, *JSON_LINES, _PARQUET) else ""


def is_table(name: str) -> bool:
    """Whether a file is a table, by its name."""
    return bool(suffix(name)) or PurePosixPath(name.lower()).suffix in _REMEDIES


def read_foreign(
    path: Path, columns: Sequence[str], remarks: Remarks
) -> tuple[pa.Table, list[str]]:
    """Read a table that is to be predicted, in the same way as a batch.

    A file with an unknown ending is read as CSV. Rows that repeat the header are left out.

    Parameters
    ----------
    columns : the columns that the table must have, see also `column_names.with_tidy_names`

    Returns
    -------
    The table, and the name of each row in messages

    Raises
    ------
    InputError
        As `read`, or if it is no regular file, has no rows, or lacks a column.
    """
    plain_files.check(path)
    if remedy := _REMEDIES.get(path.suffix.lower()):
        raise InputError(f"{path} is not read: {remedy}")
    if suffix(path.name) and path.suffix.lower() not in _DELIMITERS:
        table, places = read(path, _LARGEST, remarks, remedy="cut it")
    else:
        table, places = _csv(path, plain_files.read(path), DELIMITERS, remarks)
    table, places, _ = without_headers(table, places, remarks)
    if not len(table):
        raise InputError(f"{path} is a table without rows: add them, in CSV below the header")
    table, _ = hugging_face_columns.unpacked(table, path, remarks)
    table = column_names.with_tidy_names(table, path, remarks, columns)
    check_columns(path, table, columns)
    return table, places


def read(
    path: Path, largest: int, remarks: Remarks, remedy: str = "raise it, or cut it"
) -> tuple[pa.Table, list[str]]:
    """The table, and the name of each row in messages.

    Parameters
    ----------
    largest : MB that it may unpack to
    remedy : what to do if it is larger

    Raises
    ------
    InputError
        If the file is damaged, too large, not what its name says, or has an unknown time zone.
    """
    ending = suffix(path.name)
    if ending == _PARQUET:
        table = _without_views(parquet_files.read_foreign(path, largest * MB))
        check_columns(path, table, ())
        _check_zones(path, table.schema)
        return table, name_rows(path, table)
    content = _content(path, largest, remedy)
    if ending in JSON_LINES:
        return _json_lines(path, content)
    return _csv(path, content, _DELIMITERS[ending], remarks)


def _without_views(table: pa.Table) -> pa.Table:
    """The table with Arrow's view types of texts and bytes cast to the usual types."""
    for index, field in enumerate(table.schema):
        for is_view, plain in _PLAIN_OF_VIEW:
            if is_view(field.type):
                table = table.set_column(index, field.name, table.columns[index].cast(plain))
    return table


def without_headers(
    table: pa.Table, places: Sequence[str], remarks: Remarks
) -> tuple[pa.Table, list[str], list[int]]:
    """The table without rows that repeat the header.

    Files that were concatenated have them. If there is only one column, all rows are kept, since
    its name may be a text.

    Returns
    -------
    The table, the name of each row in messages, and the number that each row had before, from 0
    """
    numbers = list(range(len(table)))
    columns = dict(zip(table.column_names, table.columns, strict=True))
    if len(columns) < _COLUMNS or not all(is_text(column.type) for column in columns.values()):
        return table, list(places), numbers
    is_header = reduce(pc.and_, [pc.equal(column, name) for name, column in columns.items()])
    headers = pc.indices_nonzero(is_header).to_pylist()
    if not headers:
        return table, list(places), numbers
    remarks.note("left out", [places[row] for row in headers], "rows are the header once more")
    is_row = pc.invert(pc.fill_null(is_header, fill_value=False))
    numbers = pc.indices_nonzero(is_row).to_pylist()
    return table.filter(is_row), [places[row] for row in numbers], numbers


def _csv(
    path: Path, content: bytes, delimiters: str, remarks: Remarks
) -> tuple[pa.Table, list[str]]:
    table = parse_csv(path, content, delimiters=delimiters)
    if b'"' in content:
        _remark_on_quotes(table, remarks)
    return table, name_rows(path, table)


def _check_zones(path: Path, schema: pa.Schema) -> None:
    """Raise if times are in an unknown time zone: they cannot be shown or compared."""
    for field in schema:
        if pa.types.is_timestamp(field.type):
            try:
                pc.cast(pa.scalar(0, field.type), pa.string())
            except pa.ArrowInvalid:
                zone = f"the time zone {field.type.tz!r}, which is not known here"
                raise InputError(f"{path}: {field.name!r} has {zone}: write UTC") from None


def _remark_on_quotes(table: pa.Table, remarks: Remarks) -> None:
    """Add a remark on cells of a CSV file that keep their quotes, as in `1, "a"`."""
    cells = []
    for column in table.columns:
        cells += column.filter(pc.match_substring_regex(column, _BLANK_BEFORE_QUOTE)).to_pylist()
    what = "cells have a blank before their quote, so the quotes are part of the text"
    remedy = "take these blanks out if they are not"
    remarks.add("doubtful", len(cells), what, reprlib.repr(min(cells, default="")), remedy)


def _content(path: Path, largest: int, remedy: str) -> bytes:
    most = largest * MB
    is_packed = path.suffix.lower() == _GZIP
    plain_files.check(path)
    try:
        with gzip.open(path) if is_packed else path.open("rb") as file:
            content = bytes(plain_files.read_beyond(file, most))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is cut short or damaged ({error}): fetch it again") from None
    if len(content) > most:
        more = "unpacks to more than" if is_packed else "is larger than"
        raise InputError(f"{path} {more} collect.largest_file, {largest} MB: {remedy}")
    return content


def _json_lines(path: Path, content: bytes) -> tuple[pa.Table, list[str]]:
    """A table of JSON objects, one per line; a key that a line lacks becomes null."""
    rows = []
    places = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path} line {number}"
        try:
            text = line.decode("utf-8-sig")
            row = json.loads(text, object_pairs_hook=_object)
            if b"\\u" in line:
                json.dumps(row, ensure_ascii=False).encode()  # raises for half a surrogate pair
        except (ValueError, RecursionError) as error:
            raise InputError(f"{place} is no proper JSON: {error}; mend that line") from None
        if not isinstance(row, dict):
            raise InputError(f"{place} is no JSON object, which starts with {{: mend that line")
        rows.append(row)
        places.append(place)
    names = dict.fromkeys(name for row in rows for name in row)
    if rows and not names:
        raise InputError(f"{path} holds objects without keys: it must have `label` at least")
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names}), places


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. If a key comes twice, it raises; `json` would silently keep the last value."""
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has two keys {repeated!r}")
    return row


def _column(values: list[Any]) -> pa.Array:
    """A column of values as they are; if they have several types, all become text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        texts = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
        return pa.array(texts, pa.string())
