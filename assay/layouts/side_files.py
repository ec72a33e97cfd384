"""Files beside the examples of a raw folder: annotations.csv and truth.csv."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.layouts.rows import as_labels

NAMES = {ANNOTATIONS_FILE, TRUTH_FILE}
_KEYS = ("key", "file_name")  # the columns that may name an example, in this order


def annotations(folder: Path, keys: Collection[str]) -> list[tuple[str, str, str]]:
    """(key, annotator, label) of each row of annotations.csv that has a label.

    Parameters
    ----------
    keys : of the examples of the batch

    Raises
    ------
    InputError
        If a row names no example of the batch.
    """
    path = folder / ANNOTATIONS_FILE
    if not path.exists():
        return []
    table = read_csv(path, ["annotator", "label"])
    places, row_keys = _keys(path, table, keys)
    annotators = table["annotator"].to_pylist()
    rows = zip(row_keys, annotators, as_labels(table["label"], places), strict=True)
    return [(key, annotator, label) for key, annotator, label in rows if label]


def truth(folder: Path, keys: Collection[str]) -> list[tuple[str, str]]:
    """(key, label) of each row of truth.csv that has a label.

    Raises
    ------
    InputError
        If a row names no example of the batch, or the same one as another row.
    """
    path = folder / TRUTH_FILE
    if not path.exists():
        return []
    table = read_csv(path, ["label"])
    places, row_keys = _keys(path, table, keys)
    seen = set()
    for place, key in zip(places, row_keys, strict=True):
        if key in seen:
            remedy = "take one of the rows out"
            raise InputError(f"{place}: the truth of {key!r} is there already: {remedy}")
        seen.add(key)
    rows = zip(row_keys, as_labels(table["label"], places), strict=True)
    return [(key, label) for key, label in rows if label]


def _keys(path: Path, table: pa.Table, known: Collection[str]) -> tuple[list[str], list[str]]:
    """The name in messages, and the key of the example, of each row."""
    column = next((name for name in _KEYS if name in table.column_names), None)
    if column is None:
        raise InputError(f"{path} has neither a column 'key' nor a column 'file_name'")
    places, keys = name_rows(path, table), table[column].to_pylist()
    for place, key in zip(places, keys, strict=True):
        if key not in known:
            remedy = "mend it or take the row out"
            raise InputError(f"{place}: {key!r} is no example of this batch: {remedy}")
    return places, keys
