"""Tables. Rows are stored as they came; a network reads them as numbers.

An id is a hash of the exact values of a row, by column name. For a network, a number stays as it
is. A date becomes the days since 1970-01-01. A category becomes the first 52 bits of its SHA-256,
which float64 holds exactly. A gap becomes NaN. So a released model needs no table of categories.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names, table_files
from assay.contract.errors import InputError, first_of
from assay.contract.parquet_files import FEATURE, Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.modalities import (
    column_remarks,
    column_roles,
    column_types,
    exact_values,
    known_categories,
    simple_types,
)
from assay.modalities.column_types import Column, asked

COLUMN = None
SUFFIXES: set[str] = set()  # its examples are not files
MEDIUM = "text"
LINE_BREAK = "; "
STEPS = 3000
SECONDS = (60.0, 3.0e-3, 0.0)
_SWAPPED = 0.3  # share of a view's values that are another row's
_CELLS = 2**20  # cells whose text is made at a time
_LARGEST = float(np.finfo(np.float32).max)  # a network computes with float32


@dataclass
class _LastTable:
    """The raw table that was read last, and its features: `to_columns` needs them again."""

    raw: pa.Table | None = None
    features: dict[str, Column] = field(default_factory=dict)


_last = _LastTable()


def canonical(
    raw: pa.Table, places: Sequence[str], _params: Collect | None, remarks: Remarks
) -> np.ndarray:
    """The exact values of the rows of a table, as text.

    `to_columns` of the same table reuses the features that are found here.

    Parameters
    ----------
    raw : columns of numbers, truth values, dates, or text. A column of text holds numbers or dates
        if one way to read them fits all its cells. Otherwise it holds categories. Index, row
        numbers, ids and free text are left out.
    places : the name of each row in messages

    Returns
    -------
    np.ndarray of shape (n,), object: str; equal for rows with equal values in columns of one name

    Raises
    ------
    InputError
        If no column is left, a column cannot be read, or a number is beyond the range of float32.
    """
    columns = _features(raw, places, remarks)
    if not columns:
        none = "no column is left to learn from beside label, split, key and file_name"
        raise InputError(f"{places[0]}: {none}")
    column_remarks.remark(columns, remarks)
    column_remarks.remark_on_seconds(raw, columns, remarks)
    column_remarks.remark_on_gaps(raw, columns, remarks)
    column_remarks.remark_on_nines(columns, remarks)
    for name, column in columns.items():
        if column.type != "category":
            _refuse_beyond(column.numbers(), raw[name], name, places)
    step = max(1, _CELLS // len(columns))
    return np.concatenate([_framed(columns, row, step) for row in range(0, len(raw), step)])


def _refuse_beyond(
    numbers: np.ndarray, values: pa.ChunkedArray, name: str, places: Sequence[str]
) -> None:
    """Raise if one of `numbers` (n,) is beyond the range of float32; `values` are for messages."""
    beyond = np.flatnonzero(np.abs(numbers) > _LARGEST)
    if len(beyond):
        row = int(beyond[0])
        number = column_types.short(values[row].as_py()).strip("'")
        wrong = f"{places[row]}: {name!r} is {number}"
        if np.isinf(numbers[row]):
            raise InputError(f"{wrong}; give it a finite value or drop the row")
        limit = "beyond ±3.4e38, the range of float32"
        raise InputError(f"{wrong}, {limit}; scale the column or drop the row")


def _framed(columns: dict[str, Column], start: int, count: int) -> np.ndarray:
    """The values of `count` rows as texts (count,): name, length and value of each column."""
    framed = []
    for name in sorted(columns):
        texts = columns[name].exact(start, count)
        size = pc.cast(pc.binary_length(texts), pa.string())
        framed.append(pc.binary_join_element_wise(json.dumps(name), size, texts, ":"))
    options = {"null_handling": "replace", "null_replacement": ""}
    rows = pc.binary_join_element_wise(*framed, ",", **options)
    return rows.to_numpy(zero_copy_only=False)


def _features(raw: pa.Table, places: Sequence[str], remarks: Remarks) -> dict[str, Column]:
    """The columns that are features, by name. `_last` keeps them for the next call."""
    if _last.raw is not raw:
        roles = column_roles.left_out(raw, remarks)
        names = [name for name in raw.column_names if name not in roles]
        features = {name: column_types.of(raw[name], name, places) for name in names}
        _last.raw, _last.features = raw, features
    return _last.features


def to_columns(
    _payload: np.ndarray, rows: Sequence[int], raw: pa.Table, _params: Collect
) -> tuple[dict[str, pa.Array], Format]:
    """Columns for Parquet of some `rows` of `raw`, as they came, and their format.

    Columns that are no features are kept too, since an encoder may have learned from them.
    """
    # `canonical` was called before, with real remarks and names of rows
    features = _features(raw, [str(row) for row in range(len(raw))], Remarks())
    chosen = pa.array(rows)
    columns = {
        f"{FEATURE}{name}": simple_types.with_simple_type(values).take(chosen)
        for name, values in zip(raw.column_names, raw.columns, strict=True)
    }
    types = {name: column.type for name, column in features.items()}
    payload_format = {"modality": "table", "shape": [len(features)], "features": types}
    written = {name: column.written.as_dict() for name, column in features.items()}
    optional = {
        "written": {name: way for name, way in written.items() if way},
        "left_out": sorted(set(raw.column_names) - set(features)),
    }
    return columns, payload_format | {name: value for name, value in optional.items() if value}


def from_columns(rows: pa.RecordBatch, payload_format: Format) -> np.ndarray:
    """The payload (n, features) float64 of rows that `to_columns` made.

    Parameters
    ----------
    payload_format : the format in which the rows are read: the encoder's, or their own

    Raises
    ------
    InputError
        If a column is missing, or a value is not of its column's type.
    """
    metadata = rows.schema.metadata or {}
    stored_format = json.loads(metadata.get(b"payload", b"{}")) or payload_format
    stored = dict(zip(rows.schema.names, rows.columns, strict=True))
    keys = [f"key {key!r}" for key in stored["key"].to_pylist()] if "key" in stored else None
    columns = []
    for name, type_ in payload_format["features"].items():
        values = stored[f"{FEATURE}{name}"]
        is_same_number = stored_format["features"].get(name) == type_ == "number"
        if is_same_number and pa.types.is_floating(values.type):
            columns.append(values.to_numpy(zero_copy_only=False))  # quick for wide tables
            continue
        column = Column.stored(values, name, stored_format)
        columns.append(column.read_as(name, payload_format, places=keys))
    return np.stack(columns, axis=1).astype(np.float64, copy=False) + 0.0  # -0.0 becomes 0.0


def show(rows: pa.RecordBatch, payload_format: Format, _side: int | None = None) -> list[str]:
    """Each row as lines `name = value`, with values as they came; the value of a gap is empty."""
    names = list(payload_format["features"])
    columns = [exact_values.as_text(rows[f"{FEATURE}{name}"]) for name in names]
    shown = []
    for cells in zip(*columns, strict=True):
        lines = [f"{name} = {cell}" for name, cell in zip(names, cells, strict=True)]
        shown.append("\n".join(lines))
    return shown


def augment(payload: np.ndarray, _rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training rows without a change."""
    return payload


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows with some values of other rows (SCARF: Bahri, Jiang, Tay and Metzler 2022)."""
    other_rows = rng.integers(len(payload), size=payload.shape)  # (n, features)
    others = np.take_along_axis(payload, other_rows, axis=0)
    return np.where(rng.random(payload.shape) < _SWAPPED, others, payload)


def read_file(path: Path, payload_format: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """The rows of a table: their names in messages, and payloads (n, features) float64."""
    features = payload_format["features"]
    table, places = table_files.read_foreign(path, list(features), remarks)
    known = {*features, *payload_format.get("left_out", []), *column_names.RESERVED}
    more = [repr(name) for name in table.column_names if name not in known]
    remarks.add("ignored", len(more), "columns are none that the model knows", first_of(more))
    columns = {name: asked(table[name], name, payload_format, places) for name in features}
    numbers = []
    for name, column in columns.items():
        numbers.append(column.read_as(name, payload_format, places=places))
        _refuse_beyond(numbers[-1], table[name], name, places)
    column_remarks.remark_on_empty(columns, payload_format, remarks)
    column_remarks.remark_on_guesses(columns, payload_format, remarks)
    column_remarks.remark_on_gaps(table, columns, remarks)
    known_categories.remark_on_others(columns, payload_format.get("categories", {}), remarks)
    return places, np.stack(numbers, axis=1)
