"""The examples of a batch: their splits, which of exact copies stays, what is stored."""

from collections import defaultdict

import pyarrow as pa

from assay.contract import identity, parquet_files
from assay.contract.parameters import Collect
from assay.layouts.raw_batch import RawBatch


def choose_splits(ids: list[str], given: list[str], params: Collect) -> list[str]:
    """The split of each example: the one that the batch gives, or else one by content hash.

    A batch that gives any split gets no test examples by hash. A batch that gives no validation
    split gets one by hash, from its training examples.
    """
    test = 0 if any(given) else params.test
    validation = 0 if "validation" in given else params.validation
    splits = []
    for id_, split in zip(ids, given, strict=True):
        by_hash = identity.split_by_hash(id_, test, validation)
        splits.append(by_hash if split in ("", "train") else split)
    return splits


def first_of_copies(ids: list[str], counts: list[bool]) -> list[int]:
    """The rows to keep, sorted by id: the first of exact copies that counts."""
    first: dict[str, int] = {}
    for row, id_ in enumerate(ids):
        if counts[row]:
            first.setdefault(id_, row)
    return [first[id_] for id_ in sorted(first)]


def describe(
    raw: RawBatch, ids: list[str], splits: list[str], rows: list[int]
) -> dict[str, pa.Array]:
    """The columns of examples.parquet that are not payload, of some rows of a batch.

    `duplicates` holds the keys of other exact copies.
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
    for name in sorted({name for example in kept for name in example.slices}):
        values = [example.slices.get(name, "") for example in kept]
        columns[f"{parquet_files.SLICE}{name}"] = pa.array(values)
    return columns
