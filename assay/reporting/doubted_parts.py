"""How many labels of a part of the test set are doubted: wrong ones look like a weak model."""

from collections import Counter
from collections.abc import Collection, Sequence

import pyarrow.compute as pc

from assay.contract import csv_files, parquet_files, paths
from assay.modalities.exact_values import as_text

Part = tuple[str, str]  # a slice and its value, of metrics/slices.csv


def counts(parts: Collection[Part], doubted: set[str], batches: Sequence[str]) -> Counter[Part]:
    """The doubted labels of each part that a column or a batch names, but for known truth.

    Of thirds of statistics, such as brightness, no file says which examples they have.

    Parameters
    ----------
    doubted : ids of test examples
    """
    counted: Counter[Part] = Counter()
    if not parts or not doubted:
        return counted
    left = set(doubted)
    for batch in batches:
        rows = csv_files.read_csv(paths.truth(batch), ["id", "label"]).to_pylist()
        left -= {row["id"] for row in rows if row["label"]}
    for batch in batches:
        parts_of_id = _parts_of_ids(batch, left, {name for name, _ in parts})
        left -= parts_of_id.keys()  # a copy in a later batch is the same example
        for parts_of_example in parts_of_id.values():
            counted.update(part for part in parts_of_example if part in parts)
    return counted


def _parts_of_ids(batch: str, ids: set[str], names: set[str]) -> dict[str, list[Part]]:
    """Of test examples of a batch, by id: the batch, and the values of the slices of these names.

    They are read as `catalogue.slices` reads them, but without pandas.
    """
    path = paths.examples(batch)
    of_batch = parquet_files.slice_columns(path, parquet_files.read_payload_format(path))
    name_of_column = {column: name for column, name in of_batch.items() if name in names}
    table = parquet_files.read_parquet(path, ["id", "split", *name_of_column])
    table = table.filter(pc.equal(table["split"], "test"))
    parts_of_row: list[list[Part]] = [[("batch", batch)] for _ in range(len(table))]
    for column, name in name_of_column.items():
        values = table[column].combine_chunks()
        is_feature = column.startswith(parquet_files.FEATURE)
        texts = as_text(values) if is_feature else values.to_pylist()
        for parts, text in zip(parts_of_row, texts, strict=True):
            parts.append((name, text))
    rows = zip(table["id"].to_pylist(), parts_of_row, strict=True)
    return {id_: parts for id_, parts in rows if id_ in ids}
