"""Export columns of text as the numbers, dates or truth values that a model reads, without loss.

In other batches a column may have such a type already.
"""

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.contract.parquet_files import FEATURE, Format
from assay.modalities.column_types import Column, way_of
from assay.modalities.columns_as_written import PLAIN, TRUTH, Written, as_programs_write, typed

_EMPTY = "empty"
_WHOLE = r"^[+-]?\d+$"
_BEYOND_FLOATS = r"^[+-]?\d{16,}$"  # whole numbers that float64 may not hold
_NOT_DIGITS = r"^[+-]?[0.]*|[eE].*$|\."  # what a number has besides significant digits
_DIGITS = 17  # significant digits are enough to tell all float64 numbers apart
# remarks on columns
CONVERTED = "columns of text are written as numbers or dates, as a model reads them"
KEPT = "columns are read as numbers or dates, and written as text: no type holds all values"


class Reading:
    """How a feature is read: its type, such as number, and the form that the encoder expects."""

    def __init__(self, feature: str, formats: Sequence[Format], encoder: Format) -> None:
        self.feature = feature
        self.encoder = encoder
        types = {format_["features"].get(feature, _EMPTY) for format_ in [*formats, encoder]}
        types.discard(_EMPTY)
        self.type = types.pop() if len(types) == 1 else "category"

    def plain(self, rows: pa.RecordBatch | pa.Table) -> tuple[pa.Array, Written, bool]:
        """Texts of a batch in the form of programs, their own form, and whether all can be read."""
        stored_format = json.loads(rows.schema.metadata[b"payload"])
        column = Column.stored(rows[f"{FEATURE}{self.feature}"], self.feature, stored_format)
        way = column.written
        if self.encoder["features"].get(self.feature, _EMPTY) != _EMPTY:
            way = column.way(self.type, way_of(self.feature, self.encoder))
        plain = as_programs_write(column.values, self.type, way)
        return plain, way, plain.null_count == column.values.null_count

    def typed(self, block: pa.RecordBatch, type_: pa.DataType) -> pa.Array:
        """The texts of a block of rows as a type that `type_of` returned."""
        plain, way, _ = self.plain(block)
        if plain.null_count == len(plain):
            return pa.nulls(len(plain), type_)
        return _cast(plain, self.type, way, type_)


def type_of(
    reading: Reading, tables: Iterable[pa.Table], examples_of: dict[str, list[str]]
) -> pa.DataType | None:
    """The type for all values of a feature that is text in some `tables`; None if it stays text.

    Remarks on the column are added to `examples_of`.
    """
    if reading.type not in ("number", "date"):
        return None
    parts = []
    others = []  # columns that are no texts
    are_read = True
    for table in tables:
        values = table[f"{FEATURE}{reading.feature}"]
        if not is_text(values.type):
            others.append(values)
            continue
        plain, way, is_read = reading.plain(table)
        are_read &= is_read
        if plain.null_count < len(plain):
            parts.append((pc.drop_null(plain).combine_chunks(), way))
    candidates = _candidates(parts, reading.type) if parts else [values.type for values in others]
    for type_ in candidates if are_read else []:
        if _holds(type_, reading.type, parts, others):
            ways = [way for _, way in parts if way not in (PLAIN, TRUTH)]
            if ways:
                unit = f" (without {ways[0].unit})" if ways[0].unit else ""
                examples_of[CONVERTED].append(f"{reading.feature!r}{unit}")
            return type_
    if parts and not others:
        examples_of[KEPT].append(repr(reading.feature))
    return None


def _holds(
    wanted: pa.DataType,
    read_as: str,
    parts: Sequence[tuple[pa.Array, Written]],
    others: Sequence[pa.ChunkedArray],
) -> bool:
    """Whether a type holds all values of texts and of other columns, with the same meaning."""
    if not all(_may_become(values.type, wanted) for values in others):
        return False
    try:
        for plain, way in parts:
            _cast(plain, read_as, way, wanted)
        for values in others:
            values.cast(wanted)
    except pa.ArrowInvalid:
        return False
    return True


def _may_become(type_: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of a type keep their meaning in the `wanted` type, if that holds them."""
    if pa.types.is_timestamp(type_) and pa.types.is_timestamp(wanted):
        return type_.tz == wanted.tz
    if pa.types.is_integer(type_):
        return wanted in (type_, pa.int64(), pa.float64())
    return wanted == type_ or (pa.types.is_floating(type_) and wanted == pa.float64())


def _candidates(parts: Sequence[tuple[pa.Array, Written]], type_: str) -> list[pa.DataType]:
    """The types that may hold all values, the best one first."""
    if len({way.unit for _, way in parts}) > 1:
        return []
    if type_ == "date":
        zones = {typed(plain, type_, way).type.tz for plain, way in parts}
        units = ("us", "ns") if len(zones) == 1 else ()
        return [pa.timestamp(unit, zone) for unit in units for zone in zones]
    are_truths = [way.truth for _, way in parts]
    if any(are_truths):
        return [pa.bool_()] if all(are_truths) else []
    candidates = []
    texts = pa.concat_arrays([plain for plain, _ in parts])
    if pc.all(pc.match_substring_regex(texts, _WHOLE)).as_py():
        candidates.append(pa.int64())
    digits = pc.replace_substring_regex(texts, _NOT_DIGITS, "")
    is_long = pc.greater(pc.binary_length(digits), _DIGITS)
    is_inexact = pc.or_(is_long, pc.match_substring_regex(texts, _BEYOND_FLOATS))
    return candidates if pc.any(is_inexact).as_py() else [*candidates, pa.float64()]


def _cast(plain: pa.Array, type_: str, way: Written, wanted: pa.DataType) -> pa.Array:
    """Convert texts, in the form of programs, to a type.

    Raises
    ------
    pa.ArrowInvalid
        If the type does not hold one of them.
    """
    if pa.types.is_integer(wanted):
        return pc.cast(pc.replace_substring_regex(plain, r"^\+", ""), wanted)
    return typed(plain, type_, way).cast(wanted)
