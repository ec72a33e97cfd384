"""Tables: every row a vector of numbers, kept as one float32 column a feature."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.dataset import name_rows, read_csv
from assay.errors import InputError

MEDIUM = "text"  # as what people are shown it
_SWAPPED = 0.3  # share of a view's values that are another row's


def canonical(raw: pa.Table, places: Sequence[str], **_images_only: object) -> np.ndarray:
    """Numbers of a table.

    Parameters
    ----------
    raw : one column a feature, numbers or text that reads as numbers
    places : for each row, what to call it in a message

    Returns
    -------
    np.ndarray of shape (n, features), float32

    Raises
    ------
    InputError
        If a column is not numeric, or a value is missing, infinite, or not a number.
    """
    if not raw.column_names:
        raise InputError(f"{places[0]}: no column is left to learn from beside label, split, key and file_name")
    columns = []
    for name in raw.column_names:
        try:
            column = pc.cast(raw[name], pa.float64()).to_numpy()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            place, value = _first_unreadable(raw[name], places)
            raise InputError(f"{place}: {name!r} is {value!r}, not a number; encode or drop that column") from None
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is found below
            column = column.astype(np.float32) + np.float32(0)  # -0.0 is 0.0
        unfit = np.flatnonzero(~np.isfinite(column))
        if len(unfit):
            place, value = places[unfit[0]], raw[name][int(unfit[0])].as_py()
            raise InputError(f"{place}: {name!r} is {value}; give it a finite value or drop the row")
        columns.append(column)
    return np.stack(columns, axis=1)


def _first_unreadable(column: pa.ChunkedArray, places: Sequence[str]) -> tuple[str, object]:
    for place, value in zip(places, column, strict=True):
        try:
            value.cast(pa.float64())  # not float(): Python reads ' 2' and '1_000', Arrow does not
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return place, value.as_py()
    return places[0], column[0].as_py()


def to_columns(payload: np.ndarray, features: Sequence[str]) -> tuple[dict[str, pa.Array], dict]:
    """Columns for Parquet, one float32 column a feature, and what they are: `{modality, shape, features}`."""
    columns = {f"feature:{name}": pa.array(payload[:, index]) for index, name in enumerate(features)}
    return columns, {"modality": "table", "shape": [len(features)], "features": list(features)}


def from_columns(rows: pa.RecordBatch, kind: dict) -> np.ndarray:
    """The payload of rows that `to_columns` made. Shape (n, features), float32."""
    return np.stack([rows[f"feature:{name}"].to_numpy() for name in kind["features"]], axis=1)


def show(row: np.ndarray, kind: dict) -> str:
    """One payload for people's eyes: a line a feature."""
    return "\n".join(f"{name} = {value:.6g}" for name, value in zip(kind["features"], row, strict=True))


def augment(payload: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Training rows, as they are."""
    return payload


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows in which some values are another row's (SCARF: Bahri, Jiang, Tay and Metzler 2022)."""
    others = np.take_along_axis(payload, rng.integers(len(payload), size=payload.shape), axis=0)
    return np.where(rng.random(payload.shape) < _SWAPPED, others, payload)


def read_file(path: Path, kind: dict) -> tuple[list[str], np.ndarray]:
    """The rows of a CSV file, what to call them and as payloads of the released model: (rows, features), float32."""
    table = read_csv(path, kind["features"])
    places = name_rows(path, table)
    return places, canonical(table.select(kind["features"]), places)
