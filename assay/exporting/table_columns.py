"""The columns of tables as they are exported: the same in all batches, and none named as ours."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from assay.contract import parquet_files, paths
from assay.contract.column_names import is_text
from assay.contract.errors import first_of
from assay.contract.parquet_files import FEATURE, Format
from assay.contract.remarks import Remarks
from assay.exporting.typed_texts import Reading, TextRemarks, type_of
from assay.modalities.exact_values import as_text

_RENAMED = " (column)"  # what follows the name of a column that is ours


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
    taken : the names of other columns of the export, which no feature gets
    encoder : the format that payloads are read as
    """
    batch_files = [paths.examples(batch) for batch in batches]
    schemas = [parquet_files.payload_schema(path) for path in batch_files]
    formats = [parquet_files.read_payload_format(path) for path in batch_files]
    features = list(dict.fromkeys(name for format_ in formats for name in format_["features"]))
    names: dict[str, str] = {}
    for feature in features:
        name = feature
        while name in taken or (name != feature and name in {*features, *names.values()}):
            name += _RENAMED
        names[feature] = name
    renamed = [f"{old!r} as {new!r}" for old, new in names.items() if old != new]
    what = "columns have the name of another column of the export and get a new one"
    remarks.add("converted", len(renamed), what, first_of(renamed))

    columns = {}
    mixed = []
    on_texts = TextRemarks()
    for feature in features:
        stored = f"{FEATURE}{feature}"
        types = {schema.field(stored).type for schema in schemas if stored in schema.names}
        type_ = _common(types)
        if pa.types.is_float64(type_) and not _are_exact(batch_files, stored, schemas):
            type_ = pa.string()
        reading = Reading(feature, formats, encoder)
        if all(map(is_text, types)):
            type_ = type_of(reading, batch_files, formats, on_texts) or type_
        columns[feature] = ExportedColumn(names[feature], type_, reading)
        if is_text(type_) and not all(map(is_text, types - {pa.null()})):
            mixed.append(repr(feature))
    what = "columns have another type in another batch and are written as text"
    remarks.add("converted", len(mixed), what, first_of(mixed))
    on_texts.add_to(remarks)
    return columns


def _common(types: set[pa.DataType]) -> pa.DataType:
    """One type for the values of several; a column may be empty in some batches."""
    filled = types - {pa.null()}
    if len(filled) <= 1:
        return next(iter(filled or types))
    if all(map(pa.types.is_signed_integer, filled)):
        return pa.int64()
    are_numbers = all(pa.types.is_integer(type_) or pa.types.is_floating(type_) for type_ in filled)
    return pa.float64() if are_numbers else pa.string()


def _are_exact(files: Sequence[Path], stored: str, schemas: Sequence[pa.Schema]) -> bool:
    """Whether float64 holds all whole numbers of a column: those from -2^53 to 2^53."""
    for path, schema in zip(files, schemas, strict=True):
        if stored in schema.names and pa.types.is_integer(schema.field(stored).type):
            values = parquet_files.read_parquet(path, [stored])[stored]
            try:
                values.cast(pa.float64())
            except pa.ArrowInvalid:
                return False
    return True


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
    if is_text(type_) and not is_text(values.type):
        return pa.array([text or None for text in as_text(values)], type_)
    return values.cast(type_)
