"""How much of a foreign Parquet file may be unpacked at a time.

A file of a few bytes can say that a value is there a million times. Without this module, the first
block of rows could take all memory before its size is known.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_WIDTHS = {"INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8}  # bytes of a value
_NARROW = {"INT_8": 1, "UINT_8": 1, "INT_16": 2, "UINT_16": 2}  # stored as INT32
_TEXTS = "BYTE_ARRAY"  # the type of texts and files, which have no common width


def as_stored(file: pq.ParquetFile) -> int:
    """The bytes of a file without compression, from its metadata."""
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    return sum(group.total_byte_size for group in groups)


def of_numbers(file: pq.ParquetFile) -> int:
    """The bytes of all numbers in memory, also of numbers that are stored once for many rows."""
    return sum(_of_numbers(chunk, column) for chunk, column in _chunks(file))


def rows_within(file: pq.ParquetFile, limit: int, most: int) -> int:
    """How many rows to unpack at a time: at most `most`, with at most `limit` bytes of texts.

    A row has one text of a column, and no text is longer than everything stored of that column.
    Texts in lists are not counted, see `texts_in_lists`.
    """
    longest: dict[str, int] = {}  # by column
    for chunk, column in _chunks(file):
        is_repeated = chunk.has_dictionary_page and not column.max_repetition_level
        if chunk.physical_type == _TEXTS and is_repeated:
            name = chunk.path_in_schema
            longest[name] = max(longest.get(name, 0), chunk.total_uncompressed_size)
    return max(1, min(most, limit // max(sum(longest.values()), 1)))


def texts_in_lists(file: pq.ParquetFile) -> list[str]:
    """The paths of texts in lists. One row may repeat a text a million times.

    So these columns are read as dictionaries: each text is in memory once. Columns that are stored
    without a dictionary hold each text as often as it is there, and need none.
    """
    views = [field.name for field in file.schema_arrow if "view" in str(field.type)]
    in_lists: dict[str, bool] = {}  # by path; whether pyarrow can read it as a dictionary
    for chunk, column in _chunks(file):
        if column.max_repetition_level and chunk.physical_type == _TEXTS:
            path = chunk.path_in_schema
            is_view = path.partition(".")[0] in views  # pyarrow has no dictionaries of views
            can_be_read = chunk.has_dictionary_page and not is_view
            in_lists[path] = in_lists.get(path, True) and can_be_read
    return sorted(path for path, can_be_read in in_lists.items() if can_be_read)


def of_lists(part: pa.RecordBatch) -> int:
    """The bytes of all texts in lists, if each place had its own.

    Parameters
    ----------
    part : read with `texts_in_lists` as dictionaries
    """
    return sum(_of_texts(column) for column in part.columns if pa.types.is_nested(column.type))


def _of_texts(array: pa.Array) -> int:
    """As `of_lists`; 0 for values that are no dictionaries."""
    if pa.types.is_dictionary(array.type):
        lengths = pc.take(pc.binary_length(array.dictionary), array.indices)
        return pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0
    if pa.types.is_struct(array.type):
        return sum(map(_of_texts, array.flatten()))
    if pa.types.is_map(array.type):
        array = pa.ListArray.from_arrays(array.offsets, array.values)  # of pairs
    return _of_texts(array.flatten()) if pa.types.is_nested(array.type) else 0


def _chunks(file: pq.ParquetFile) -> Iterator[tuple[pq.ColumnChunkMetaData, pq.ColumnSchema]]:
    """Each column of each group of rows, with its type."""
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for place in range(group.num_columns):
            yield group.column(place), file.schema.column(place)


def _of_numbers(chunk: pq.ColumnChunkMetaData, column: pq.ColumnSchema) -> int:
    """The bytes of values with one width; 0 for texts."""
    width = _NARROW.get(column.converted_type) or _WIDTHS.get(chunk.physical_type, column.length)
    return chunk.num_values * width
