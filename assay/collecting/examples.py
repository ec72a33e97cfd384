"""Choose one of exact copies, and make the columns of examples.parquet."""

from collections import defaultdict

import pyarrow as pa

from assay.contract import parquet_files
from assay.layouts.raw_batch import RawBatch


def first_of_copies(ids: list[str], is_counted: list[bool]) -> list[int]:
    """The rows to keep, sorted by id. Of exact copies, the first one that counts is kept."""
    first: dict[str, int] = {}
    for row, id_ in enumerate(ids):
        if is_counted[row]:
            first.setdefault(id_, row)
    return [first[id_] for id_ in sorted(first)]


def describe(
    raw: RawBatch, ids: list[str], splits: list[str], groups: list[str] | None, rows: list[int]
) -> dict[str, pa.Array]:
    """The columns of examples.parquet without the payload, for some rows of a batch.

    `duplicates` holds the keys of other exact copies. If `groups` is None, there is no column of
    groups.
    """
    copies = defaultdict(list)  # keys by id
    for id_, example in zip(ids, raw.examples, strict=True):
        copies[id_].append(example.key)
    kept = [raw.examples[row] for row in rows]
    duplicates = []
    for row, example in zip(rows, kept, strict=True):
        duplicates.append([key for key in copies[ids[row]] if key != example.key])
    columns = {
        "id": pa.array([ids[row] for row in rows]),
        "key": pa.array([example.key for example in kept]),
        "duplicates": pa.array(duplicates, pa.list_(pa.string())),
        "split": pa.array([splits[row] for row in rows]),
    }
    if groups is not None:
        columns[parquet_files.GROUP] = pa.array([groups[row] for row in rows])
    for name in sorted({name for example in kept for name in example.slices}):
        values = [example.slices.get(name, "") for example in kept]
        columns[f"{parquet_files.SLICE}{name}"] = pa.array(values)
    return columns
