"""Estimate how large a foreign Parquet file is in memory, before it is unpacked.

A file of a few bytes can say that a value is repeated a million times. Without this module, the
first block of rows could take all memory before its size is known.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_WIDTHS = {"INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8}  # bytes of a value
_NARROW = {"INT_8": 1, "UINT_8": 1, "INT_16": 2, "UINT_16": 2}  # stored as INT32
_TEXTS = "BYTE_ARRAY"  # values that have no common width


def as_stored(file: pq.ParquetFile) -> int:
    """The bytes of a file without compression, as its metadata say."""
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    return sum(group.total_byte_size for group in groups)


def at_least(path: Path, file: pq.ParquetFile, rows: int, limit: int) -> int:
    """A lower bound of the bytes that a file takes in memory. Counting stops above `limit`.

    Texts in lists are not counted.

    Parameters
    ----------
    rows : rows that are unpacked at a time
    limit : bytes; texts are counted only if so many rows of them could exceed it
    """
    numbers = sum(_of_numbers(chunk, column) for chunk, column in _chunks(file))
    size = max(as_stored(file), numbers)
    names = {
        chunk.path_in_schema
        for chunk, column in _chunks(file)
        if chunk.physical_type == _TEXTS
        and chunk.has_dictionary_page
        and not column.max_repetition_level
        and rows * chunk.total_uncompressed_size > limit
    }
    if size > limit:
        return size
    return max(size, sum(_of_texts(path, name, rows, limit) for name in names))


def _chunks(file: pq.ParquetFile) -> Iterator[tuple[pq.ColumnChunkMetaData, pq.ColumnSchema]]:
    """Each column of each group of rows, with its type."""
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for place in range(group.num_columns):
            yield group.column(place), file.schema.column(place)


def _of_numbers(chunk: pq.ColumnChunkMetaData, column: pq.ColumnSchema) -> int:
    """The bytes of the values if they have a fixed width, else 0. Repeated values count too."""
    width = _NARROW.get(column.converted_type) or _WIDTHS.get(chunk.physical_type, column.length)
    return chunk.num_values * width


def _of_texts(path: Path, name: str, rows: int, limit: int) -> int:
    """The bytes of a column of texts, from the lengths in its dictionary.

    Reading stops when they exceed the limit.
    """
    size = 0
    with pq.ParquetFile(path, pre_buffer=False, read_dictionary=[name]) as file:
        for block in file.iter_batches(rows, columns=[name], use_threads=False):
            cells = block.column(0)
            while pa.types.is_struct(cells.type):  # encoded files are a struct; one field is read
                cells = cells.field(0)
            if not pa.types.is_dictionary(cells.type):
                return size
            lengths = pc.binary_length(cells.dictionary)
            size += pc.sum(lengths.take(cells.indices)).as_py() or 0
            if size > limit:
                break
    return size
