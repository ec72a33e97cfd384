"""Tables: every row a vector of numbers, kept as the columns they came in: numbers, dates, categories, with gaps.

A number is itself, a date the days since 1970-01-01, a category the first 24 bits of its CRC-32, which float32 holds
exactly, and a gap is NaN. So whoever uses a released model can code a row without a table of categories.
"""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.parameters import Collect

MEDIUM = "text"  # as what people are shown it
HTML = "<pre>{}</pre>"  # of what `show` gives, on a page
BREAK = "; "  # between its lines, where there is room for one
STEPS = 3000  # that training takes at least where params.yaml leaves it open
_SWAPPED = 0.3  # share of a view's values that are another row's
_GAPS = (
    "",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "?",
)  # as cells of text say that there is nothing
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)"
_DAY = 86_400  # seconds
_STORED = {
    "number": pa.float64(),
    "date": pa.timestamp("s"),
    "category": pa.string(),
}  # what a column is typed as


def canonical(raw: pa.Table, places: Sequence[str], _params: Collect | None = None) -> np.ndarray:
    """Numbers of a table.

    Parameters
    ----------
    raw : one column a feature: numbers, truth values, dates, or text, of which each cell reads as a number, each as a
        date (2026-11-25, with a time or without), or which is taken as categories
    places : for each row, what to call it in a message

    Returns
    -------
    np.ndarray of shape (n, features), float32, NaN where there is nothing

    Raises
    ------
    InputError
        If there is no column, or a number is infinite.
    """
    if not raw.column_names:
        raise InputError(
            f"{places[0]}: no column is left to learn from beside label, split, key and file_name"
        )
    columns = [_numbers(_typed(raw[name], name, places)) for name in raw.column_names]
    for name, column in zip(raw.column_names, columns, strict=True):
        if len(infinite := np.flatnonzero(np.isinf(column))):
            value = raw[name][int(infinite[0])].as_py()
            raise InputError(
                f"{places[infinite[0]]}: {name!r} is {value}; give it a finite value or drop the row"
            )
    return np.stack(columns, axis=1)


def _typed(column: pa.ChunkedArray, name: str, places: Sequence[str]) -> pa.ChunkedArray:
    """A column as numbers, seconds or text, whichever it can be first; gaps are null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.is_in(column, pa.array(_GAPS, column.type)), None, column)
        _refuse_slips(column, name, places)
    for type_ in _STORED.values():
        try:
            return pc.cast(column, type_, safe=not pa.types.is_timestamp(type_))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    what = f"{places[0]} and on: {name!r} holds values of type {column.type}"
    raise InputError(f"{what}, which are neither numbers nor dates nor text: take that column out")


def _refuse_slips(column: pa.ChunkedArray, name: str, places: Sequence[str]) -> None:
    """Raise where most cells of a column read as numbers, but some do not: those are rather slips than categories."""
    values = pc.unique(column).drop_null().to_pylist()
    odd = {text for text in values if not re.fullmatch(_NUMBER, text)}
    if odd and len(odd) * 2 < len(values):
        place, value = next(
            each for each in zip(places, column.to_pylist(), strict=True) if each[1] in odd
        )
        raise InputError(
            f"{place}: {name!r} is {value!r}, not a number as most are; mend it, or leave it empty"
        )


def _numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Typed values as float32 (n,), NaN for gaps."""
    if pa.types.is_string(column.type):
        return np.array(
            [np.nan if text is None else category(text) for text in column.to_pylist()], np.float32
        )
    if pa.types.is_timestamp(column.type):
        column = pc.divide(pc.cast(pc.cast(column, pa.int64()), pa.float64()), float(_DAY))
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        return column.to_numpy(zero_copy_only=False).astype(np.float32) + np.float32(
            0
        )  # -0.0 is 0.0


def category(text: str) -> int:
    """The number of a category."""
    return zlib.crc32(text.encode()) >> 8


def to_columns(
    _payload: np.ndarray, rows: Sequence[int], raw: pa.Table, _params: Collect
) -> tuple[dict, dict]:
    """Columns for Parquet, one a feature, of some `rows` of `raw`, and what they are.

    Values stay exactly as they came, so that people see what they wrote; numbers and dates in text are kept as such.
    """
    columns, types = {}, {}
    for name in raw.column_names:
        typed = _typed(raw[name], name, range(len(raw)))
        types[name] = next(type_ for type_, stored in _STORED.items() if stored == typed.type)
        came = raw[name] if pa.types.is_primitive(raw[name].type) else typed
        columns[f"feature:{name}"] = came.take(pa.array(rows))
    return columns, {"modality": "table", "shape": [len(types)], "features": types}


def from_columns(rows: pa.RecordBatch, kind: dict) -> np.ndarray:
    """The payload of rows that `to_columns` made. Shape (n, features), float32."""
    columns = [
        pc.cast(rows[f"feature:{name}"], _STORED[type_], safe=False)
        for name, type_ in kind["features"].items()
    ]
    return np.stack([_numbers(column) for column in columns], axis=1)


def show(rows: pa.RecordBatch, kind: dict) -> list[str]:
    """Rows for people's eyes, a line a feature: names, numbers and dates as they came, nothing for a gap."""
    cells = {name: as_text(rows[f"feature:{name}"]) for name in kind["features"]}
    return [
        "\n".join(map(" = ".join, zip(cells, row, strict=True)))
        for row in zip(*cells.values(), strict=True)
    ]


def as_text(column: pa.Array) -> list[str]:
    """The values of a column of examples.parquet as a person writes them; "" for a gap."""
    gaps = column.is_null(nan_is_null=True).to_pylist()
    texts = pc.cast(column, pa.string()).to_pylist()
    if pa.types.is_timestamp(column.type):
        texts = [text and re.sub(r"( 00:00:00)?(\.0+)?Z?$", "", text) for text in texts]
    return ["" if gap else text for text, gap in zip(texts, gaps, strict=True)]


def augment(payload: np.ndarray, _rng: np.random.Generator, _reach: int = 1) -> np.ndarray:
    """Training rows, as they are."""
    return payload


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows in which some values are another row's (SCARF: Bahri, Jiang, Tay and Metzler 2022)."""
    others = np.take_along_axis(payload, rng.integers(len(payload), size=payload.shape), axis=0)
    return np.where(rng.random(payload.shape) < _SWAPPED, others, payload)


def read_file(path: Path, kind: dict) -> tuple[list[str], np.ndarray]:
    """The rows of a CSV file, what to call them and as payloads of the released model: (rows, features), float32."""
    table = read_csv(path, list(kind["features"])).select(list(kind["features"]))
    places = name_rows(path, table)
    payload = canonical(table, places)
    for index, (name, own) in enumerate(kind["features"].items()):
        if own == "category":
            payload[:, index] = _numbers(
                pc.if_else(pc.is_in(table[name], pa.array(_GAPS)), None, table[name])
            )
        elif pa.types.is_string(_typed(table[name], name, places).type):
            raise InputError(f"{path}: the column {name!r} must hold each a {own}, or nothing")
    return places, payload
