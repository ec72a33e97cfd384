"""Tables. The canonical payload of a row is a vector of numbers; its cells are stored as they came.

A number is itself. A date is the days since 1970-01-01. A category is the first 24 bits of its
CRC-32, which float32 holds exactly. A gap is NaN. So a row can be coded for a released model
without a table of categories.
"""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.parameters import Collect
from assay.contract.parquet_files import FEATURE
from assay.contract.remarks import Remarks

COLUMN = None
SUFFIXES: set[str] = set()  # its examples are not files
MEDIUM = "text"
HTML = "<pre>{}</pre>"
LINE_BREAK = "; "
STEPS = 3000
_SWAPPED = 0.3  # share of a view's values that are another row's
_GAPS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")  # cells that are empty
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)"
_EXACT = 2.0**53  # below it, float64 holds every whole number
_DAY = 86_400.0  # seconds
_CLOCK = r"( 00:00:00)?(\.0+)?Z?$"  # the part of a date that says nothing
# how a column is typed, in the order of trying
_STORED = {"number": pa.float64(), "date": pa.timestamp("s"), "category": pa.string()}


def canonical(
    raw: pa.Table, places: Sequence[str], _params: Collect | None, remarks: Remarks
) -> np.ndarray:
    """Numbers of a table.

    Parameters
    ----------
    raw : one column for each feature. It holds numbers, truth values, dates, or text. A column of
        text holds numbers if each cell reads as a number, dates if each reads as a date
        (2026-11-25, with a time or without), and else categories.
    places : the name of each row in messages

    Returns
    -------
    np.ndarray of shape (n, features), float32, NaN for a gap

    Raises
    ------
    InputError
        If there is no column, or a number is infinite.
    """
    if not raw.column_names:
        none = "no column is left to learn from beside label, split, key and file_name"
        raise InputError(f"{places[0]}: {none}")
    columns = [_numbers(_typed(raw[name], name, places)) for name in raw.column_names]
    for name, column in zip(raw.column_names, columns, strict=True):
        infinite = np.flatnonzero(np.isinf(column))
        if len(infinite):
            value = raw[name][int(infinite[0])].as_py()
            wrong = f"{places[infinite[0]]}: {name!r} is {value}"
            raise InputError(f"{wrong}; give it a finite value or drop the row")
    return np.stack(columns, axis=1)


def _typed(column: pa.ChunkedArray, name: str, places: Sequence[str]) -> pa.ChunkedArray:
    """A column as numbers, seconds or text, the first that all cells can be; gaps are null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column):
        column = _without_gaps(column)
        _refuse_slips(column, name, places)
    for stored in _STORED.values():
        try:
            return pc.cast(column, stored, safe=not pa.types.is_timestamp(stored))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    wrong = f"{places[0]} and on: {name!r} holds values of type {column.type}"
    raise InputError(f"{wrong}, which are neither numbers nor dates nor text: take that column out")


def _is_text(column: pa.ChunkedArray | pa.Array) -> bool:
    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def _without_gaps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts, null where a text means that there is no value."""
    return pc.if_else(pc.is_in(column, pa.array(_GAPS, column.type)), None, column)


def _refuse_slips(column: pa.ChunkedArray, name: str, places: Sequence[str]) -> None:
    """Raise if most texts of a column read as numbers, but some do not.

    Such texts are rather typing errors than categories.
    """
    values = pc.unique(column).drop_null().to_pylist()
    slips = {text for text in values if not re.fullmatch(_NUMBER, text)}
    if not slips or len(slips) * 2 >= len(values):
        return
    cells = zip(places, column.to_pylist(), strict=True)
    place, value = next((place, value) for place, value in cells if value in slips)
    wrong = f"{place}: {name!r} is {value!r}, not a number as most are"
    raise InputError(f"{wrong}; mend it, or leave it empty")


def _numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Typed values as float32 (n,), NaN for gaps."""
    if pa.types.is_string(column.type):
        codes = [np.nan if text is None else category(text) for text in column.to_pylist()]
        return np.array(codes, np.float32)
    if pa.types.is_timestamp(column.type):
        seconds = pc.cast(pc.cast(column, pa.int64()), pa.float64())
        column = pc.divide(seconds, _DAY)
    values = column.to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):  # values that float32 cannot hold become infinite
        return values.astype(np.float32) + np.float32(0)  # -0.0 becomes 0.0


def category(text: str) -> int:
    """The number of a category."""
    return zlib.crc32(text.encode()) >> 8


def to_columns(
    _payload: np.ndarray, rows: Sequence[int], raw: pa.Table, _params: Collect
) -> tuple[dict[str, pa.Array], dict[str, Any]]:
    """Columns for Parquet of some `rows` of `raw`, one for each feature, and their format.

    Typed values stay as they came. Numbers and dates that came as text are stored as numbers and
    dates: people see 7 where they wrote 007 or 7.0.
    """
    columns, types = {}, {}
    places = [str(row) for row in range(len(raw))]
    for name in raw.column_names:
        typed = _typed(raw[name], name, places)
        types[name] = next(type_ for type_, stored in _STORED.items() if stored == typed.type)
        kept = raw[name] if pa.types.is_primitive(raw[name].type) else _whole(typed)
        columns[f"{FEATURE}{name}"] = kept.take(pa.array(rows))
    return columns, {"modality": "table", "shape": [len(types)], "features": types}


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as int64 if all of them are whole: so none is shown as 1e+10."""
    if not pa.types.is_floating(column.type) or column.null_count == len(column):
        return column
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), _EXACT))
    return pc.cast(column, pa.int64()) if pc.all(is_whole).as_py() else column


def from_columns(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> np.ndarray:
    """The payload (n, features) float32 of rows that `to_columns` made."""
    columns = []
    for name, type_ in payload_format["features"].items():
        typed = pc.cast(rows[f"{FEATURE}{name}"], _STORED[type_], safe=False)
        columns.append(_numbers(typed))
    return np.stack(columns, axis=1)


def show(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> list[str]:
    """Each row as lines `name = value`, with values as they came, and nothing for a gap."""
    names = list(payload_format["features"])
    columns = [as_text(rows[f"{FEATURE}{name}"]) for name in names]
    shown = []
    for cells in zip(*columns, strict=True):
        lines = [f"{name} = {cell}" for name, cell in zip(names, cells, strict=True)]
        shown.append("\n".join(lines))
    return shown


def as_text(column: pa.Array) -> list[str]:
    """The values of a column of examples.parquet as a person writes them; "" for a gap."""
    gaps = column.is_null(nan_is_null=True).to_pylist()
    texts = pc.cast(column, pa.string()).to_pylist()
    if pa.types.is_timestamp(column.type):
        texts = [text and re.sub(_CLOCK, "", text) for text in texts]
    return ["" if is_gap else text for text, is_gap in zip(texts, gaps, strict=True)]


def augment(payload: np.ndarray, _rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training rows as they are."""
    return payload


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows in which some values are another row's (SCARF: Bahri, Jiang, Tay and Metzler 2022)."""
    other_rows = rng.integers(len(payload), size=payload.shape)  # (n, features)
    others = np.take_along_axis(payload, other_rows, axis=0)
    return np.where(rng.random(payload.shape) < _SWAPPED, others, payload)


def read_file(
    path: Path, payload_format: dict[str, Any], remarks: Remarks
) -> tuple[list[str], np.ndarray]:
    """The rows of a CSV file: their names in messages, and payloads (n, features) float32."""
    features = payload_format["features"]
    table = read_csv(path, list(features)).select(list(features))
    places = name_rows(path, table)
    payload = canonical(table, places, None, remarks)
    for index, (name, type_) in enumerate(features.items()):
        if type_ == "category":
            payload[:, index] = _numbers(_without_gaps(table[name]))
        elif pa.types.is_string(_typed(table[name], name, places).type):
            raise InputError(f"{path}: the column {name!r} must hold each a {type_}, or nothing")
    return places, payload
