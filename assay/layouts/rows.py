"""Make examples from the rows of a raw table: keys, labels, splits and slices as text."""

import math
import re
import reprlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.contract.column_names import RESERVED
from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE
from assay.layouts.raw_batch import Example

_WITH_POINT = re.compile(r"-*\d+\.0")  # a whole number as pandas writes it in a column with gaps
_LOOKED_AT = 100  # cells of a column that are read to see whether it marks a class
_ONE_LABEL = "an example has one label; labels are text or numbers"
# a list of labels as text, as Python and JSON write it
_LIST = re.compile(r"""\[.*,.*\]|\{.*,.*\}|[\[{]\s*(['"]).*\1\s*[\]}]""", re.DOTALL)


def to_examples(
    table: pa.Table,
    path: Path,
    *,
    places: Sequence[str],
    payload: Collection[str] = (),
    key: str = "key",
    numbers: Sequence[int] = (),
) -> list[Example]:
    """One example for each row. Each column is reserved, or payload, or else a slice.

    Parameters
    ----------
    path : the file of the table; annotations.csv may be beside it
    places : the name of each row in messages
    payload : the names of the payload columns
    key : the column of keys; if it is missing, the row numbers are the keys
    numbers : the row numbers; they may be left out if the table has the column of keys

    Raises
    ------
    InputError
        If there is neither a column of labels nor an annotations.csv, if a column beside the
        payload holds files, or if `as_text` refuses a cell.
    """
    if "label" not in table.column_names and not (path.parent / ANNOTATIONS_FILE).exists():
        has = first_of([repr(name) for name in table.column_names])
        remedy = "name the one with the labels so; if none is known, add it and leave it empty"
        if sum(map(_is_number, table.column_names)) > 1:
            remedy = "is the first row no header? add one above it"
        elif sum(map(_is_mark, table.columns)) > 1:
            remedy += "; if columns of 0 and 1 are the classes, make one column of class names"
        raise InputError(f"{path} has no column 'label', but {has}; {remedy}")
    nothing = [""] * len(table)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    others = columns.keys() - {*payload, "label"}
    _refuse_files(columns, others, path)
    texts = {name: as_text(columns[name], places, name) for name in others}
    keys = texts[key] if key in texts else list(map(str, numbers))
    labels = as_labels(columns["label"], places) if "label" in columns else nothing
    splits = texts.get("split", nothing)
    slices = {name: texts[name] for name in columns if name in texts and name not in RESERVED}
    examples = []
    for row, place in enumerate(places):
        slices_of_row = {name: column[row] for name, column in slices.items()}
        examples.append(Example(keys[row], place, labels[row], splits[row], slices_of_row))
    return examples


def _is_number(name: str) -> bool:
    """Whether the name of a column is a number with decimals, as in a table without a header."""
    return bool(re.fullmatch(r"-?\d+\.\d+", name))


def _is_mark(column: pa.ChunkedArray) -> bool:
    """Whether the first cells of a column are only 0 and 1, or -1 and 1, as in one-hot labels."""
    return set(map(str, column.slice(0, _LOOKED_AT).to_pylist())) in ({"0", "1"}, {"-1", "1"})


def _refuse_files(columns: dict[str, pa.ChunkedArray], names: set[str], path: Path) -> None:
    """Raise if a column beside the payload holds files, such as masks of pictures."""
    for name in sorted(names):
        type_ = columns[name].type
        if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
            beside = f"its column {name!r} holds files beside the payload"
            remedy = "take that column out, or store paths of the files"
            raise InputError(f"{path}: {beside}: {remedy}")


def check_files(column: str, payload: Sequence[object], places: Sequence[str]) -> None:
    """Raise if a row of a column holds no encoded file; `places` names the rows."""
    for place, content in zip(places, payload, strict=True):
        if not isinstance(content, bytes):
            needs = f"{column!r} must be an encoded file (bytes), and not missing"
            raise InputError(f"{place}: {needs}{_remedy(column, content)}")


def _remedy(column: str, content: object) -> str:
    """The end of a message: what to do with a cell that is no file."""
    if content is None:
        return ": take the row out"
    is_cell = f", but it is {reprlib.repr(content)}"
    lists = "call the table metadata.csv if it names files"
    return f"{is_cell}: {lists}, or rename the column if it is no {column}"


def as_text(column: pa.ChunkedArray, places: Sequence[str], name: str = "") -> list[str]:
    """Cells as text, "" for a gap. Whole numbers have no decimal point, even if they are floats.

    Parameters
    ----------
    places : the name of each row in messages
    name : of the column, for messages

    Raises
    ------
    InputError
        If a cell is bytes, a list, an object or infinite, or is a date that Python cannot hold.
    """
    cells = zip(_as_python(column, places), places, strict=True)
    return [_as_text(value, place, name) for value, place in cells]


def _as_python(column: pa.ChunkedArray, places: Sequence[str]) -> list[Any]:
    """The cells as Python objects. Raises for values that Python lacks, such as the year 10000.

    A float of less than 64 bits becomes the shortest number: 0.1, not 0.10000000149011612.
    """
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.string()).cast(pa.float64())
    try:
        return column.to_pylist()
    except (OverflowError, ValueError, pa.ArrowException):
        return [_cell(cell, place) for cell, place in zip(column, places, strict=True)]


def _cell(cell: pa.Scalar, place: str) -> Any:
    try:
        return cell.as_py()
    except (OverflowError, ValueError, pa.ArrowException) as error:
        wrong = f"{place}: a value of type {cell.type} cannot be read ({error})"
        raise InputError(f"{wrong}; write it as text, or leave it empty") from None


def _as_text(value: Any, place: str, name: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if name == "label" and isinstance(value, list | dict):
        raise InputError(f"{place}: label is {reprlib.repr(value)}: {_ONE_LABEL}")
    if isinstance(value, bytes | list | dict) or value in (math.inf, -math.inf):
        holds = f"{name!r} is {reprlib.repr(value)}" if name else reprlib.repr(value)
        must = "which is no label, key, split or slice: these must be text or numbers"
        raise InputError(f"{place}: {holds}, {must}; take that column out, or write it as text")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_labels(column: pa.ChunkedArray, places: Sequence[str]) -> list[str]:
    """Labels as text, see `as_text`.

    If a column has gaps, pandas writes whole numbers as `3.0`, see `without_points`.

    Raises
    ------
    InputError
        If a cell holds a list of labels, or as `as_text`.
    """
    texts = as_text(column, places, "label")
    for text, place in zip(texts, places, strict=True):
        if _LIST.fullmatch(text):
            raise InputError(f"{place}: label is {reprlib.repr(text)}: {_ONE_LABEL}")
    return without_points(texts)


def without_points(texts: list[str]) -> list[str]:
    """`3` for `3.0`, but only if all texts have this form. So different texts stay different."""
    written = [text for text in texts if text]
    if written and all(map(_WITH_POINT.fullmatch, written)):
        return [text.removesuffix(".0") for text in texts]
    return texts
