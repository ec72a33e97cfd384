"""Read the payloads of some examples in blocks.

So memory does not grow with the number of examples.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.catalogue import catalogue
from assay.catalogue.catalogue import rows_of_batches
from assay.contract import parquet_files, paths
from assay.contract.errors import shortened
from assay.contract.parquet_files import Format
from assay.modalities import registry

_LINE = 120  # characters of a line that shows an example


def payload_format(examples: pd.DataFrame) -> Format:
    """Read the format of the payloads of `examples`, see `catalogue.payload_format`.

    Parameters
    ----------
    examples : one or more rows of the catalogue
    """
    return catalogue.payload_format(examples["batch"].iloc[0])


def read(
    examples: pd.DataFrame, size: int, columns: Sequence[str] | None = None
) -> Iterator[np.ndarray]:
    """Read the payloads of `examples`, rows of the catalogue, in order.

    Parameters
    ----------
    columns : the columns of a table to read; None: all

    Yields
    ------
    Blocks (n, ...) of at most `size` payloads
    """
    wanted = payload_format(examples) if len(examples) else {}
    if columns is not None:
        wanted = wanted | {"features": {name: wanted["features"][name] for name in columns}}
    for block, _ in stored(examples, size):
        yield registry.named(wanted["modality"]).from_columns(block, wanted)


def shown(
    examples: pd.DataFrame, size: int | None = None, side: int | None = None
) -> Iterator[str]:
    """Read each of `examples`, in order, in the form for people; see `show` of a modality.

    Parameters
    ----------
    size : of blocks, as in `parquet_files.blocks`
    side : pixels of the longer side of a larger image; None: the default of `images`
    """
    for block, format_ in stored(examples, size):
        yield from registry.named(format_["modality"]).show(block, format_, side)


def lines(examples: pd.DataFrame) -> pd.Series:
    """Read one line for each of `examples`, so that a person can recognise it.

    Parameters
    ----------
    examples : one or more rows of the catalogue, in any order

    Returns
    -------
    pd.Series of str, with the index of `examples`: the start of a text or of the cells of a row, or
    the place of an image or sound
    """
    stored_format = parquet_files.read_payload_format(paths.examples(examples["batch"].iloc[0]))
    line_break = registry.named(stored_format["modality"]).LINE_BREAK
    if line_break is None:
        pairs = zip(examples["batch"], examples["key"], strict=True)
        return pd.Series([_place(batch, key) for batch, key in pairs], examples.index, dtype=object)
    ordered = examples.sort_index()
    joined = (line_break.join(text.splitlines()) for text in shown(ordered))
    texts = [shortened(" ".join(text.split()), _LINE, last=0) for text in joined]
    return pd.Series(texts, ordered.index, dtype=object).reindex(examples.index)


def _place(batch: str, key: str) -> str:
    """The place of an image or a sound: its file, or the folder of its batch and its key."""
    folder = paths.RAW / batch
    return str(folder / key) if registry.modality_of_file(key) else f"{folder}, {key}"


def stored(
    examples: pd.DataFrame, size: int | None = None
) -> Iterator[tuple[pa.RecordBatch, Format]]:
    """Read the rows of `examples` in order, with their format, in blocks of at most `size`.

    The catalogue has the rows of a batch in ascending order, so one pass over a file is enough.
    See also `parquet_files.blocks`.
    """
    for batch, rows in rows_of_batches(examples):
        path = paths.examples(batch)
        format_ = parquet_files.read_payload_format(path)
        wanted = rows.to_numpy()
        start = 0
        for block in parquet_files.blocks(path, size):
            low, high = np.searchsorted(wanted, [start, start + len(block)])
            if high > low:
                yield block.take(pa.array(wanted[low:high] - start)), format_
            start += len(block)
