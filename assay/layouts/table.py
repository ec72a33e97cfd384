"""The layout of tables: examples.parquet or examples.csv, one row for each example."""

from collections.abc import Sequence
from pathlib import Path

from assay.contract.csv_files import read_csv
from assay.contract.errors import InputError
from assay.contract.parquet_files import read_parquet
from assay.contract.paths import EXAMPLES_FILE
from assay.contract.remarks import Remarks
from assay.layouts import rows
from assay.layouts.raw_batch import Example, RawBatch
from assay.modalities import registry

_FILES = (EXAMPLES_FILE, "examples.csv")


def read(folder: Path, names: set[str], remarks: Remarks) -> RawBatch | None:
    """Read a table; None where the folder has none.

    Its payload is the column that is named as a modality. Where there is no such column, it is
    every column that is not reserved.
    """
    name = next((name for name in _FILES if name in names), None)
    if name is None:
        return None
    path = folder / name
    table = read_csv(path) if path.suffix == ".csv" else read_parquet(path)
    modality = registry.modality_of_columns(table.column_names)
    column = registry.named(modality).COLUMN
    features = [name for name in table.column_names if name not in rows.RESERVED]
    examples = rows.to_examples(table, path, payload=[column] if column else features)
    payload = table[column].to_pylist() if column else table.select(features)
    if registry.named(modality).SUFFIXES:
        _check_files(column, payload, examples)
    numbered = "key" not in table.column_names
    return RawBatch(modality, examples, payload, {name}, numbered=numbered, layout="a table")


def _check_files(column: str, payload: Sequence[object], examples: Sequence[Example]) -> None:
    """Raise unless a column holds an encoded file in each row."""
    for example, content in zip(examples, payload, strict=True):
        if not isinstance(content, bytes):
            needs = f"{column!r} must be an encoded file (bytes), and not missing"
            raise InputError(f"{example.place}: {needs}")
