"""The exported columns of tables: the same in all batches, and with other names than ours."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import pyarrow as pa

from assay.contract import parquet_files, paths
from assay.contract.arrow_types import is_text
from assay.contract.errors import first_of
from assay.contract.parquet_files import FEATURE, Format
from assay.contract.remarks import Remarks
from assay.exporting import typed_texts
from assay.exporting.typed_texts import Reading
from assay.modalities.columns_as_written import without_gaps
from assay.modalities.exact_values import as_text

_RENAMED = " (column)"  # appended to the name of a feature if another column has this name
_TAKEN = "columns have the name of another column of the export and get a new one"
_MIXED = "columns have another type in another batch and are written as text"


class ExportedColumn(NamedTuple):
    """The name and the type of a feature in the export, and how its texts are read."""

    name: str
    type_: pa.DataType
    reading: Reading


def of_batches(
    batches: Iterable[str], taken: Collection[str], encoder: Format, remarks: Remarks
) -> dict[str, ExportedColumn]:
    """The columns by feature, in the order of the batches.

    Parameters
    ----------
    taken : the names of other columns of the export; no feature gets one of them
    encoder : the format that payloads are read as
    """
    files = [paths.examples(batch) for batch in batches]
    schema_of = {path: parquet_files.payload_schema(path) for path in files}
    formats = [parquet_files.read_payload_format(path) for path in files]
    names = _names([name for format_ in formats for name in format_["features"]], taken)
    examples_of: dict[str, list[str]] = {
        _TAKEN: [f"{old!r} as {new!r}" for old, new in names.items() if old != new],
        _MIXED: [],
        typed_texts.CONVERTED: [],
        typed_texts.KEPT: [],
    }
    columns = {}
    for feature, name in names.items():
        stored = f"{FEATURE}{feature}"
        holding = [path for path, schema in schema_of.items() if stored in schema.names]
        types = {schema_of[path].field(stored).type for path in holding}
        tables = (parquet_files.read_parquet(path, [stored]) for path in holding)
        reading = Reading(feature, formats, encoder)
        has_texts = any(map(is_text, types))
        type_ = typed_texts.type_of(reading, tables, examples_of) if has_texts else None
        if type_ is None:
            type_ = _common(types, tables)
            if is_text(type_) and not all(map(is_text, types)):
                examples_of[_MIXED].append(repr(feature))
        columns[feature] = ExportedColumn(name, type_, reading)
    for what, examples in examples_of.items():
        remarks.add("converted", len(examples), what, first_of(examples))
    return columns


def _names(features: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """A name in the export for each feature."""
    names: dict[str, str] = dict.fromkeys(features, "")
    for feature in names:
        name = feature
        while name in taken or (name != feature and name in {*names, *names.values()}):
            name += _RENAMED
        names[feature] = name
    return names


def _common(types: set[pa.DataType], tables: Iterable[pa.Table]) -> pa.DataType:
    """One type for the values of several types. Each of `tables` holds one column of values."""
    if len(types) == 1:
        return next(iter(types))
    if all(map(pa.types.is_signed_integer, types)):
        return pa.int64()
    if not all(pa.types.is_integer(type_) or pa.types.is_floating(type_) for type_ in types):
        return pa.string()
    try:
        for table in tables:
            table.columns[0].cast(pa.float64())
    except pa.ArrowInvalid:  # float64 holds every whole number only from -2^53 to 2^53
        return pa.string()
    return pa.float64()


def read(block: pa.RecordBatch, columns: dict[str, ExportedColumn]) -> pa.Table:
    """The columns of some rows; one that their batch does not have is empty."""
    arrays = {
        column.name: _values(block, f"{FEATURE}{feature}", column)
        for feature, column in columns.items()
    }
    return pa.table(arrays)


def _values(block: pa.RecordBatch, stored: str, column: ExportedColumn) -> pa.Array:
    type_ = column.type_
    if stored not in block.schema.names:
        return pa.nulls(len(block), type_)
    values = block[stored]
    if is_text(values.type) and not is_text(type_):
        return column.reading.typed(block, type_)
    if is_text(values.type):
        return without_gaps(values).cast(type_)
    if is_text(type_):
        return pa.array([text or None for text in as_text(values)], type_)
    return values.cast(type_)
